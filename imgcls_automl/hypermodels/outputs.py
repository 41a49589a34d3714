"""What a compiled model's output means, and the network of logits that shares its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

if TYPE_CHECKING:
    from imgcls_automl.plugin import ImageTask
    from imgcls_automl.training.own_fit import Targets

LEAST = 1e-37  # a probability: about the smallest that float32 holds


def make_network(model: Any, task: ImageTask) -> Any:
    """Make a network from float32 images (N, H, W, C) to logits (N, K) out of a HyperModel's model.

    It shares the model's weights. Probabilities become logits by their logarithm, which the softmax of logits undoes
    exactly; one output, for two classes, becomes two logits.

    Raises:
        ValueError: The model takes other pictures than the task's, or has several inputs or outputs.
    """
    inputs, outputs = _find_graph(model, task)
    return keras.Model(inputs, _to_logits(outputs, probable=gives_probabilities(model)))


def choose_targets(model: Any, task: ImageTask) -> Targets:
    """What a model's loss takes for labels: class indices, 0 and 1 for a single output, or one-hot vectors."""
    if model.compute_output_shape((None, *task.image_shape))[-1] == 1:
        return "binary"
    sparse = _name_loss(model).startswith("sparse")
    return "index" if sparse or not model.compiled else "one_hot"


def gives_probabilities(model: Any) -> bool:
    """Whether the output is probabilities: its last activation says so, or a loss that expects them."""
    loss = _find_loss(model)
    expected = "crossentropy" in _name_loss(model) and not getattr(loss, "from_logits", False)
    return expected or _ends_in_probabilities(model)


def _find_graph(model: Any, task: ImageTask) -> tuple[Any, Any]:
    """A model's input and output as symbols; layers without a name in a saved model are dissolved."""
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *task.image_shape))
    if not getattr(model, "inputs", None):  # a subclass of keras.Model
        images = keras.Input(task.image_shape)
        return images, model(images)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"the HyperModel's model must have one input and one output, but it has {len(model.inputs)} "
            f"and {len(model.outputs)}"
        )
    _check_input(tuple(model.inputs[0].shape[1:]), task)
    _compute_last_in_full_precision(model)
    graph = keras.Model(model.inputs[0], model.outputs[0])
    if any(isinstance(layer, keras.layers.Lambda) for layer in graph.layers):
        graph = keras.models.clone_model(
            graph, clone_function=lambda layer: layer, call_function=_call_or_dissolve
        )
    return graph.inputs[0], graph.outputs[0]


def _check_input(shape: tuple[int | None, ...], task: ImageTask) -> None:
    fits = len(shape) == 3 and all(
        side in (None, given) for side, given in zip(shape, task.image_shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"the HyperModel's model takes pictures of shape {shape}, but those of the data are {task.image_shape}; "
            "give it an argument input_shape, or set --image-size"
        )


def _call_or_dissolve(layer: Any, *arguments: Any, **keywords: Any) -> Any:
    """Call a layer; of a Lambda, whose code no saved model may carry, the operations it is made of."""
    if not isinstance(layer, keras.layers.Lambda):
        return layer(*arguments, **keywords)
    try:
        return layer.function(*arguments, **layer.arguments)
    except Exception as error:
        raise ValueError(
            f"the Lambda layer {layer.name!r} cannot be taken apart, and a model with it could not be loaded safely; "
            f"write it with keras.ops or as a layer ({type(error).__name__}: {error})"
        ) from error


def _compute_last_in_full_precision(model: Any) -> None:
    """Have the last layer, whose probabilities a loss takes the logarithm of, compute in float32 always."""
    last = model.outputs[0]._keras_history.operation
    if isinstance(last, keras.layers.Layer) and last.compute_dtype != "float32":
        last.dtype_policy = "float32"


def _to_logits(outputs: Any, *, probable: bool) -> Any:
    values = ops.cast(outputs, "float32")
    single = values.shape[-1] == 1
    if probable:
        shares = ops.concatenate([1.0 - values, values], axis=-1) if single else values
        return ops.log(ops.maximum(shares, LEAST))
    return ops.concatenate([ops.zeros_like(values), values], axis=-1) if single else values


def _ends_in_probabilities(model: Any) -> bool:
    if not getattr(model, "outputs", None):
        return False
    last = model.outputs[0]._keras_history.operation
    if isinstance(last, keras.Model):
        return _ends_in_probabilities(last)
    activations = (keras.activations.softmax, keras.activations.sigmoid)
    named = type(last).__name__ in ("Softmax", "Sigmoid")
    return named or getattr(last, "activation", None) in activations


def _find_loss(model: Any) -> Any:
    """The loss a model was compiled with; None for one that was not."""
    loss = model.loss if model.compiled else None
    if isinstance(loss, list | tuple | dict) and len(loss) == 1:
        (loss,) = loss.values() if isinstance(loss, dict) else loss
    return keras.losses.get(loss) if isinstance(loss, str) else loss


def _name_loss(model: Any) -> str:
    """`"sparsecategoricalcrossentropy"`, whether given as a text, a function or an object; empty for none."""
    loss = _find_loss(model)
    name = "" if loss is None else getattr(loss, "__name__", type(loss).__name__)
    return str(name).replace("_", "").lower()
