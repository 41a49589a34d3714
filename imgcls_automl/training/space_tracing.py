"""What a space draws and builds, found by drawing from it many times. Runs in a child process only."""

from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from imgcls_automl import registry
from imgcls_automl.data.messages import as_own_error
from imgcls_automl.errors import BrokenPluginError, ImgclsError
from imgcls_automl.plugin import API_VERSION, HasBaselines
from imgcls_automl.space_outline import Baseline, Layer, Parameter, SpaceOutline
from imgcls_automl.text import describe_error, describe_frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.connection import Connection

    from optuna.distributions import BaseDistribution

    from imgcls_automl.plugin import Candidate, ImageTask, SearchSpace
    from imgcls_automl.registry import PluginInfo

DRAWS = 400  # so that a value that one draw in a hundred has is missed once in fifty spaces
DRAW_SECONDS = 20.0  # for all of them: a space that builds as it draws is slow
_FEW_VALUES = 12  # of a parameter that others may depend on value by value

# A draw: what was asked for, and what it came to, by name.
Draw = dict[str, tuple["BaseDistribution", Any]]


def answer_outline(
    connection: Connection[Any, Any], info: PluginInfo, options: Mapping[str, str], task: ImageTask
) -> None:
    """What the child process runs: sends a `SpaceOutline`, or one of the user's errors."""
    try:
        space: SearchSpace = registry.load(info, options)
        # Of what the plugin names: a HyperModel is wrapped into a space that says nothing of it.
        about = inspect.getdoc(registry.import_class(info)) or ""
        connection.send(_outline(space, task, about.partition("\n\n")[0]))
    except ImgclsError as error:
        connection.send(as_own_error(error))


def list_parameters(draws: Sequence[Draw]) -> tuple[Parameter, ...]:
    """The parameters of draws with their ranges, and what tells when each is drawn."""
    # The fullest draw first: it has most of them in the space's own order.
    fullest = sorted(draws, key=len, reverse=True)
    names = dict.fromkeys(name for draw in fullest for name in draw)
    return tuple(_make_parameter(name, draws, list(names)) for name in names)


def _outline(space: SearchSpace, task: ImageTask, about: str) -> SpaceOutline:
    try:
        draws, first, infeasible = _draw(space, task)
        points = list(space.baselines(task)) if isinstance(space, HasBaselines) else []
        candidates = [space.suggest(optuna.trial.FixedTrial(dict(it)), task) for it in points]
        if not candidates and first is not None:
            candidates = [first]
        models = [_build(space, it, task) for it in candidates]
    except Exception as error:
        raise BrokenPluginError(
            f"The search space's suggest(), baselines() or build() failed: {describe_error(error)}.\n"
            f"This is for its author to mend; it happened in {describe_frame(error)}."
        ) from error
    weights = [model.count_params() for model in models]
    return SpaceOutline(
        about=" ".join(about.split()),
        api_version=getattr(space, "api_version", API_VERSION),
        parameters=list_parameters(draws),
        draws=len(draws),
        infeasible=infeasible,
        baselines=tuple(
            Baseline(parameters=dict(point), weights=count)
            for point, count in zip(points, weights, strict=False)
        ),
        layers=tuple(_describe_layer(it) for it in models[0].layers) if models else (),
        weights=weights[0] if weights else 0,
    )


def _build(space: SearchSpace, candidate: Candidate, task: ImageTask) -> Any:
    import keras

    keras.utils.clear_session()  # layers are numbered from the first again
    return space.build(candidate.model, task)


def _draw(space: SearchSpace, task: ImageTask) -> tuple[list[Draw], Candidate | None, int]:
    """Draw at random; returns the draws, the first candidate, and how many the space refused."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    draws: list[Draw] = []
    first, infeasible, begun = None, 0, time.monotonic()
    while len(draws) < DRAWS and (not draws or time.monotonic() - begun < DRAW_SECONDS):
        trial = study.ask()
        try:
            candidate = space.suggest(trial, task)
            first = first or candidate
        except optuna.TrialPruned:  # a point that the space finds infeasible
            infeasible += 1
        draws.append({name: (trial.distributions[name], it) for name, it in trial.params.items()})
    return draws, first, infeasible


def _make_parameter(name: str, draws: Sequence[Draw], names: Sequence[str]) -> Parameter:
    kinds = [draw[name][0] for draw in draws if name in draw]
    condition = _find_condition(name, draws, names)
    first = kinds[0]
    if isinstance(first, CategoricalDistribution):
        return Parameter(
            name=name, kind="categorical", choices=tuple(first.choices), condition=condition
        )
    # A range may depend on what was drawn before: all of them together are told.
    ranges = [it for it in kinds if isinstance(it, FloatDistribution | IntDistribution)]
    is_int = isinstance(first, IntDistribution)
    return Parameter(
        name=name,
        kind="int" if is_int else "float",
        low=min(it.low for it in ranges),
        high=max(it.high for it in ranges),
        step=None if is_int and ranges[0].step == 1 else ranges[0].step,
        log=ranges[0].log,
        condition=condition,
    )


def _find_condition(name: str, draws: Sequence[Draw], names: Sequence[str]) -> str:
    having = [draw for draw in draws if name in draw]
    if len(having) == len(draws):
        return ""
    for other in names:
        if other != name and all(other in draw for draw in having):
            told = _compare(other, having, [draw for draw in draws if name not in draw])
            if told:
                return told
    return f"in {100 * len(having) / len(draws):.0f}% of draws"


def _compare(other: str, having: Sequence[Draw], lacking: Sequence[Draw]) -> str:
    """Say by which values of another parameter draws that have something differ from those that lack it."""
    values = [draw[other][1] for draw in having]
    others = [draw[other][1] for draw in lacking if other in draw]
    if not others:  # both are drawn together: what the other depends on tells of both
        return ""
    kind = having[0][other][0]
    if not isinstance(kind, CategoricalDistribution):
        about = "about " if isinstance(kind, FloatDistribution) else ""
        if min(values) > max(others):
            return f"{other} >= {about}{min(values):.6g}"
        if max(values) < min(others):
            return f"{other} <= {about}{max(values):.6g}"
    # Floats are never drawn twice: that none is shared tells nothing.
    distinct = dict.fromkeys(values)
    if isinstance(kind, FloatDistribution) or len(distinct) > _FEW_VALUES:
        return ""
    return "" if set(distinct) & set(others) else f"{other} = {' or '.join(map(str, distinct))}"


def _describe_layer(layer: Any) -> Layer:
    # A layer of several outputs, or one that was never called in a graph, has no shape to tell.
    sides = getattr(getattr(layer, "output", None), "shape", ())[1:]
    shape = "x".join("?" if side is None else str(side) for side in sides)
    return Layer(
        name=layer.name, kind=type(layer).__name__, shape=shape, weights=layer.count_params()
    )
