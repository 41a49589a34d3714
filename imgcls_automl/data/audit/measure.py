"""One pass over all pictures: what of each is needed to judge it and to compare it with the others."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.audit.mapped import RELEASE_BYTES, release_pages
from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.threads import map_in_order

if TYPE_CHECKING:
    from imgcls_automl.data.reading import Report

BLOCK_BYTES = 1 << 19  # of pixels a thread; their floating-point copies are some 20 times that
HASH_SIDE = 8  # frequencies each way: 64 bits
PERCENTILES = (1, 99)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """One value a picture (N,).

    Attributes:
        checksums: CRC-32 of the pixels: equal for equal ones, and seldom for others, uint32.
        hashes: Perceptual hashes, uint64; see `hash_pictures`.
        means: Mean of all pixels and channels, 0-255.
        deviations: The root mean square distance of pixels from their channel's mean: how much there is to see.
        contrasts: The same of the one channel that has most of it. A picture of one plain colour has none.
        darkest: The 1st percentile of the grey picture, 0-255.
        brightest: Its 99th percentile.
        sharpness: The variance of its Laplacian as a share of its own variance; 0 where it has none.
    """

    checksums: np.ndarray
    hashes: np.ndarray
    means: np.ndarray
    deviations: np.ndarray
    contrasts: np.ndarray
    darkest: np.ndarray
    brightest: np.ndarray
    sharpness: np.ndarray


def measure_pictures(images: np.ndarray, report: Report) -> Measures:
    """Measure uint8 pictures (N, H, W, C), some at a time: memory does not grow with their number."""
    total = len(images)
    measures = Measures(
        checksums=np.empty(total, np.uint32),
        hashes=np.empty(total, np.uint64),
        means=np.empty(total, np.float32),
        deviations=np.empty(total, np.float32),
        contrasts=np.empty(total, np.float32),
        darkest=np.empty(total, np.uint8),
        brightest=np.empty(total, np.uint8),
        sharpness=np.empty(total, np.float32),
    )
    step = max(1, BLOCK_BYTES // images[0].nbytes)
    parts = [slice(start, min(start + step, total)) for start in range(0, total, step)]

    def measure(part: slice) -> int:
        _measure_block(np.ascontiguousarray(images[part]), measures, part)
        return int(part.stop)

    kept = 0
    for done in map_in_order(measure, parts, at_a_time=1):
        kept += step * images[0].nbytes
        if kept >= RELEASE_BYTES:
            release_pages(images)
            kept = 0
        report(IngestProgress(stage="comparing", done=done, total=total))
    return measures


def hash_pictures(grey: np.ndarray) -> np.ndarray:
    """Perceptual hashes that stay about the same when a picture is saved again, resized or brightened.

    The 8x8 lowest frequencies of the discrete cosine transform, a bit each: whether the coefficient is above the
    median of them all but the mean brightness (Zauner, "Implementation and Benchmarking of Perceptual Image Hash
    Functions", 2010; there of pictures shrunk to 32x32, here at the size they have).

    Args:
        grey: float32 (N, H, W), H and W 8 or more.

    Returns:
        uint64 (N,).
    """
    _, height, width = grey.shape
    rows = np.matmul(_cosines(height), grey @ _cosines(width).T)
    frequencies = rows.reshape(len(grey), HASH_SIDE * HASH_SIDE)
    middle = np.median(frequencies[:, 1:], axis=1, keepdims=True)
    bits = np.packbits(frequencies > middle, axis=1)
    hashes: np.ndarray = bits.view(np.uint64)[:, 0]
    return hashes


def _measure_block(pictures: np.ndarray, measures: Measures, part: slice) -> None:
    means, variances, grey = _measure_channels(pictures)
    measures.checksums[part] = [zlib.crc32(picture.data) for picture in pictures]
    measures.hashes[part] = hash_pictures(grey)
    measures.means[part] = means.mean(axis=0)
    measures.deviations[part] = np.sqrt(variances.mean(axis=0))
    measures.contrasts[part] = np.sqrt(variances.max(axis=0))
    measures.darkest[part], measures.brightest[part] = _find_extremes(grey)
    measures.sharpness[part] = _measure_sharpness(grey)


def _measure_channels(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means and variances of each channel, float32 (C, N), and the mean of the channels, float32 (N, H, W)."""
    count, height, width, channels = pictures.shape
    means, variances = np.empty((2, channels, count), np.float32)
    grey = np.zeros((count, height, width), np.float32)
    # A plane at a time: a mean over so short an axis as the channels takes 20 times as long.
    for channel in range(channels):
        plane = pictures[..., channel].astype(np.float32)
        grey += plane
        flat = plane.reshape(count, -1)
        means[channel] = flat.mean(axis=1)
        flat -= means[channel, :, None]
        variances[channel] = np.vecdot(flat, flat) / flat.shape[1]
    grey /= channels
    return means, variances, grey


def _find_extremes(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The percentiles of each picture's whole grey levels, uint8 (N,) each."""
    levels = np.sort(grey.reshape(len(grey), -1).astype(np.uint8), axis=1, kind="stable")
    last = levels.shape[1] - 1
    darkest, brightest = (levels[:, round(percentile / 100 * last)] for percentile in PERCENTILES)
    return darkest, brightest


def _measure_sharpness(grey: np.ndarray) -> np.ndarray:
    """The variance of the Laplacian (Pech-Pacheco et al., 2000), which contrast alone would raise."""
    laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1]
    laplacian += grey[:, 1:-1, :-2]
    laplacian += grey[:, 1:-1, 2:]
    laplacian -= 4 * grey[:, 1:-1, 1:-1]
    variance = grey.var(axis=(1, 2))
    sharpness = laplacian.var(axis=(1, 2))
    shares: np.ndarray = np.zeros_like(variance)
    np.divide(sharpness, variance, out=shares, where=variance > 0)
    return shares


def _cosines(size: int) -> np.ndarray:
    """The lowest frequencies of a DCT-II, float32 (8, size)."""
    waves = np.arange(HASH_SIDE)[:, None] * (2 * np.arange(size) + 1)[None, :]
    cosines: np.ndarray = np.cos(np.pi * waves / (2 * size)).astype(np.float32)
    return cosines
