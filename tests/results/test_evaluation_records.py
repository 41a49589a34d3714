"""What an evaluation leaves on disk, and that names which mean mischief stay names in all of it and on the screen."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from hostile_names import FORMULA_STARTS, HOSTILE_NAMES, OBEYED

from imgcls_automl.cli.evaluation_tables import show_evaluation
from imgcls_automl.results.drift import describe_appearance
from imgcls_automl.results.evaluating import Evaluation
from imgcls_automl.results.evaluation_records import Answers, write_evaluation
from imgcls_automl.results.figures import name_metric
from imgcls_automl.results.picture_folders import LeftOut


def make_evaluation(folder, names, *, classes, positive=None):
    """An evaluation of pictures with these names, their class in turn, a tenth of them wrong."""
    labels = np.arange(len(names)) % len(classes)
    random = np.random.default_rng(0)
    scores = random.random((len(names), len(classes)))
    scores[np.arange(len(names)), labels] += 3 * (random.random(len(names)) > 0.1)
    sizes, means = [(30, 40)] * len(names), random.normal(90, 5, len(names))
    job = SimpleNamespace(
        folder=folder,
        model=SimpleNamespace(class_names=tuple(classes)),
        sources=(names[0],),
        adapter=SimpleNamespace(name="folder", origin="imgcls-automl 0.1.0"),
        reason=names[1],
        training=describe_appearance(sizes, means + 50, labels[::2], len(classes)),
        train_counts=(10,) * len(classes),
        splits=folder.parent / "splits.csv",
        positive=positive,
    )
    answers = Answers(
        ids=list(names),
        sizes=sizes,
        labels=labels,
        probabilities=(scores / scores.sum(axis=1, keepdims=True)).astype(np.float32),
        means=means,
    )
    left_out = [LeftOut(name, "torn") for name in names[:25]]
    document = write_evaluation(
        job, answers, groups=list(names), corruptions=None, left_out=left_out
    )
    return Evaluation(folder=folder, document=document)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """An evaluation where every name is hostile: of pictures, classes, groups, the source and the reason."""
    assert len(HOSTILE_NAMES) == 500
    folder = tmp_path_factory.mktemp("run") / "evaluations" / "mischief"
    return make_evaluation(folder, HOSTILE_NAMES, classes=HOSTILE_NAMES)


def test_five_hundred_hostile_names_stay_names_in_every_file(hostile):
    files = sorted(hostile.folder.iterdir())
    assert len(files) == 7
    for path in files:
        text = path.read_bytes().decode("utf-8")
        assert not OBEYED & set(text), path.name
        if path.suffix == ".csv":
            with path.open(newline="", encoding="utf-8") as file:
                rows = [*csv.reader(file)]
            assert not [cell for row in rows for cell in row if cell.startswith(FORMULA_STARTS)]
            assert len({len(row) for row in rows}) == 1, path.name


def test_json_gives_the_names_back_as_they_are(hostile):
    document = json.loads((hostile.folder / "evaluation.json").read_text(encoding="utf-8"))
    assert document["class_names"] == list(HOSTILE_NAMES)
    assert list(document["metrics"]["classes"]) == list(HOSTILE_NAMES)


def test_the_terminal_is_shown_nothing_that_it_would_obey(hostile, tmp_path, capsys):
    show_evaluation(hostile, tmp_path)
    shown = capsys.readouterr().out
    assert not OBEYED & set(shown)
    assert max(map(len, shown.splitlines())) < 400


def test_two_classes_have_thresholds_and_training_pictures_are_recognised(tmp_path, capsys):
    names = [f"{number}.png" for number in range(40)]
    (tmp_path / "splits.csv").write_text("id,label,split\n3.png,a,train\n4.png,a,test\n")
    evaluation = make_evaluation(tmp_path / "one", names, classes=("no", "yes"), positive=1)
    assert evaluation.document["learned_from"] == 1
    assert evaluation.document["operating_points"]["positive"] == "yes"
    assert (tmp_path / "one/roc_curve.csv").is_file()
    show_evaluation(evaluation, tmp_path)
    shown = capsys.readouterr().out
    for told in ("40 pictures of", "darker: ", "1 picture has the name", "Naming a picture 'yes'"):
        assert told in shown


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """An evaluation of forty pictures of eleven classes, a group each: (what the terminal shows, its document)."""
    folder = tmp_path_factory.mktemp("shown")
    names = [f"{number:02}.png" for number in range(40)]
    evaluation = make_evaluation(folder / "one", names, classes=tuple("abcdefghijk"))
    with contextlib.redirect_stdout(io.StringIO()) as paper:
        show_evaluation(evaluation, folder)
    return paper.getvalue(), evaluation.document


def test_the_terminal_is_shown_every_metric(shown):
    text, document = shown
    for name in ("top 5 accuracy", "expected calibration error", "macro precision", "weighted F1"):
        assert re.search(rf"^{name} +\d", text, re.MULTILINE)
    averages = document["metrics"].keys() - {"classes", "groups"}
    assert all(re.search(rf"^{name_metric(name)} ", text, re.MULTILINE) for name in averages)


def test_the_terminal_is_shown_the_worst_groups(shown):
    text, document = shown
    wrong = [
        name for name, it in document["metrics"]["groups"].items() if not it["accuracy"]["value"]
    ]
    table = text[text.index("balanced accuracy  macro F1") :]
    assert re.search(rf"^{wrong[0]} +1 +0\.0% +0\.0% to ", table, re.MULTILINE)
    assert "... and 30 more, none of them worse" in table


def test_the_terminal_is_shown_what_is_mixed_up_and_the_costliest_mistakes(shown):
    text, document = shown
    pair, costly = document["confused_pairs"][0], document["costliest_errors"]
    assert re.search(
        rf"^{pair['label']} +{pair['predicted']} +{pair['count']} ", text, re.MULTILINE
    )
    assert [it["loss"] for it in costly] == sorted((it["loss"] for it in costly), reverse=True)
    assert re.search(rf"^{costly[0]['id']} .* {costly[0]['loss']:.2f}$", text, re.MULTILINE)
    assert text.index("costliest picture") > text.index("precision  recall")


def test_the_costliest_mistakes_are_those_of_errors_csv(hostile):
    with (hostile.folder / "errors.csv").open(newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    losses = [float(row["loss"]) for row in rows]
    assert [it["loss"] for it in hostile.document["costliest_errors"]] == losses[:10]


def test_an_evaluation_without_mistakes_names_none(tmp_path, capsys):
    evaluation = make_evaluation(tmp_path / "one", ["a.png", "b.png"], classes=("no", "yes"))
    assert evaluation.document["errors"] == 0
    show_evaluation(evaluation, tmp_path)
    assert "costliest" not in capsys.readouterr().out
