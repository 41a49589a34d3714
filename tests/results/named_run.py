"""A finished run of which every text that data, plugins or libraries choose is one of given names."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from hostile_names import STEMS
from shown_digits import change, make_shown

from imgcls_automl.engine.study import close_study, open_study
from imgcls_automl.results.shown_pictures import write_shown_pictures
from imgcls_automl.results.suspicious_labels import write_suspicious_labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TRIALS = 50


def make_named_run(kind: Any, path: Path, names: Sequence[str]) -> Any:
    """Write a run of 500 names: its classes, pictures, groups, settings, causes, plugins, data and parameters."""
    plugin = {"name": names[1], "origin": names[2], "value": names[3]}
    run = kind(path, class_names=tuple(names), data=names[4], space=names[5])
    run.write_run(
        plugins={"space": plugin, "adapter": plugin},
        versions={"python": names[6], "keras": names[7]},
    )
    for number in range(TRIALS):
        _write_trial(run, number, names[10 * number : 10 * number + 10])
    run.write_selection(2, {2: [(0.97, 0.975)], 1: [(0.96, 0.95)]})
    _write_answers(run, names)
    _write_summary(run, names)
    _write_study(run.path, names)
    return run


def _write_trial(run: Any, number: int, names: Sequence[str]) -> None:
    settings = dict(zip(names, reversed(names), strict=True))
    if number % 3:
        run.write_trial(number, score=0.9 - number / 1000, model=settings, baseline=number < 5)
    else:
        run.write_trial(number, state="failed", score=None, cause=names[0], model=settings)


def _write_answers(run: Any, names: Sequence[str]) -> None:
    count = len(names)
    labels = np.arange(count)
    said = np.where(labels % 3, labels, (labels + 1) % count)
    answers = np.full((count, count), 1e-4, np.float32)
    answers[labels, said] += 0.95
    ids, groups = list(names), list(reversed(names))
    run.write_best(labels, answers, ids, groups)
    best = run.path / "best"
    shown = make_shown(labels, answers, ids)
    write_shown_pictures(best, change(shown, heat_layer=names[8], strengths={names[9]: 0.1}))
    judgement: Any = SimpleNamespace(split="test", indices=labels, probabilities=answers)
    write_suspicious_labels(best, ids=ids, labels=said, class_names=names, judgements=[judgement])


def _write_summary(run: Any, names: Sequence[str]) -> None:
    (run.path / "data").mkdir()
    counts = {"train": 120, "validation": 30, "test": 1}
    summary = {
        "schema_version": 1,
        "pictures": 1797,
        "unreadable": 2,
        "left_out": 3,
        "issues": {"unreadable": 2},
        "classes": [{"name": name, **counts} for name in names],
        "checks": {
            "issues": dict.fromkeys(names, 1),
            "balance": {"effective_classes": 9.98},
            "remarks": list(names),
        },
    }
    (run.path / "data/summary.json").write_text(json.dumps(summary))


def _write_study(folder: Path, names: Sequence[str]) -> None:
    # SQLite has no lone surrogates and ends texts at NUL.
    known = [it for it in names[: len(STEMS)] if "\udc80" not in it and "\x00" not in it]
    study = open_study(folder / "study.db", metric="accuracy")
    for _ in range(6):
        trial = study.ask()
        kinds = [trial.suggest_categorical(name, known[:5]) for name in known[::5]]
        rates = [trial.suggest_float(name, 1e-3, 1e-1) for name in known[1::5]]
        study.tell(trial, sum(rates) + sum(kind == known[0] for kind in kinds))
    close_study(study)
