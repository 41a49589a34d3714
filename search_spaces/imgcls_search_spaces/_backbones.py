"""The networks of keras.applications that `transfer` builds on: what each wants of pictures, and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import PluginError
from imgcls_search_spaces._layers import MOMENTUM

if TYPE_CHECKING:
    import keras

IMAGENET = "imagenet"  # the weights that keras.applications downloads
SMALLEST_SIDE = 32  # pixels: what keras.applications builds at


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """What one of keras.applications, under whose name it is listed, has to be given.

    Attributes:
        scale: What pixels in [0, 1] are multiplied by, one factor or one a channel.
        offset: What is added then.
        options: Keyword arguments of its function.
    """

    scale: float | tuple[float, ...]
    offset: float | tuple[float, ...]
    options: Mapping[str, Any]


_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's pixels
_DEVIATION = (0.229, 0.224, 0.225)
_BARE: Mapping[str, Any] = {"include_preprocessing": False}

# As the preprocess_input of each does, from [0, 1] instead of [0, 255].
BACKBONES = {
    "MobileNetV3Small": Backbone(scale=2.0, offset=-1.0, options=_BARE),
    "MobileNetV2": Backbone(scale=2.0, offset=-1.0, options={}),
    "EfficientNetV2B0": Backbone(
        scale=tuple(1 / deviation for deviation in _DEVIATION),
        offset=tuple(-mean / deviation for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)),
        options=_BARE,
    ),
    "ResNet50V2": Backbone(scale=2.0, offset=-1.0, options={}),
}


def build_backbone(name: str, shape: tuple[int, int, int], weights: str | None = None) -> Any:
    """Build a network without its classifier: preprocessed pictures (N, H, W, 3) -> features (N, h, w, F).

    Args:
        name: One of `BACKBONES`.
        shape: (height, width, 3) of the pictures, 32 pixels a side or more.
        weights: None for random ones, `"imagenet"` to download them.
    """
    import keras

    backbone = BACKBONES[name]
    network = getattr(keras.applications, name)(
        include_top=False, weights=weights, input_shape=shape, **backbone.options
    )
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    return network


def find_backbone(model: keras.Model) -> Any:
    """The network within a network: the only layer that is a model itself."""
    import keras

    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def load_weights(model: keras.Model, name: str, weights: str) -> None:
    """Give the backbone within a model its pretrained weights.

    Args:
        model: Holds what `build_backbone` built.
        name: One of `BACKBONES`.
        weights: A file that `save_weights` wrote, or `"imagenet"` to download them once.

    Raises:
        PluginError: They do not fit, or cannot be downloaded; says what to do.
    """
    backbone = find_backbone(model)
    if weights == IMAGENET:
        backbone.set_weights(_download(name, backbone.input_shape[1:]))
        return
    try:
        backbone.load_weights(weights)
    except Exception as error:
        # In one line, for a trial's cause is one; what to do comes before what may be long.
        raise PluginError(
            f"{weights!r} does not hold weights of {name}: name their network (--space-option "
            f"backbone=NAME), saved from keras.applications with include_top=False ({_describe(error)})"
        ) from error


def check_weights(weights: str) -> None:
    """Raise PluginError where a file of weights is not there, or is none by its name."""
    if weights == IMAGENET:
        return
    if not Path(weights).is_file():
        raise PluginError(
            f"There is no file {weights!r} to take weights from.\n"
            "Give a file, or let them be downloaded: --space-option weights=imagenet"
        )
    if not weights.endswith(".h5"):
        raise PluginError(
            f"{weights!r} is no file of weights: its name has to end in .weights.h5, or .h5.\n"
            "Save it with save_weights('NAME.weights.h5')."
        )


def _download(name: str, shape: tuple[int, int, int]) -> Any:
    try:
        return build_backbone(name, shape, IMAGENET).get_weights()
    except Exception as error:
        raise PluginError(
            f"The ImageNet weights of {name} could not be downloaded: without a network give a file "
            f"(--space-option weights=FILE.weights.h5 --space-option backbone={name}) ({_describe(error)})"
        ) from error


def _describe(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")[:300]
