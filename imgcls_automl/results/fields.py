"""The fields of a run's documents: each checked where it is read, so that nobody behind trips over a damaged one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.config import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of a run's configuration: what is counted or compared with; None where it was not given.
_WHOLE = ("trials", "folds", "seed", "epochs")
_NUMBERS = ("timeout", "fail_under")


def take_number(values: Mapping[str, Any], name: str) -> float | None:
    """A number; None where there is none. Raises ValueError."""
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number, but is {_show(value)}")
    return float(value)


def take_whole(values: Mapping[str, Any], name: str) -> int | None:
    """A whole number; None where there is none. Raises ValueError."""
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number, but is {_show(value)}")
    return value


def take_text(values: Mapping[str, Any], name: str) -> str | None:
    """A text; None where there is none. Raises ValueError."""
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a text, but is {_show(value)}")
    return value


def take_wholes(values: Mapping[str, Any], name: str, count: int | None = None) -> tuple[int, ...]:
    """A list of whole numbers, `count` of them where that is said. Raises KeyError, ValueError."""
    found = values[name]
    if not isinstance(found, list) or not all(type(it) is int for it in found):
        raise ValueError(f"{name} must be a list of whole numbers, but is {_show(found)}")
    if count is not None and len(found) != count:
        raise ValueError(f"{name} must have {count} numbers, but has {len(found)}")
    return tuple(found)


def take_numbers(values: Mapping[str, Any], name: str) -> dict[str, float]:
    """Numbers by name, without those that are null; empty where there are none. Raises ValueError."""
    found = take_object(values, name)
    numbers = {key: take_number(found, key) for key in found}
    return {key: number for key, number in numbers.items() if number is not None}


def take_object(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object; empty where there is none. Raises ValueError."""
    found = values.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError(f"{name} must be an object, but is {_show(found)}")
    return found


def take_all(values: Mapping[str, Any], name: str, needed: tuple[str, ...]) -> dict[str, int]:
    """The whole numbers that an object must have, by name; empty where there is no object. Raises ValueError."""
    found = take_object(values, name)
    numbers = {key: take_whole(found, key) for key in needed} if found else {}
    for key, number in numbers.items():
        if number is None:
            raise ValueError(f"{name} has no {key}")
    return {key: number for key, number in numbers.items() if number is not None}


def take_config(values: Mapping[str, Any]) -> dict[str, Any]:
    """A run's configuration as it was resolved; what results count with is checked. Raises KeyError, ValueError."""
    if values["config"] is None:
        raise KeyError("config")
    config = take_object(values, "config")
    for name in _WHOLE:
        take_whole(config, name)
    for name in _NUMBERS:
        take_number(config, name)
    folds = config.get("folds")
    if folds is not None and folds < 2:
        raise ValueError(f"folds must be 2 or more, but is {folds}")
    for name in ("data_option", "space_option"):
        take_object(config, name)
    metric = take_text(config, "metric") or "accuracy"
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, but is {metric!r}")
    return config


def _show(value: object) -> str:
    return repr(value)[:60]
