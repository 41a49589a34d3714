"""Optuna's figures of a real study, drawn for a page, with nothing in them that a browser would obey."""

from __future__ import annotations

import pytest

from imgcls_automl.engine.study import close_study, open_study
from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.report_study import draw_study

HOSTILE = '<a href="https://example.org">rate\x1b[31m</a>'


@pytest.fixture
def folder(tmp_path):
    study = open_study(tmp_path / "study.db", metric="accuracy")

    def objective(trial):
        rate = trial.suggest_float(HOSTILE, 1e-3, 1e-1, log=True)
        kind = trial.suggest_categorical("kind", ["<script>", "plain"])
        return rate + (kind == "plain")

    study.optimize(objective, n_trials=12)
    close_study(study)
    return tmp_path


def walk(value):
    """All texts in a figure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from walk(item)


def test_all_five_figures_are_drawn(folder):
    figures = {it.key: it for it in draw_study(folder, "accuracy")}
    assert list(figures) == ["history", "timeline", "importances", "slices", "parallel"]
    assert figures["slices"].wide
    assert all(it.value["data"] and "template" not in it.value["layout"] for it in figures.values())


def test_names_in_them_are_shown_and_not_obeyed(folder):
    texts = list(walk([it.value for it in draw_study(folder, "accuracy")]))
    assert any("rate" in text for text in texts)
    assert not [it for it in texts if "<a " in it or "<script" in it or "\x1b" in it]


def test_a_run_without_a_study_has_none(tmp_path):
    assert draw_study(tmp_path, "accuracy") == []


def test_a_damaged_study_is_named(tmp_path):
    (tmp_path / "study.db").write_bytes(b"SQLite format 3\x00" + b"\x07" * 4096)
    with pytest.raises(RunFolderError, match=r"study\.db is damaged"):
        draw_study(tmp_path, "accuracy")
