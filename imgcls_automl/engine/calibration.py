"""One temperature for a model's probabilities, fitted on validation and used where it helps by more than noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imgcls_automl.engine.opinions import normalise

LOWEST, HIGHEST = 0.1, 10.0
PARTS = 5
CLEARLY = 2.0  # standard errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What fitting a temperature came to.

    Attributes:
        temperature: To be used; 1 where another does not clearly help.
        fitted: The one of the least log loss. Above 1, the model was too sure; below, not sure enough.
        before: Mean log loss on validation.
        after: The same with the fitted temperature, each part of validation with that of the other parts.
        pictures: It was fitted on.
    """

    temperature: float
    fitted: float
    before: float
    after: float
    pictures: int


def fit_temperature(labels: np.ndarray, logs: np.ndarray) -> Calibration:
    """Fit a temperature (Guo et al., 2017, arXiv:1706.04599) by the log loss on validation.

    One that was fitted to pictures is a little better on them by that alone. Whether it helps is therefore seen on
    parts of validation that it was not fitted on, and has to be clear of what chance would do, picture by picture.

    Args:
        labels: Class indices (N,).
        logs: Logarithms of the probabilities (S, N, K) of S trainings of one candidate.
    """
    fitted = _fit(labels, logs)
    before = _measure_losses(labels, logs, 1.0)
    after = np.empty_like(before)
    part = np.arange(len(labels)) % PARTS
    for number in range(min(PARTS, len(labels))):
        inside = part == number
        others = _fit(labels[~inside], logs[:, ~inside]) if not inside.all() else 1.0
        after[inside] = _measure_losses(labels[inside], logs[:, inside], others)
    gains = before - after
    clear = gains.mean() > CLEARLY * gains.std() / np.sqrt(len(labels))
    return Calibration(
        temperature=fitted if clear else 1.0,
        fitted=fitted,
        before=float(before.mean()),
        after=float(after.mean()),
        pictures=len(labels),
    )


def _fit(labels: np.ndarray, logs: np.ndarray) -> float:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda power: float(_measure_losses(labels, logs, np.exp(power)).mean()),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return round(float(np.exp(found.x)), 4)


def _measure_losses(labels: np.ndarray, logs: np.ndarray, temperature: float) -> np.ndarray:
    """The log loss of each picture (N,), its mean over the trainings."""
    cooled = normalise(logs / temperature)
    losses: np.ndarray = -cooled[:, np.arange(len(labels)), labels].mean(axis=0)
    return losses
