"""Heat maps are Grad-CAM: what back-propagation gives, found without it."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="module")
def keras():
    import keras

    keras.utils.set_random_seed(3)
    return keras


def wrap(keras, network):
    """As `save_pixel_model` does."""
    pixels = keras.Input(network.input_shape[1:])
    outputs = keras.layers.Softmax()(network(keras.ops.multiply(pixels, 1 / 255)))
    return keras.Model(pixels, outputs)


def build(keras, *, shortcut=False):
    layers = keras.layers
    images = keras.Input((16, 16, 1))
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="fine")(images)
    y = layers.Conv2D(6, 3, padding="same", activation="relu", name="branch")(x)
    x = layers.Add(name="joined")([x, y]) if shortcut else y
    x = layers.MaxPooling2D(8, name="coarse")(x)
    return keras.Model(images, layers.Dense(3)(layers.Flatten()(x)))


def compute_by_gradient(keras, network, layer, pixels, classes):
    """Grad-CAM as published, by TensorFlow's tape."""
    import tensorflow as tf

    both = keras.Model(network.inputs[0], [network.get_layer(layer).output, network.outputs[0]])
    with tf.GradientTape() as tape:
        features, logits = both(pixels.astype("float32") / 255.0)
        chosen = tf.reduce_sum(tf.gather(logits, classes, axis=1, batch_dims=1))
    weights = tf.reduce_mean(tape.gradient(chosen, features), axis=(1, 2), keepdims=True)
    heat = np.maximum(tf.reduce_sum(weights * features, axis=-1).numpy(), 0)
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)


@pytest.mark.parametrize(("shortcut", "layer"), [(False, "branch"), (True, "joined")])
def test_they_are_what_back_propagation_gives(keras, shortcut, layer):
    from imgcls_automl.training.heat_maps import compute_heat_maps

    network = build(keras, shortcut=shortcut)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 1), np.uint8)
    classes = [0, 1, 2, 0]
    passes = []
    found = compute_heat_maps(
        wrap(keras, network), pixels, classes, on_pass=lambda: passes.append(1)
    )
    assert len(passes) >= len(pixels)  # it is seen to get on
    assert found.layer == layer  # the latest map that is fine enough and that all goes through
    assert found.maps.shape == (4, 16, 16)
    expected = compute_by_gradient(keras, network, layer, pixels, classes)
    np.testing.assert_allclose(found.maps, expected, atol=0.02)


def test_a_network_without_a_map_has_none(keras):
    from imgcls_automl.training.heat_maps import compute_heat_maps

    images = keras.Input((8, 8, 1))
    network = keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(images)))
    assert compute_heat_maps(wrap(keras, network), np.zeros((1, 8, 8, 1), np.uint8), [0]) is None
