"""`data inspect` as installed: on terminals of any width, as JSON, and as a page."""

from __future__ import annotations

import json
import shlex

import pytest
from rich.cells import cell_len
from rich.console import Console

from imgcls_automl.cli import inspection_tables
from imgcls_automl.data.dataset import DatasetRequest
from imgcls_automl.data.inspection import opened_inspection


@pytest.fixture
def pets(tmp_path):
    """Class folders of pictures, 25 of them unreadable, some with names that a terminal would obey."""
    from PIL import Image
    from sklearn.datasets import load_digits

    for number, pixels in enumerate(load_digits().images[:60]):
        folder = (
            tmp_path
            / "pets"
            / ("cat", "a class of a very long name, as people give them", "Cat")[number % 3]
        )
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 15).astype("uint8")).save(folder / f"{number:02}.png")
    for number in range(25):
        (tmp_path / f"pets/cat/bad{number:02}\x1b[2J[red].png").write_bytes(b"")
    return tmp_path / "pets"


@pytest.fixture
def show(pets, tmp_path, monkeypatch, capsys):
    """What the terminal shows of `pets` at a width."""
    request = DatasetRequest(
        data=(str(pets),), test_data=None, adapter=None, options={}, image_size=None,
        resize="stretch", seed=0, max_bad=None, cache=tmp_path / "cache",
    )  # fmt: skip

    def show(width):
        monkeypatch.setattr(
            inspection_tables, "Console", lambda **kwargs: Console(width=width, **kwargs)
        )
        with opened_inspection(request) as inspection:
            inspection_tables.show_inspection(inspection, request)
        return capsys.readouterr().out

    return show


class TestTerminal:
    @pytest.mark.parametrize("width", [30, 40, 80, 120])
    def test_it_is_never_wider_than_the_terminal(self, show, width):
        lines = show(width).splitlines()
        commands = [line for line in lines if line.startswith("imgcls-automl ")]
        assert all(cell_len(line) <= width for line in lines if line not in commands)
        assert len(commands) == 1

    def test_what_matters_is_there(self, show):
        text = " ".join(show(120).split())
        assert "60 pictures in 3 classes" in text
        assert "25 pictures cannot be read" in text
        assert "and 5 more; --json lists all" in text
        assert "the file is empty" in text
        assert "class name alike: 1" in text
        assert "A search would not begin:" in text
        assert "imgcls-automl data quarantine" in text

    def test_splits_of_classes_need_room(self, show):
        assert "valid." in show(80)
        assert "valid." not in show(60)

    def test_names_are_shown_and_not_obeyed(self, show):
        text = show(120)
        assert "\x1b" not in text
        assert r"bad00\x1b[2J[red].png: the file is empty" in text


class TestCommand:
    def test_json_is_one_object_with_everything(self, imgcls, pets, tmp_path):
        done = imgcls("data", "inspect", pets, "--json", "--cache-dir", tmp_path / "cache")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["schema_version"] == 1
        assert len(told["unreadable_pictures"]) == told["unreadable"] == 25
        assert {"cat", "Cat"} <= {it["name"] for it in told["classes"]}
        assert "25 of 85 pictures cannot be read" in told["refusal"]

    def test_the_command_that_a_refused_search_names_lists_them_all(self, imgcls, pets, tiny_space):
        done = imgcls("search", "--space", tiny_space, "--data", pets, "--quiet")
        assert done.returncode == 3
        assert f"List them all: imgcls-automl data inspect {pets}" in done.stderr

    def test_that_command_reads_the_pictures_as_the_search_did(self, imgcls, pets, tiny_space):
        search = ("search", "--space", tiny_space, "--data", pets, "--quiet")
        reading = ("--max-pixels", "63", "--image-size", "12x10", "--resize", "pad")
        refused = imgcls(*search, *reading).stderr
        (command,) = (line for line in refused.splitlines() if "List them all: " in line)
        words = shlex.split(command.partition("List them all: imgcls-automl ")[2])
        told = json.loads(imgcls(*words, "--json").stdout)
        assert told["unreadable"] == 85
        assert sum("--max-pixels" in it["detail"] for it in told["unreadable_pictures"]) == 60

    def test_options_are_those_of_a_search(self, imgcls, pets):
        done = imgcls(
            *("data", "inspect", pets, "--json", "--max-bad", "25"),
            *("--image-size", "12x10", "--resize", "pad", "--adapter", "folder"),
        )
        told = json.loads(done.stdout)
        assert told["refusal"] is None
        assert (told["image_shape"], told["resize"]) == ([12, 10, 1], "pad")
        assert told["reason"] == "named with --adapter"

    def test_a_wrong_value_is_named(self, imgcls):
        done = imgcls("data", "inspect", "digits", "--image-size", "huge")
        assert done.returncode == 2
        assert "--image-size must be a size" in done.stderr

    def test_a_missing_source(self, imgcls):
        done = imgcls("data", "inspect", "no_such")
        assert done.returncode == 3
        assert "'no_such'" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--space", "cnn_small"), "--html FILE"),
            (("--html", "."), "a folder"),
            (("--html", "no_such/page.html"), "no folder"),
        ],
    )
    def test_a_page_that_cannot_be_is_refused_first(self, imgcls, arguments, words):
        done = imgcls("data", "inspect", "digits", *arguments)
        assert done.returncode == 2
        assert words in done.stderr

    @pytest.mark.slow
    def test_the_page_shows_what_a_space_changes(self, imgcls, tmp_path):
        done = imgcls(
            *("data", "inspect", "digits", "--html", "page.html", "--space", "cnn_augmented"),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        page = (tmp_path / "page.html").read_text()
        assert "What cnn_augmented does to training pictures" in page
        assert page.count('alt="changed"') == 42
        assert "page.html" in done.stdout

    @pytest.mark.slow
    def test_a_broken_space_is_named(self, imgcls, tmp_path):
        (tmp_path / "mine.py").write_text(
            "class Mine:\n"
            "    def suggest(self, trial, task):\n        raise LookupError('lost its way')\n"
            "    def build(self, model, task):\n        return None\n"
        )
        done = imgcls(
            *("data", "inspect", "digits", "--html", "page.html", "--space", "mine.py:Mine"),
            cwd=tmp_path,
        )
        assert done.returncode == 5
        assert "lost its way" in done.stderr
        assert not (tmp_path / "page.html").exists()
