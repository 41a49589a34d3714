"""A KerasTuner HyperModel as a search space: `suggest` builds to draw, `build` builds again from what was drawn."""

from __future__ import annotations

import inspect
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, get_args
from weakref import WeakKeyDictionary

import keras
import keras_tuner
import numpy as np
import optuna
from keras_tuner.errors import FailedTrialError

from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.hypermodels.making import make_hypermodel
from imgcls_automl.hypermodels.outputs import choose_targets, make_network
from imgcls_automl.hypermodels.parameters import (
    DefaultHyperParameters,
    StoredHyperParameters,
    TrialHyperParameters,
)
from imgcls_automl.plugin import Candidate
from imgcls_automl.training.own_fit import OwnFit, Targets, encode_targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.trial import BaseTrial

    from imgcls_automl.plugin import ImageTask

logger = logging.getLogger(__name__)

BATCH_SIZE, TARGETS, TUNE_NEW = SETTINGS = ("batch_size", "targets", "tune_new_entries")
REHEARSED = 32  # pictures of noise that an overridden fit is tried on


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """What a network was made of."""

    hypermodel: Any
    hp: StoredHyperParameters
    model: Any
    task: ImageTask


class HyperModelSpace:
    """Runs a HyperModel, or a build function, unchanged.

    What is drawn is what `declare_hyperparameters`, `build` and an overridden `fit` ask their `hp` for. A model that
    comes compiled, or whose HyperModel overrides `fit`, is trained by that; others by the usual recipe.

    Args:
        found: A HyperModel class, an instance of one, or a build function.
        options: Its further arguments, and what `Tuner` would have been told, where it has no such arguments itself:
            `batch_size`, `targets` (`"index"`, `"binary"` or `"one_hot"`) and `tune_new_entries` (`"False"`: only
            declared hyperparameters are drawn).

    Raises:
        BrokenPluginError: An option has a value that it cannot have.
    """

    def __init__(self, found: Any, options: Mapping[str, str]) -> None:
        own = inspect.signature(found).parameters if callable(found) else {}
        self._found = found
        self._settings = {
            key: options[key] for key in SETTINGS if key in options and key not in own
        }
        self._options = {key: it for key, it in options.items() if key not in self._settings}
        self._built: WeakKeyDictionary[Any, _Built] = WeakKeyDictionary()
        self._check_settings()

    @property
    def wrapped(self) -> Any:
        """The HyperModel or build function, whose author failures are told to."""
        return self._found

    def suggest(self, trial: BaseTrial, task: ImageTask) -> Candidate:
        """Draw the hyperparameters that a build asks for.

        Where the build fails, what was drawn until then is the candidate: building it fails again, and is recorded.
        """
        hp = TrialHyperParameters(trial)
        failure = self._ask(hp, task)
        if isinstance(failure, FailedTrialError):
            raise optuna.TrialPruned(str(failure))
        return Candidate(model=dict(hp.values))

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        """The HyperModel's defaults."""
        hp = DefaultHyperParameters()
        self._ask(hp, task)
        return [hp.params]

    def build(self, model: Mapping[str, Any], task: ImageTask) -> Any:
        """Build the model of drawn values; gives the network of its logits."""
        hypermodel, hp = self._make(task), StoredHyperParameters(model)
        hypermodel.declare_hyperparameters(hp)
        built = _check_model(hypermodel.build(hp))
        # No progress bars in the log, unless a fit of its own asks for them.
        built.fit = partial(built.fit, verbose=0)
        network = make_network(built, task)
        self._built[network] = _Built(hypermodel=hypermodel, hp=hp, model=built, task=task)
        return network

    def own_fit(self, network: Any) -> OwnFit | None:
        """The training that a built network comes with: an overridden `fit`, or a compiled model's; else None."""
        built = self._built[network]
        overridden = _overrides_fit(built.hypermodel)
        if not (built.model.compiled or overridden):
            return None
        return OwnFit(
            model=built.model,
            fit=partial(built.hypermodel.fit, built.hp, built.model),
            targets=self._targets(built.model, built.task),
            validates=overridden,
            keywords=self._fit_keywords(),
        )

    def _make(self, task: ImageTask) -> Any:
        return make_hypermodel(self._found, self._options, task)

    def _ask(
        self, hp: TrialHyperParameters | DefaultHyperParameters, task: ImageTask
    ) -> Exception | None:
        """Have all hyperparameters asked for; returns why the HyperModel broke off, where it did."""
        hypermodel = self._make(task)
        try:
            hypermodel.declare_hyperparameters(hp)
            hp.tunes = self._settings.get(TUNE_NEW) != "False"
            built = hypermodel.build(hp)
            if _overrides_fit(hypermodel):
                self._rehearse_fit(hypermodel, hp, built, task)
        except Exception as error:
            if hp.refusal is not None:
                raise
            logger.info(
                "The HyperModel broke off as its hyperparameters were drawn.", exc_info=True
            )
            return error
        return None

    def _rehearse_fit(self, hypermodel: Any, hp: Any, model: Any, task: ImageTask) -> None:
        """Run an overridden fit on some noise, `model.fit` doing nothing, for the hyperparameters it asks for."""
        model.fit = lambda *arguments, **keywords: keras.callbacks.History()
        images = np.random.default_rng(0).random((REHEARSED, *task.image_shape), "float32")
        labels = np.arange(REHEARSED) % task.num_classes
        targets = encode_targets(labels, self._targets(model, task), task.num_classes)
        known = {"validation_data": (images, targets), "epochs": 1, "callbacks": []}
        hypermodel.fit(hp, model, images, targets, **known, **self._fit_keywords())

    def _fit_keywords(self) -> dict[str, Any]:
        stated = self._settings.get(BATCH_SIZE)
        return {} if stated is None else {BATCH_SIZE: int(stated)}

    def _targets(self, model: Any, task: ImageTask) -> Targets:
        stated: Targets | None = self._settings.get(TARGETS)  # type: ignore[assignment]
        return stated or choose_targets(model, task)

    def _check_settings(self) -> None:
        allowed = {TARGETS: get_args(Targets), TUNE_NEW: ("True", "False")}
        for name, value in self._settings.items():
            if name == BATCH_SIZE and not (value.isdecimal() and int(value)):
                raise BrokenPluginError(
                    f"--space-option {name} must be a positive whole number, but got {value!r}."
                )
            if name in allowed and value not in allowed[name]:
                raise BrokenPluginError(
                    f"--space-option {name} must be one of {', '.join(allowed[name])}, but got {value!r}."
                )


def _overrides_fit(hypermodel: Any) -> bool:
    return type(hypermodel).fit is not keras_tuner.HyperModel.fit


def _check_model(built: Any) -> Any:
    if not isinstance(built, keras.Model):
        raise TypeError(f"build() must return a keras.Model, but got {type(built).__name__}")
    return built
