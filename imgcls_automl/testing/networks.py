"""What a contract asks of a built network: logits, gradients, layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.testing.promises import blaming, require

if TYPE_CHECKING:
    import keras
    import numpy as np


def require_logits(model: keras.Model, images: np.ndarray, change: str) -> None:
    """Require finite outputs of which no one would think that they are probabilities.

    Args:
        model: Built, uncompiled.
        images: float32 (N, H, W, C) in [0, 1], more than a few.
        change: What to change where they are not logits.
    """
    __tracebackhide__ = True
    import numpy as np

    with blaming("Calling the built model on 16 and more pictures", "Let it take any batch size."):
        logits = np.asarray(model(images), dtype=np.float64)
    require(
        np.isfinite(logits).all(),
        "The built model gives NaN or infinite outputs for pictures in [0, 1].",
        "Look for a division by zero, or a logarithm of it.",
    )
    bounded = logits.min() >= 0 and logits.max() <= 1
    sums_to_one = bounded and np.allclose(logits.sum(axis=1), 1, atol=1e-3)
    # So many logits would not all be positive by chance, of a network that knows nothing yet.
    squashed = bounded and _ends_squashed(model)
    require(
        not sums_to_one and not squashed,
        f"The built model gives probabilities, such as {logits[0, :3].round(3).tolist()}, not logits.",
        change,
    )


def take_step(model: keras.Model, images: np.ndarray) -> tuple[bool, bool]:
    """Take one step of plain descent at rate 1, which changes each weight by its gradient.

    Returns:
        Whether loss and weights stayed finite, and whether a weight changed.
    """
    __tracebackhide__ = True
    import keras
    import numpy as np

    labels = np.arange(len(images)) % int(model.output_shape[-1])
    before = [np.asarray(weight) for weight in model.trainable_weights]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with blaming("A step of training", "Use layers that pass gradients on."):
        model.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)
        lost = model.train_on_batch(images, labels)
    after = [np.asarray(weight) for weight in model.trainable_weights]
    finite = bool(np.isfinite(lost)) and all(np.isfinite(weight).all() for weight in after)
    changed = any((new != old).any() for new, old in zip(after, before, strict=True))
    return finite, changed


def describe_layers(model: keras.Model) -> list[tuple[str, list[tuple[int, ...]]]]:
    """The kind of each layer, and the shapes of its weights."""
    return [
        (type(layer).__name__, [tuple(weight.shape) for weight in layer.weights])
        for layer in model.layers
    ]


def _ends_squashed(model: Any) -> bool:
    last = model.layers[-1]
    name = getattr(getattr(last, "activation", None), "__name__", type(last).__name__.lower())
    return name in ("sigmoid", "softmax", "hard_sigmoid")
