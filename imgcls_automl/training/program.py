"""Compiled training steps, kept and used again for every candidate of the same architecture.

Tracing and compiling a step costs more than many a short trial. Whatever differs between two candidates but not
between their computations is therefore held in variables: learning rate, weight decay, label smoothing, dropout
rates and the strengths of augmentation.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from imgcls_automl.training.architecture import describe_architecture, digest, is_described
from imgcls_automl.training.epochs import Scan
from imgcls_automl.training.recipe import lay_out_rest, make_optimizer, set_rates
from imgcls_automl.training.trainee import Trainee
from imgcls_automl.training.weights import is_adapted, set_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.plugin import Training
    from imgcls_automl.training.pictures import Pictures

logger = logging.getLogger(__name__)

KEPT_PROGRAMS = 6  # the most recently used


class RatedDropout(keras.layers.Layer):  # type: ignore[misc]
    """Dropout (Srivastava et al., 2014) whose rate is one entry of a vector of variables.

    Args:
        rates: The vector (D,), owned by the trainee.
        position: The entry.
    """

    def __init__(self, rates: Any, position: int, *, name: str, dtype: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self._read_rate: Any = _reader(rates, position)
        self.seeds = keras.random.SeedGenerator()
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        # Keras reads variables in the layer's precision.
        rate = ops.cast(self._read_rate(), "float32")
        drawn = keras.random.uniform(ops.shape(inputs), dtype="float32", seed=self.seeds)
        scaled = inputs / ops.cast(1.0 - rate, inputs.dtype)
        return ops.where(drawn >= rate, scaled, ops.zeros_like(inputs))


def _reader(vector: Any, position: int) -> Callable[[], Any]:
    """Read an entry of a variable from behind a function, where Keras does not track it as a layer's own."""
    return lambda: vector[position]


class Program:
    """A trainee with its optimizer and its compiled step.

    Attributes:
        trainee: What `fit` and `predict_on_batch` are called on.
    """

    def __init__(
        self, network: Any, pictures: Pictures, training: Training, steps_per_execution: int
    ) -> None:
        self._dropouts = [layer.name for layer in _list_dropouts(network)]
        rates = keras.Variable(
            np.zeros(max(1, len(self._dropouts)), "float32"), trainable=False, name="rates"
        )
        self._network = _clone(network, self._dropouts, rates)
        self.trainee = Trainee(self._network, pictures, training, rates)
        self._optimizer = make_optimizer(training)
        backend = keras.backend.backend()
        self.trainee.compile(
            self._optimizer,
            jit_compile="auto" if backend == "jax" else False,
            steps_per_execution=1 if backend == "torch" else steps_per_execution,
        )
        self._pictures = pictures
        self._scan: Scan | None = None

    def begin(
        self,
        network: Any,
        training: Training,
        *,
        class_weights: np.ndarray,
        steps: int,
        rate_share: float,
        seed: int,
    ) -> None:
        """Set everything as if the program had just been made for this candidate.

        Args:
            network: Gives the initial weights and the dropout rates.
            training: Gives the other values.
            class_weights: One factor a class, float32 (K,).
            steps: The schedule's length.
            rate_share: Factor on the peak learning rate.
            seed: Of dropout and augmentation.
        """
        rates = [network.get_layer(name).rate for name in self._dropouts]
        self.trainee.set_values(training, class_weights, rates)
        set_weights(self._network, network.get_weights())
        for variable in self._optimizer.variables:
            variable.assign(ops.zeros(variable.shape, variable.dtype))
        set_rates(self._optimizer, training, steps=steps, share=rate_share)
        _seed_generators(self.trainee, seed)

    def lay_out_rest(self, steps: int) -> None:
        """Lay what is left of the schedule out over the next `steps` steps."""
        lay_out_rest(self._optimizer, steps=steps)

    def scan(self, batches: np.ndarray) -> None:
        """Train on JAX on batches of indices, int32 (steps, batch_size), in one compiled call."""
        if self._scan is None:
            self._build_optimizer()
            self._scan = Scan(self.trainee, self._pictures.on_device())
        self._scan(batches)

    def get_state(self) -> list[np.ndarray]:
        """All that a step changes or reads beside the network's weights and the pictures; see `set_state`."""
        return [ops.convert_to_numpy(variable) for variable in self._list_state()]

    def set_state(self, state: list[np.ndarray]) -> None:
        """Set what `get_state` gave; after `begin` with the weights of that moment, training goes on from there."""
        self._build_optimizer()
        for variable, value in zip(self._list_state(), state, strict=True):
            variable.assign(value)

    def _list_state(self) -> list[Any]:
        pictures = self._pictures.on_device() if self._pictures.resident else ()
        others = (*self._network.weights, *pictures, *self.trainee.metrics_variables)
        left_out = {id(variable) for variable in others}
        mine = [variable for variable in self.trainee.variables if id(variable) not in left_out]
        return [*mine, *self._optimizer.variables]

    def _build_optimizer(self) -> None:
        if not self._optimizer.built:
            self.trainee.build((None,))
            self._optimizer.build(self.trainee.trainable_variables)

    def get_weights(self) -> list[np.ndarray]:
        """The network's weights, in the order of the network the program was made for."""
        weights: list[np.ndarray] = self._network.get_weights()
        return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShape:
    """An epoch's layout. Images a step and steps an execution are compiled in; executions an epoch are not."""

    batch_size: int
    steps_per_execution: int
    executions: int


