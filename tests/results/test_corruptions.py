"""Corrupted pictures: as told by Hendrycks & Dietterich, worse with each severity, and still pictures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_sample_image

from imgcls_automl.results.corruptions import CORRUPTIONS, SEVERITIES, corrupt_pictures


def draw_pictures(channels: int) -> np.ndarray:
    """Real pictures, uint8 (B, H, W, C): small grey digits, or large cuts of a photo."""
    if channels == 1:
        return (load_digits().images[:6] / 16 * 200).astype(np.uint8)[..., None]
    photo = load_sample_image("flower.jpg")
    return np.stack([photo[:120, start : start + 140] for start in (0, 150, 300)])


def corrupt(pixels: np.ndarray, name: str, severity: int) -> np.ndarray:
    return corrupt_pictures(pixels, name, severity, np.random.default_rng(0))


def measure_change(pixels: np.ndarray, changed: np.ndarray) -> float:
    return float(np.abs(changed.astype(float) - pixels).mean())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_severity_changes_pictures_more_than_the_one_before(name, channels):
    pixels = draw_pictures(channels)
    worse = [corrupt(pixels, name, severity) for severity in SEVERITIES]
    assert all(it.shape == pixels.shape and it.dtype == np.uint8 for it in worse)
    changes = [measure_change(pixels, it) for it in worse]
    assert changes == sorted(changes)
    assert 0 < changes[0] < changes[-1]


def test_brightness_keeps_the_hue_and_raises_the_largest_channel():
    pixels = np.full((1, 100, 100, 3), (100, 50, 0), dtype=np.uint8)
    red, green, blue = corrupt(pixels, "brightness", 1)[0, 0, 0]
    assert (red, blue) == (125, 0)  # 100 + 0.1 * 255
    assert green == pytest.approx(red / 2, abs=1)
    black = corrupt(np.zeros_like(pixels), "brightness", 1)
    assert (black == 25).all()


def test_contrast_keeps_the_mean_and_the_same_noise_is_drawn_again():
    pixels = draw_pictures(3)
    flat = corrupt(pixels, "contrast", 3)
    assert flat.mean() == pytest.approx(pixels.mean(), abs=1)
    assert flat[..., 0].std() < 0.5 * pixels[..., 0].std()
    np.testing.assert_array_equal(corrupt(pixels, "noise", 2), corrupt(pixels, "noise", 2))
