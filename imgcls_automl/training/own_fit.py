"""A second way to train: by the network's own compiled optimizer and loss, or by a training loop of the space's own.

Epochs are scored, kept, stopped and reported as those of any other training.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from imgcls_automl.training.order import draw_order
from imgcls_automl.training.progress import NotFiniteError
from imgcls_automl.training.scoring import balanced_weights, score_logits
from imgcls_automl.training.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.plugin import SearchSpace
    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.progress import Epoch, Plan, Progress

logger = logging.getLogger(__name__)

Targets = Literal["index", "binary", "one_hot"]

SAMPLE = 1000  # training pictures, for what a training loop does not tell of itself


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFit:
    """How a network is trained by itself.

    Attributes:
        model: What is trained; the network shares its weights.
        fit: Called with images, float32 (N, H, W, C) in [0, 1], their targets, and the keywords `epochs` and
            `callbacks`, with `validates` also `validation_data`, and those of `keywords`.
        targets: What labels are given as: `"index"` int32 (N,), `"binary"` float32 (N, 1), `"one_hot"` float32 (N, K).
        validates: Whether it is given validation data.
        keywords: Further ones for `fit`.
    """

    model: Any
    fit: Callable[..., Any]
    targets: Targets
    validates: bool
    keywords: dict[str, Any]


@runtime_checkable
class HasOwnFit(Protocol):
    """A space of ours whose networks may come with a training of their own."""

    def own_fit(self, network: Any) -> OwnFit | None:
        """How a network that `build` gave is trained; None for the recipe of its candidate."""
        ...


class _StoppedError(Exception):
    """Ends a training loop that does not look at `stop_training`."""


def find_own_fit(space: SearchSpace, network: Any) -> OwnFit | None:
    """The training that a freshly built network comes with; None where its candidate's recipe trains it."""
    return space.own_fit(network) if isinstance(space, HasOwnFit) else None


def fit_own(
    own: OwnFit,
    network: Any,
    pictures: Pictures,
    plan: Plan,
    progress: Progress,
    on_epoch: Callable[[Epoch], str | None],
) -> None:
    """Train a network by its own rules.

    Args:
        own: Its rules.
        network: Gives logits with the same weights.
        pictures: The data set.
        plan: How long, on what; `epoch_size` has no meaning here.
        progress: As in `fit_candidate`.
        on_epoch: As in `fit_candidate`.

    Raises:
        NotFiniteError: The loss became NaN or infinite.
    """
    shown = _order_pictures(pictures, plan)
    watch = _OwnWatch(own.model, network, pictures, plan, progress, on_epoch)
    keywords: dict[str, Any] = {"epochs": plan.epochs, "callbacks": [watch], **own.keywords}
    if own.validates:
        # A refit holds nothing out; what a training loop looks at is then some of what it learns from.
        held = plan.validation if len(plan.validation) else plan.train[-SAMPLE:]
        keywords["validation_data"] = _read_arrays(own.targets, pictures, held)
    if plan.class_weight == "balanced":
        weights = balanced_weights(pictures.task.class_counts)
        keywords["class_weight"] = {at: float(weight) for at, weight in enumerate(weights)}
    try:
        own.fit(*_read_arrays(own.targets, pictures, shown), **keywords)
    except _StoppedError:
        logger.info("The training loop was ended: %s.", progress.stopped or "its epochs are over")
    if not progress.epochs and progress.stopped is None:
        watch.on_epoch_end(0)  # a loop that calls no callbacks: all of it is one epoch
    if watch.diverged:
        raise NotFiniteError(f"the loss was not finite in epoch {len(progress.epochs) + 1}")


def time_own_steps(own: OwnFit, pictures: Pictures, train: np.ndarray, steps: int) -> float:
    """Seconds that a training step takes for a picture, measured without what compiling takes."""
    batch_size: int = min(own.keywords.get("batch_size", 32), len(train))
    images, targets = _read_arrays(own.targets, pictures, np.resize(train, batch_size))
    own.model.train_on_batch(images, targets)
    begun = time.perf_counter()
    for _ in range(steps):
        own.model.train_on_batch(images, targets)
    return (time.perf_counter() - begun) / (steps * batch_size)


def encode_targets(labels: np.ndarray, targets: Targets, num_classes: int) -> np.ndarray:
    """Labels (N,) as a loss takes them."""
    if targets == "index":
        return labels.astype("int32")
    if targets == "binary":
        return labels.astype("float32")[:, None]
    encoded: np.ndarray = np.eye(num_classes, dtype="float32")[labels]
    return encoded


def _order_pictures(pictures: Pictures, plan: Plan) -> np.ndarray:
    """The pictures of an epoch; the training loop shuffles them itself."""
    drawn: np.ndarray = draw_order(
        plan.train,
        pictures.labels[plan.train],
        seed=plan.seed,
        epochs=range(1),
        length=len(plan.train),
        sampling=plan.sampling,
    )[0]
    return drawn


def _read_arrays(
    targets: Targets, pictures: Pictures, indices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    images = pictures.images[indices].astype("float32") / np.float32(255.0)
    return images, encode_targets(pictures.labels[indices], targets, pictures.task.num_classes)


class _OwnWatch(Watch):
    """Watches a training loop that is not ours, whatever it tells."""

    def __init__(
        self,
        trained: Any,
        network: Any,
        pictures: Pictures,
        plan: Plan,
        progress: Progress,
        on_epoch: Callable[[Epoch], str | None],
    ) -> None:
        super().__init__(
            pictures, plan, (plan.epochs,), progress, on_epoch, keep=lambda program: None
        )
        self.fit_to_time()
        self.program = network  # asked for its weights alone
        self._trained = trained
        self._network = network
        self._ended = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._end_where_due()
        super().on_epoch_begin(epoch)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._end_where_due()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.plan.on_steps()  # a loop of its own may look at validation by itself

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._end_where_due()
        super().on_epoch_end(len(self.progress.epochs), self._complete(logs or {}))

    def _complete(self, logs: dict[str, Any]) -> dict[str, float]:
        """Training loss and accuracy as logged or, where they are not, of some training pictures."""
        told = {"loss": logs.get("loss"), "accuracy": logs.get("accuracy", logs.get("acc"))}
        if any(value is None for value in told.values()):
            sample = self.plan.train[:SAMPLE]
            logits = self.pictures.evaluate(sample, self._predict)
            measured = score_logits(self.pictures.labels[sample], logits)
            told = {
                name: measured[f"val_{name}"] if told[name] is None else told[name] for name in told
            }
        return {name: float(value) for name, value in told.items() if value is not None}

    def _predict(self, indices: np.ndarray) -> np.ndarray:
        images = self.pictures.images[indices].astype("float32") / np.float32(255.0)
        logits: np.ndarray = np.asarray(self._network.predict_on_batch(images), "float32")
        return logits

    def _stop(self, reason: str) -> None:
        self.progress.stopped = reason
        self._end()

    def _go_on(self, done: int, *, moved: bool) -> None:
        """Its schedule, if it has one, is its own, and what it has come to cannot be kept."""

    def _end_phase(self) -> None:
        self._end()

    def _end(self) -> None:
        self._ended = self._trained.stop_training = True

    def _end_where_due(self) -> None:
        if self._ended:
            raise _StoppedError