class Programs:
    """The programs of one worker, for one data set; the least recently used make room for new ones.

    Attributes:
        pictures: The data set.
    """

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures
        self._kept: OrderedDict[str, Program] = OrderedDict()

    def take(self, network: Any, training: Training, shape: StepShape) -> Program:
        """A program for a network: one that is there, or a new one."""
        key = _make_key(network, training, shape)
        program = self._kept.pop(key, None) if key else None
        if program is None:
            program = Program(network, self.pictures, training, shape.steps_per_execution)
        if key:
            self._kept[key] = program
            while len(self._kept) > KEPT_PROGRAMS:
                self._kept.popitem(last=False)
        return program

    def forget(self) -> None:
        """Drop all programs, as after an error that may have left one in any state."""
        self._kept.clear()


def _make_key(network: Any, training: Training, shape: StepShape) -> str | None:
    """Name what is compiled in; None where a network cannot tell what that is."""
    architecture = describe_architecture(network)
    if architecture is None or is_adapted(network):
        return None
    augmented = {
        name: bool(getattr(training.augmentation, name))
        for name in training.augmentation.__dataclass_fields__
    }
    parts = [
        architecture,
        [bool(layer.trainable) for layer in network._flatten_layers()],
        [training.optimizer, training.schedule, augmented],
        [shape.batch_size, shape.steps_per_execution],
    ]
    return digest(parts)


def _list_dropouts(network: Any) -> list[Any]:
    """The layers whose rate can be held in a variable: plain dropout, at the top of a described network."""
    if not is_described(network):
        return []
    layers = [layer for layer in network.layers if type(layer) is keras.layers.Dropout]
    return [layer for layer in layers if layer.rate > 0 and layer.noise_shape is None]


def _clone(network: Any, dropouts: list[str], rates: Any) -> Any:
    """Copy a network with rated dropout in place of its own; weights are set by `Program.begin`."""
    if not is_described(network):
        return network

    def copy(layer: Any) -> Any:
        if layer.name in dropouts:
            return RatedDropout(
                rates, dropouts.index(layer.name), name=layer.name, dtype=layer.dtype_policy
            )
        return layer.__class__.from_config(layer.get_config())

    return keras.models.clone_model(network, clone_function=copy)


def _seed_generators(trainee: Trainee, seed: int) -> None:
    """Give every generator of random numbers in a model a seed of its own, all drawn from one."""
    states = [
        variable
        for variable in trainee.variables
        if variable.name.startswith("seed_generator_state")
    ]
    drawn = np.random.SeedSequence(seed).generate_state(max(1, len(states)))
    for state, number in zip(states, drawn, strict=False):
        state.assign(ops.cast([int(number >> 1), 0], state.dtype))
