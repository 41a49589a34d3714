"""Optuna's own figures of a run's study, as Plotly JSON that a page can draw without obeying a name in it."""

from __future__ import annotations

import json
import re
import sqlite3
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.results.documents import damaged
from imgcls_automl.results.figures import name_metric
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from pathlib import Path

    import optuna
    from optuna.trial import FrozenTrial, TrialState

MAX_SLICES = 6  # parameters
MAX_IMPORTANCES = 12
MAX_PARALLEL = 10
FEWEST = 2  # complete trials that a figure of parameters needs

# What Optuna itself puts into texts; all other markup is somebody's name, and is shown as it is.
_MARKUP = re.compile(r"<(?!br>|/?extra>)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFigure:
    """A figure: `key` names it, `value` is Plotly's data and layout, `wide` wants room to scroll."""

    key: str
    title: str
    remark: str
    value: dict[str, Any]
    wide: bool = False


def draw_study(folder: Path, metric: str) -> list[StudyFigure]:
    """Draw what a run's study has to tell; nothing where it has none, or none of its trials is complete.

    Raises:
        RunFolderError: study.db is damaged.
    """
    path = folder / "study.db"
    if not path.is_file():
        return []
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells of every study that is opened
    try:
        study = _copy_study(path, metric)
    finally:
        optuna.logging.set_verbosity(verbosity)
    with warnings.catch_warnings():  # some of Optuna's figures are experimental, and say so
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return _draw_all(study, name_metric(metric))


def _copy_study(path: Path, metric: str) -> optuna.Study:
    """The finished trials in memory: each figure would ask the database for all of them again."""
    import sqlalchemy

    from imgcls_automl.engine.study import close_study, open_study

    try:
        stored = open_study(path, metric=metric)
        try:
            study = _make_snapshot(stored)
            study.add_trials([it for it in stored.get_trials() if it.state.is_finished()])
        finally:
            close_study(stored)
    except (sqlite3.Error, sqlalchemy.exc.SQLAlchemyError) as error:
        raise damaged(path, str(error).splitlines()[0]) from error
    return study


def _make_snapshot(stored: optuna.Study) -> optuna.Study:
    """An empty study in memory of the same direction, whose trials are only looked at, and so never copied."""
    import optuna

    class Snapshot(optuna.Study):
        # With a thousand trials, the copies that figures ask for would take a minute.
        def get_trials(
            self, deepcopy: bool = True, states: Container[TrialState] | None = None
        ) -> list[FrozenTrial]:
            return super().get_trials(deepcopy=False, states=states)

    storage = optuna.storages.InMemoryStorage()
    optuna.create_study(storage=storage, study_name="shown", direction=stored.direction)
    return Snapshot(study_name="shown", storage=storage)


def _draw_all(study: optuna.Study, metric: str) -> list[StudyFigure]:
    from optuna import visualization as draw
    from optuna.trial import TrialState

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return []
    figures = [
        _make("history", "Search history", "Each trial's score, and the best so far.",
              lambda: draw.plot_optimization_history(study, target_name=metric)),
        _make("timeline", "Timeline", "When each trial ran.", lambda: draw.plot_timeline(study)),
    ]  # fmt: skip
    if len(complete) < FEWEST:
        return figures
    ranked = _rank_parameters(study)
    if not ranked:
        return figures
    names = [name for name, _ in ranked]
    if any(share for _, share in ranked):
        from optuna.importance import PedAnovaImportanceEvaluator

        figures.append(
            _make(
                "importances", "What mattered", "How much of the difference between good trials and others each "
                "parameter explains (PED-ANOVA). Of few trials it is a guess.",
                lambda: draw.plot_param_importances(
                    study,
                    evaluator=PedAnovaImportanceEvaluator(),
                    params=names[:MAX_IMPORTANCES],
                    target_name=metric,
                ),
            )
        )  # fmt: skip
    figures += [
        _make("slices", "Slices", "Score by the value of each of the parameters that mattered most.",
              lambda: draw.plot_slice(study, params=names[:MAX_SLICES], target_name=metric), wide=True),
        _make("parallel", "Parallel coordinates", "A line a trial, through all it drew; the darker, the better.",
              lambda: draw.plot_parallel_coordinate(study, params=names[:MAX_PARALLEL], target_name=metric), wide=True),
    ]  # fmt: skip
    return figures


def _rank_parameters(study: optuna.Study) -> list[tuple[str, float]]:
    """The parameters that all complete trials drew and that differ, the most important first."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    shared = set.intersection(*(set(trial.params) for trial in trials))
    varied = sorted(
        name for name in shared if len({repr(trial.params[name]) for trial in trials}) > 1
    )
    if not varied:
        return []
    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), params=varied)
    return sorted(shares.items(), key=lambda it: -it[1])


def _make(
    key: str, title: str, remark: str, draw: Callable[[], Any], *, wide: bool = False
) -> StudyFigure:
    value = json.loads(draw().to_json())
    # The page gives title, size and colours.
    for name in ("template", "title", "width", "height"):
        value["layout"].pop(name, None)
    return StudyFigure(key=key, title=title, remark=remark, value=_disarm(value), wide=wide)


def _disarm(value: Any) -> Any:
    """Texts as they are: Plotly would make links and spans of markup in them."""
    if isinstance(value, str):
        return _MARKUP.sub("&lt;", plain(value))
    if isinstance(value, list):
        return [_disarm(item) for item in value]
    if isinstance(value, dict):
        return {key: _disarm(item) for key, item in value.items()}
    return value
