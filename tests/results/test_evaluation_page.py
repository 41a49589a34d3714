"""The page of an evaluation: what it tells, and that it opens offline and obeys no name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hostile_names import HARMLESS_NAMES, HOSTILE_NAMES, Markup, find_obeyed
from test_evaluation_records import make_evaluation

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.evaluation_page import write_evaluation_page

IDS = [f"picture {number}.png" for number in range(200)]


def write(folder: Path, run: Any, **options: Any) -> Markup:
    """The page of an evaluation that was made up in `folder`, as a parser sees it."""
    evaluation = make_evaluation(folder / "evaluations/new", options.pop("ids", IDS), **options)
    page = folder / "evaluation.html"
    write_evaluation_page(page, evaluation, run.path)
    return Markup(page.read_text(encoding="utf-8"))


def join(page: Markup) -> str:
    return " ".join(" ".join(page.texts).split())


def test_it_tells_metrics_classes_confusions_and_drift(tmp_path: Path, finished_run: Any) -> None:
    told = join(write(tmp_path, finished_run, classes=["cat", "dog", "emu"]))
    for words in (
        "cnn_small-digits on picture 0.png",
        "on the test split",
        "Confusion matrix",
        "Most confused",
        "Class by class",
        "The pictures are darker",
        "25 that cannot be read; issues.csv names them",
    ):
        assert words in told
    assert "Thresholds" not in told  # those are for two classes
    assert "best/" not in told  # its files lie in a folder of their own


def test_two_classes_have_curves_with_operating_points(tmp_path: Path, finished_run: Any) -> None:
    page = write(tmp_path, finished_run, classes=["benign", "malignant"], positive=1)
    told = join(page)
    assert "name a picture malignant from a probability of its up" in told
    assert "ROC curve" in told
    assert "Precision and recall" in told
    assert "from 0.5 up: precision" in told  # under the pointer
    lines = [value for name, value in page.attributes if name == "points"]
    assert len(lines) == 2
    for line in lines:
        places = [tuple(map(float, point.split(","))) for point in line.split()]
        assert len(places) > 10
        assert all(52 <= x <= 356 and 12 <= y <= 336 for x, y in places)
    roc = [tuple(map(float, point.split(","))) for point in lines[0].split()]
    assert (roc[0], roc[-1]) == ((52, 336), (356, 12))


def test_pictures_of_one_class_alone_have_no_curves(tmp_path: Path, finished_run: Any) -> None:
    evaluation = make_evaluation(tmp_path / "evaluations/new", IDS, classes=["a", "b"], positive=1)
    (evaluation.folder / "roc_curve.csv").unlink()  # which is then not written
    write_evaluation_page(tmp_path / "page.html", evaluation, finished_run.path)
    assert "Curves need pictures of both classes." in (tmp_path / "page.html").read_text()


def test_a_damaged_file_is_named(tmp_path: Path, finished_run: Any) -> None:
    evaluation = make_evaluation(tmp_path / "evaluations/new", IDS, classes=["a", "b"], positive=1)
    (evaluation.folder / "roc_curve.csv").write_text("threshold,false_positive_rate\n1,x\n")
    with pytest.raises(RunFolderError, match=r"roc_curve\.csv is damaged"):
        write_evaluation_page(tmp_path / "page.html", evaluation, finished_run.path)


def test_five_hundred_hostile_names_change_no_element(tmp_path: Path, finished_run: Any) -> None:
    pages = [
        write(tmp_path / kind, finished_run, ids=names, classes=names)
        for kind, names in (("hostile", HOSTILE_NAMES), ("harmless", HARMLESS_NAMES))
    ]
    hostile, harmless = pages
    assert not find_obeyed((tmp_path / "hostile/evaluation.html").read_text(encoding="utf-8"))
    assert hostile.shape == harmless.shape
