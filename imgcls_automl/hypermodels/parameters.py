"""The `hp` that a HyperModel's `build` and `fit` get: values drawn from a trial, stored ones, or the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras_tuner

from imgcls_automl.hypermodels.dimensions import draw_value, locate_default

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.trial import BaseTrial


class ChosenHyperParameters(keras_tuner.HyperParameters):  # type: ignore[misc]
    """Hyperparameters whose values are chosen as they are first asked for; inactive ones never are.

    Attributes:
        refusal: What went wrong as one was chosen; None where nothing has.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refusal: Exception | None = None

    def _register(self, hyperparameter: Any, overwrite: bool = False) -> Any:
        # The one place where KerasTuner gives a hyperparameter its value; subclassing it is what AutoKeras does too.
        chosen = hyperparameter.name in self.values
        value = super()._register(hyperparameter, overwrite)
        if chosen or not self.is_active(hyperparameter):
            return value
        try:
            value = self._choose(hyperparameter)
        except Exception as error:
            self.refusal = error
            raise
        self.values[hyperparameter.name] = value
        return value

    def _choose(self, hp: Any) -> Any:
        raise NotImplementedError


class TrialHyperParameters(ChosenHyperParameters):
    """Draws from an Optuna trial.

    Args:
        trial: Whose `suggest_*` are called.

    Attributes:
        tunes: Whether what is asked for from now on is drawn; otherwise it keeps its default.
    """

    def __init__(self, trial: BaseTrial) -> None:
        super().__init__()
        self._trial = trial
        self.tunes = True

    def _choose(self, hp: Any) -> Any:
        return draw_value(self._trial, hp) if self.tunes else hp.default


class DefaultHyperParameters(ChosenHyperParameters):
    """Takes the defaults.

    Attributes:
        params: What a trial would have drawn for them, by the study's names.
        tunes: As in `TrialHyperParameters`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.params: dict[str, Any] = {}
        self.tunes = True

    def _choose(self, hp: Any) -> Any:
        if self.tunes:
            self.params |= locate_default(hp)
        return hp.default


class StoredHyperParameters(ChosenHyperParameters):
    """Takes the values that a trial drew.

    Args:
        stored: By name, of the candidate.
    """

    def __init__(self, stored: Mapping[str, Any]) -> None:
        super().__init__()
        self._stored = stored

    def _choose(self, hp: Any) -> Any:
        if hp.name not in self._stored:
            raise ValueError(
                f"the HyperModel asks for {hp.name!r}, which it did not ask for when its trial was drawn; "
                "build() and fit() must ask for the same hyperparameters each time, fit() before it trains"
            )
        return self._stored[hp.name]
