"""Which adapter reads a source, whatever the other adapters do."""

from __future__ import annotations

import logging
import time

import pytest

from imgcls_automl.data.matching import ask_adapters, choose_adapter
from imgcls_automl.errors import ConfigError, DatasetError, UnknownPluginError
from imgcls_automl.registry import DATASETS, PluginInfo


@pytest.fixture
def install(tmp_path, monkeypatch, adapter):
    """Register adapters of `drawn_adapters.py` as an installed package would."""

    def install_adapters(*names):
        info = tmp_path / "site" / "drawn-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: drawn\nVersion: 1.0\n")
        lines = [f"drawn_{name.lower()} = drawn_adapters:{name}" for name in names]
        (info / "entry_points.txt").write_text("\n".join([f"[{DATASETS}]", *lines, ""]))
        monkeypatch.syspath_prepend(tmp_path / "site")
        monkeypatch.syspath_prepend(adapter("").rpartition("/")[0])

    return install_adapters


def ask(adapter, *names, source, seconds=20.0):
    plugins = [PluginInfo(name=n, group=DATASETS, value=adapter(n)) for n in names]
    return list(ask_adapters(str(source), plugins, {}, None, seconds))


class TestAsking:
    def test_an_adapter_says_how_sure_it_is_and_why(self, adapter, tmp_path):
        (answer,) = ask(adapter, "Pictures", source=tmp_path)
        assert (answer.score, answer.reason) == (0.5, "a folder of folders")

    def test_a_hanging_adapter_costs_its_own_time_only(self, adapter, tmp_path):
        started = time.monotonic()
        answers = ask(adapter, "Pictures", "Hangs", "Better", source=tmp_path, seconds=1.0)
        assert time.monotonic() - started < 10
        assert [answer.score for answer in answers] == [0.5, None, 0.9]
        assert answers[1].failure == "it took longer than 1 s"

    def test_an_adapter_that_kills_its_process_is_skipped(self, adapter, tmp_path):
        answers = ask(adapter, "Dies", "Better", source=tmp_path)
        assert "SIGKILL" in answers[0].failure
        assert answers[1].score == 0.9

    def test_failures_of_all_kinds_are_told(self, adapter, tmp_path):
        answers = ask(adapter, "Fails", "Oversure", "Missing", source=tmp_path)
        assert answers[0].failure == "KeyError: 'no such thing'"
        assert "between 0 and 1" in answers[1].failure
        assert "no class 'Missing'" in answers[2].failure


class TestChoosing:
    def test_the_surest_adapter_wins_and_the_failing_one_is_named(
        self, install, draw_folder, caplog
    ):
        install("Fails", "Better")
        caplog.set_level(logging.WARNING)
        info, reason = choose_adapter(str(draw_folder(cat=1, dog=1)), None, {}, None)
        assert (info.name, reason) == ("drawn_better", "surely a folder of folders")
        assert "drawn_fails" in caplog.text
        assert "drawn 1.0" in caplog.text

    def test_a_tie_names_both_and_the_way_out(self, install, tmp_path):
        (tmp_path / "empty").mkdir()
        install("Pictures", "Rival")
        with pytest.raises(ConfigError, match=r"drawn_pictures.*drawn_rival") as caught:
            choose_adapter(str(tmp_path / "empty"), None, {}, None)
        assert "--adapter drawn_rival" in str(caught.value)

    def test_a_tie_of_two_with_one_name_names_their_classes(self, install, tmp_path):
        (tmp_path / "empty").mkdir()
        install("Pictures")
        other = tmp_path / "site" / "other-2.0.dist-info"
        other.mkdir()
        (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 2.0\n")
        (other / "entry_points.txt").write_text(
            f"[{DATASETS}]\ndrawn_pictures = drawn_adapters:Rival\n"
        )
        with pytest.raises(ConfigError, match="equally well") as caught:
            choose_adapter(str(tmp_path / "empty"), None, {}, None)
        assert "--adapter drawn_adapters:Pictures or --adapter drawn_adapters:Rival" in str(
            caught.value
        )

    def test_a_missing_path_is_said_plainly(self):
        with pytest.raises(
            DatasetError, match="There is no file or folder 'nowhere/to/be'"
        ) as caught:
            choose_adapter("nowhere/to/be", None, {}, None)
        assert "Check the path. Asked: digits, fashion_mnist_csv" in str(caught.value)
        assert len(str(caught.value).splitlines()) <= 3

    def test_a_file_that_nobody_reads(self, tmp_path):
        path = tmp_path / "notes.docx"
        path.write_text("hello")
        with pytest.raises(DatasetError, match="No adapter reads the file"):
            choose_adapter(str(path), None, {}, None)

    def test_adapters_that_do_not_take_the_options_are_not_at_fault(self, draw_folder, caplog):
        with pytest.raises(
            DatasetError, match="do not take your options: digits, fashion"
        ) as caught:
            choose_adapter("digits", None, {"stain": "red"}, None)
        assert len(str(caught.value).splitlines()) <= 3
        assert not caplog.records

    def test_a_named_adapter_is_not_asked(self, adapter):
        info, reason = choose_adapter("anything", adapter("Hangs"), {}, None)
        assert info.value == adapter("Hangs")
        assert "--adapter" in reason

    def test_an_unknown_name_is_refused(self):
        with pytest.raises(UnknownPluginError, match="'fodler'"):
            choose_adapter("anything", "fodler", {}, None)
