"""A space's network wrapped for training: pixels in, augmentation, smoothed and weighted cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from imgcls_automl.training.augment import Augment

if TYPE_CHECKING:
    import numpy as np

    from imgcls_automl.plugin import Training
    from imgcls_automl.training.pictures import Pictures


class Trainee(keras.Model):  # type: ignore[misc]
    """Trains a network on pictures that lie on the device.

    Input: int32 indices (N,) into the resident pictures, or `{"images": uint8 (N, H, W, C), "labels": int32 (N,)}`.
    Output: `{"logits": float32 (N, K), "labels": int32 (N,)}`, in training also `"mix"`, float32 (N, 1): the share
    of each picture's own label where it is mixed with its mirror in the batch (mixup).

    Args:
        network: What the space built: float32 images in [0, 1] to logits.
        pictures: The data set.
        training: Label smoothing and augmentation are taken from here.
        dropout_rates: Variable (D,) that the network's dropout layers read.
    """

    def __init__(
        self, network: Any, pictures: Pictures, training: Training, dropout_rates: Any
    ) -> None:
        super().__init__(name="trainee")
        self.network = network
        self.dropout_rates = dropout_rates
        self.augment = Augment(training.augmentation)
        self.num_classes = pictures.task.num_classes
        if pictures.resident:
            self.images, self.labels = pictures.on_device()
        self.smoothing = self.add_weight(
            shape=(), initializer="zeros", trainable=False, name="smoothing"
        )
        self.class_weights = self.add_weight(
            shape=(self.num_classes,), initializer="ones", trainable=False, name="class_weights"
        )
        self.accuracy = keras.metrics.Mean(name="accuracy")

    def set_values(
        self, training: Training, class_weights: np.ndarray, dropout_rates: list[float]
    ) -> None:
        """Set what may differ between candidates that share a compiled step.

        Args:
            training: Label smoothing and the strengths of augmentation are taken from here.
            class_weights: One factor a class, float32 (K,).
            dropout_rates: One a dropout layer of the network, in its order.
        """
        self.augment.set_strengths(training.augmentation)
        self.smoothing.assign(training.label_smoothing)
        self.class_weights.assign(class_weights)
        self.dropout_rates.assign([*dropout_rates, 0.0][: self.dropout_rates.shape[0]])

    def build(self, input_shape: Any) -> None:
        """Nothing is left to build: the network comes built."""

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        pixels, labels = self._look_up(inputs)
        images = ops.cast(pixels, "float32") / 255.0
        outputs = {"labels": labels}
        if training:
            images = self.augment(images)
            if "mixup" in self.augment.enabled:
                images, outputs["mix"] = self.augment.mix(images)
        logits = self.network(images, training=training)
        return {"logits": ops.cast(logits, "float32"), **outputs}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        labels = y_pred["labels"]
        targets = ops.one_hot(labels, self.num_classes)
        weights = ops.take(self.class_weights, labels, axis=0)
        if "mix" in y_pred:
            mix = y_pred["mix"]
            targets = mix * targets + (1.0 - mix) * ops.flip(targets, axis=0)
        targets = targets * (1.0 - self.smoothing) + self.smoothing / self.num_classes
        losses = -ops.sum(targets * ops.log_softmax(y_pred["logits"]), axis=-1)
        return ops.mean(weights * losses) + sum(self.network.losses)

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        named = ops.cast(ops.argmax(y_pred["logits"], axis=-1), "int32")
        self.accuracy.update_state(ops.cast(ops.equal(named, y_pred["labels"]), "float32"))
        return dict(self.get_metrics_result())

    def _look_up(self, inputs: Any) -> tuple[Any, Any]:
        if isinstance(inputs, dict):
            return inputs["images"], inputs["labels"]
        return ops.take(self.images, inputs, axis=0), ops.take(self.labels, inputs, axis=0)
