"""The saved model: pixels in, probabilities out, readable by Keras alone."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from networks import Normalised, Plain, candidate

# A process in which none of our packages can be imported.
READ = """
import sys
import numpy as np

class OnlyKeras:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("imgcls"):
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, OnlyKeras())
import keras

model = keras.models.load_model(sys.argv[1], safe_mode=True)
np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))
"""


@pytest.mark.parametrize("space", [Plain(), Normalised()], ids=["plain", "with statistics"])
def test_a_process_without_this_package_gets_the_network_s_probabilities(
    train, pictures, tmp_path, space
):
    from imgcls_automl.training.pixel_model import Part
    from imgcls_automl.training.saving import save_pixel_model
    from imgcls_automl.training.scoring import softmax

    chosen = candidate(units=32)
    network, _ = train(space, chosen, epochs=3)
    part = Part(candidate=chosen, weights=network.get_weights())
    model = save_pixel_model(space, pictures.task, [part], tmp_path / "model.keras")
    pixels = np.asarray(pictures.images[:50])
    assert pixels.dtype == np.uint8
    expected = softmax(network.predict_on_batch(pixels.astype("float32") / 255.0))
    np.save(tmp_path / "pixels.npy", pixels)
    files = [str(tmp_path / name) for name in ("model.keras", "pixels.npy", "found.npy")]
    subprocess.run(
        [sys.executable, "-c", READ, *files], check=True, capture_output=True, timeout=60
    )
    found = np.load(tmp_path / "found.npy")
    assert found.dtype == np.float32
    assert found.shape == (50, 10)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(pixels), expected, atol=1e-5)


def test_its_precision_is_full_whatever_training_s_was(train, pictures, tmp_path):
    import keras

    from imgcls_automl.training.pixel_model import Part
    from imgcls_automl.training.saving import save_pixel_model

    network, _ = train()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        part = Part(candidate=candidate(), weights=network.get_weights())
        model = save_pixel_model(Plain(), pictures.task, [part], tmp_path / "model.keras")
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in model.layers if layer.weights} == {"float32"}
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_several_networks_are_averaged_by_their_shares_and_cooled(train, pictures, tmp_path):
    import keras

    from imgcls_automl.training.pixel_model import Part
    from imgcls_automl.training.saving import save_pixel_model
    from imgcls_automl.training.scoring import softmax

    parts, expected = [], np.zeros((20, 10))
    pixels = np.asarray(pictures.images[:20])
    shown = pixels.astype("float32") / 255.0
    for units, share, flips in ((8, 0.25, True), (16, 0.75, False)):
        chosen = candidate(units=units)
        network, _ = train(Plain(), chosen)
        weights = network.get_weights()
        parts.append(Part(candidate=chosen, weights=weights, flips=flips, share=share))
        views = [shown, shown[:, :, ::-1]] if flips else [shown]
        answers = [softmax(np.asarray(network.predict_on_batch(view))) for view in views]
        expected += share * np.mean(answers, axis=0)
    file = tmp_path / "model.keras"
    save_pixel_model(Plain(), pictures.task, parts, file, temperature=2.0)
    cooled = np.sqrt(expected)
    cooled /= cooled.sum(axis=1, keepdims=True)
    model = keras.saving.load_model(file, safe_mode=True)
    np.testing.assert_allclose(model.predict_on_batch(pixels), cooled, atol=1e-5)
