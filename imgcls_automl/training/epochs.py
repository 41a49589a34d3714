"""Runs epochs of a compiled program: through `fit` on any backend, each as one compiled scan on JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import keras
import numpy as np

if TYPE_CHECKING:
    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.program import Program, StepShape


class Watcher(Protocol):
    """What is told of a training: a `keras.callbacks.Callback`."""

    def expect_epoch(self) -> float:
        """Seconds of the next epoch that are needed."""
        ...

    def stop_before_epoch(self, expected: float) -> bool:
        """Stop where so many seconds are too many; tells whether it did."""
        ...

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """An epoch, counted from 0, begins."""
        ...

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """It has ended; `logs` holds loss and accuracy. May set the trainee's `stop_training`."""
        ...


def run_epochs(
    program: Program, pictures: Pictures, order: np.ndarray, shape: StepShape, watcher: Any
) -> None:
    """Train for some epochs.

    Args:
        program: What is trained.
        pictures: On what.
        order: Indices of the pictures, int32 (epochs, steps * batch_size).
        shape: How an epoch is laid out.
        watcher: A Keras callback, told of each epoch.
    """
    if keras.backend.backend() == "jax" and pictures.resident:
        _scan(program, order, shape, watcher)
    else:
        _fit(program, pictures, order, shape, watcher)


def _fit(
    program: Program, pictures: Pictures, order: np.ndarray, shape: StepShape, watcher: Any
) -> None:
    program.trainee.fit(
        **feed_fit(pictures, order.reshape(-1), shape.batch_size),
        epochs=len(order),
        steps_per_epoch=order.shape[1] // shape.batch_size,
        shuffle=False,
        verbose=0,
        callbacks=[watcher],
    )


def feed_fit(pictures: Pictures, order: np.ndarray, batch_size: int) -> dict[str, Any]:
    """What to train on, as keywords of `fit`.

    Args:
        pictures: The data set.
        order: Indices of its pictures, int32 (steps * batch_size,).
        batch_size: Of a step.
    """
    if keras.backend.backend() == "tensorflow":
        from imgcls_automl.tensorflow_feed import feed_untuned

        return {"x": feed_untuned(pictures, order.reshape(-1, batch_size))}
    if pictures.resident:
        return {"x": order, "batch_size": batch_size}
    return {"x": ((pictures.batch(indices),) for indices in order.reshape(-1, batch_size))}


def _scan(program: Program, order: np.ndarray, shape: StepShape, watcher: Watcher) -> None:
    """Train on JAX, an epoch a call: nothing is sent to the device but indices, nothing waits for the host."""
    trainee = program.trainee
    trainee.stop_training = False
    for epoch, indices in enumerate(order):
        if watcher.stop_before_epoch(watcher.expect_epoch()):  # nothing could stop it inside
            return
        watcher.on_epoch_begin(epoch)
        trainee.reset_metrics()
        program.scan(indices.reshape(-1, shape.batch_size))
        watcher.on_epoch_end(epoch, trainee.get_metrics_result())
        if trainee.stop_training:
            return


class Scan:
    """An epoch as one compiled JAX program: `lax.scan` over Keras's own training step.

    Args:
        trainee: A compiled model whose input is indices into resident pictures.
        kept: Variables that no step changes and that other trainees share: not given away to the program.
    """

    def __init__(self, trainee: Any, kept: tuple[Any, ...]) -> None:
        import jax

        self._trainee = trainee
        self._kept = kept
        others = trainee.non_trainable_variables
        places = [_position(others, variable) for variable in kept]
        self._changing = [v for index, v in enumerate(others) if index not in places]

        def run(state: Any, kept_values: Any, batches: Any) -> Any:
            def step(state: Any, batch: Any) -> Any:
                trainable, changing, optimizer, metrics = state
                full = _insert(changing, places, kept_values)
                _, (trainable, full, optimizer, metrics) = trainee.train_step(
                    (trainable, full, optimizer, metrics), (batch,)
                )
                changing = [value for index, value in enumerate(full) if index not in places]
                return (trainable, changing, optimizer, metrics), None

            return jax.lax.scan(step, state, batches)[0]

        self._run = jax.jit(run, donate_argnums=0)

    def __call__(self, batches: np.ndarray) -> None:
        """Train on batches of indices, int32 (steps, batch_size), and leave the result in the variables."""
        trainee = self._trainee
        groups = (
            trainee.trainable_variables,
            self._changing,
            trainee.optimizer.variables,
            trainee.metrics_variables,
        )
        state = tuple([variable.value for variable in group] for group in groups)
        kept_values = [variable.value for variable in self._kept]
        for group, values in zip(groups, self._run(state, kept_values, batches), strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)


def _position(variables: list[Any], wanted: Any) -> int:
    return next(index for index, variable in enumerate(variables) if variable is wanted)


def _insert(values: list[Any], places: list[int], kept: list[Any]) -> list[Any]:
    """Put kept values back at their places among all."""
    full = list(values)
    for place, value in sorted(zip(places, kept, strict=True), key=lambda pair: pair[0]):
        full.insert(place, value)
    return full
