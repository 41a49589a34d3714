"""What a network computes, named: networks of one name can share what was compiled or measured for one of them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import keras


def describe_architecture(network: Any) -> str | None:
    """Name what a forward pass computes, in which precision; None where a network cannot tell."""
    if not is_described(network):
        return None
    return digest([_blur_dropout(network.get_config()), keras.config.dtype_policy().name])


def digest(parts: list[Any]) -> str:
    """A short text that is the same for the same values, and for no others."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def is_described(network: Any) -> bool:
    """Whether a network is a graph of Keras's own layers, so that its configuration tells all of it."""
    graph = isinstance(network, keras.Sequential) or type(network).__name__ == "Functional"
    return graph and all(
        type(layer).__module__.startswith("keras.") for layer in network._flatten_layers()
    )


def _blur_dropout(config: Any) -> Any:
    """A configuration with all dropout rates above zero taken for one."""
    if isinstance(config, dict):
        blurred = {key: _blur_dropout(value) for key, value in config.items()}
        if config.get("class_name") == "Dropout":
            blurred["config"] = {**blurred["config"], "rate": config["config"]["rate"] > 0}
        return blurred
    if isinstance(config, list | tuple):
        return [_blur_dropout(value) for value in config]
    return config
