"""KerasTuner's hyperparameters as Optuna's: the same values, drawn with the same kind of scale.

Whatever has a list of ordered values is drawn by its place in that list, so that the values are KerasTuner's own to the
last bit and the sampler knows their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_tuner.engine import hyperparameters as kinds

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


def study_name(hp: Any) -> str:
    """The name a hyperparameter has in the study: `"units"`, or `"units (kind=mlp)"` under a condition.

    KerasTuner tells hyperparameters apart by name and conditions; one name may have other ranges under other parents.
    """
    conditions = [f"{it.name}={'|'.join(map(str, it.values))}" for it in hp.conditions]
    return f"{hp.name} ({', '.join(conditions)})" if conditions else str(hp.name)


def draw_value(trial: BaseTrial, hp: Any) -> Any:
    """Draw a hyperparameter from an Optuna trial."""
    values, name = _list_values(hp), study_name(hp)
    if values is None:
        return _draw_number(trial, name, hp)
    if len(values) == 1:
        return values[0]
    if _is_ordered(hp):
        return values[trial.suggest_int(name, 0, len(values) - 1)]
    return trial.suggest_categorical(name, values)


def locate_default(hp: Any) -> dict[str, Any]:
    """What the study would have drawn, by name, for a hyperparameter to have its default, or the value next to it."""
    values, name = _list_values(hp), study_name(hp)
    if values is None:
        return {name: _locate_number(hp)}
    if len(values) == 1:
        return {}
    if _is_ordered(hp):
        return {name: min(range(len(values)), key=lambda at: abs(values[at] - hp.default))}
    return {name: hp.default}


def _list_values(hp: Any) -> list[Any] | None:
    """The values there are to choose from; None for a range."""
    if isinstance(hp, kinds.Boolean):
        return [False, True]
    if isinstance(hp, kinds.Choice | kinds.Fixed):
        return list(hp.values)
    if hp.step is None or _is_plain_int(hp):
        return None
    whole = int if isinstance(hp, kinds.Int) else float
    return [whole(value) for value in hp.values]


def _is_ordered(hp: Any) -> bool:
    return bool(hp.ordered) if isinstance(hp, kinds.Choice) else not isinstance(hp, kinds.Boolean)


def _is_plain_int(hp: Any) -> bool:
    return isinstance(hp, kinds.Int) and hp.sampling == "linear"


def _draw_number(trial: BaseTrial, name: str, hp: Any) -> int | float:
    low, high = hp.min_value, hp.max_value
    if _is_plain_int(hp):
        return trial.suggest_int(name, low, high - (high - low) % hp.step, step=hp.step)
    suggest = trial.suggest_int if isinstance(hp, kinds.Int) else trial.suggest_float
    drawn: int | float = suggest(name, low, high, log=hp.sampling != "linear")
    return _reflect(hp, drawn)


def _locate_number(hp: Any) -> int | float:
    low, high = hp.min_value, hp.max_value
    default: int | float = min(max(hp.default, low), high)
    if _is_plain_int(hp):
        return int(low + (default - low) // hp.step * hp.step)
    return _reflect(hp, default)


def _reflect(hp: Any, value: int | float) -> int | float:
    """Turn a range around whose fine end is the upper one; its own inverse."""
    return hp.max_value + hp.min_value - value if hp.sampling == "reverse_log" else value
