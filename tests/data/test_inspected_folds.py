"""An inspection with --folds shows the folds of a search, or why there would be none."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from imgcls_automl.cli import inspection_tables
from imgcls_automl.data.inspection import opened_inspection
from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.pages.data_page import write_data_page


@pytest.fixture
def inspect(make_request, tmp_path, monkeypatch, capsys):
    """Inspect a source; gives the inspection, what the terminal shows of it, and the page."""
    monkeypatch.setattr(inspection_tables, "Console", lambda **kwargs: Console(width=100, **kwargs))

    def inspect(source, **changes):
        request = make_request(source, **changes)
        with opened_inspection(request) as inspection:
            inspection_tables.show_inspection(inspection, request)
            write_data_page(tmp_path / "page.html", inspection, None)
        page = " ".join((tmp_path / "page.html").read_text().split())
        return inspection, " ".join(capsys.readouterr().out.split()), page

    return inspect


def test_they_are_those_of_a_search(inspect, make_request, draw_folder):
    source = draw_folder(cat=24, dog=14)
    searched = np.load(
        prepare_dataset(make_request(source, folds=3), folder=None, log=None).fold_file
    )
    inspection, terminal, page = inspect(source, folds=3)
    summary = inspection.summary
    assert inspection.refusal is None
    assert np.load(inspection.dataset.fold_file).tolist() == searched.tolist()
    assert summary["fold_sizes"] == np.bincount(searched[searched >= 0]).tolist() == [11, 11, 10]
    assert {it["name"]: it["folds"] for it in summary["classes"]} == {
        "cat": [7, 7, 6],
        "dog": [4, 4, 4],
    }
    assert "folds 3 of 10-11, each scoring what the others train" in terminal
    assert "class pictures train a fold test" in terminal
    assert "cat 24 20 6-7 4" in terminal
    assert "of 10-11 pictures, each scoring what the others train" in page
    assert '<th scope="row">cat</th><td>20</td><td>6-7</td><td>4</td>' in page


def test_a_class_that_not_every_fold_has_is_named(inspect, draw_folder):
    inspection, terminal, _ = inspect(draw_folder(few=3, many=30), folds=5)
    assert inspection.refusal is None
    assert "not in every fold few" in terminal


def test_folds_that_a_search_would_refuse_are_told(inspect, draw_folder):
    inspection, terminal, page = inspect(draw_folder(cat=12, dog=12), folds=15)
    assert "--folds 15 is too many" in inspection.refusal
    assert "fold_sizes" not in inspection.summary
    assert "A search would not begin: --folds 15 is too many" in terminal
    assert "--folds 15 is too many" in page
