"""Pictures that look unlike the rest of their set: blank, dark, bright, blurred, or of an odd size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from imgcls_automl.data.decoded import Issue

if TYPE_CHECKING:
    from imgcls_automl.data.audit.measure import Measures
    from imgcls_automl.data.decoded import Contents

BLANK = 1.0  # standard deviation of 255, of the channel that has most
DARK = 64  # of 255: where even the brightest percent is no brighter, and
BRIGHT = 191  # where even the darkest percent is no darker;
UNUSUAL = 0.5  # each at most this share of what is usual in the set
BLURRED = 0.2  # of the usual sharpness: Fashion-MNIST's plainest handbag has 0.24
ODD_SIZE = 4.0  # times the usual side, or that part of it
ODD_ASPECT = 2.0  # times as wide, or as high, as usual


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looks:
    """One value a picture (N,); see `Measures`."""

    means: np.ndarray
    contrasts: np.ndarray
    darkest: np.ndarray
    brightest: np.ndarray
    sharpness: np.ndarray


def keep_looks(measures: Measures) -> Looks:
    """The part of the measures that pictures are judged and shown by once they have been compared."""
    return Looks(
        means=measures.means,
        contrasts=measures.contrasts,
        darkest=measures.darkest,
        brightest=measures.brightest,
        sharpness=measures.sharpness,
    )


def select_looks(looks: Looks, places: np.ndarray) -> Looks:
    """The looks of the pictures at some places (M,)."""
    values = {name: getattr(looks, name)[places] for name in Looks.__dataclass_fields__}
    return Looks(**values)


class _Oddity(NamedTuple):
    """Which pictures (N,) are odd in a way; `detail` is formatted with the picture's value."""

    problem: str
    is_odd: np.ndarray
    values: np.ndarray
    detail: str


def list_odd_pictures(contents: Contents, looks: Looks) -> list[Issue]:
    """An issue for each picture and each way in which it is odd.

    What is odd is judged against the set's medians, so that scans that are dark as a rule are not all called dark.
    """
    return [
        Issue(
            id=contents.ids[place],
            problem=oddity.problem,
            detail=oddity.detail.format(oddity.values[place]),
        )
        for oddity in (*_judge_pixels(looks), *_judge_sizes(contents.sizes))
        for place in np.flatnonzero(oddity.is_odd)
    ]


def _judge_pixels(looks: Looks) -> list[_Oddity]:
    is_blank = looks.contrasts < BLANK
    bright, dark = looks.brightest.astype(float), looks.darkest.astype(float)
    is_dark = (bright < DARK) & (bright <= UNUSUAL * np.median(bright))
    is_bright = (dark > BRIGHT) & (255 - dark <= UNUSUAL * np.median(255 - dark))
    usual = float(np.median(looks.sharpness))
    is_blurred = looks.sharpness < BLURRED * usual
    shares = looks.sharpness / max(usual, np.finfo(float).tiny)
    return [
        _Oddity("blank", is_blank, bright, "all its pixels have about the same colour"),
        _Oddity("dark", is_dark & ~is_blank, bright, "its brightest pixels have {:.0f} of 255"),
        _Oddity("bright", is_bright & ~is_blank, dark, "its darkest pixels have {:.0f} of 255"),
        _Oddity("blurred", is_blurred & ~is_blank, shares, "{:.0%} as sharp as is usual here"),
    ]


def _judge_sizes(sizes: np.ndarray) -> list[_Oddity]:
    """Sizes are (height, width) before decoding, int32 (N, 2)."""
    height, width = sizes.T.astype(float)
    side, aspect = np.sqrt(height * width), width / height
    sides, aspects = side / np.median(side), aspect / np.median(aspect)
    return [
        _Oddity("odd_size", _is_far(sides, ODD_SIZE), sides, "{:.2g} times the usual side"),
        _Oddity(
            "odd_aspect", _is_far(aspects, ODD_ASPECT), aspects, "{:.2g} times as wide as is usual"
        ),
    ]


def _is_far(ratios: np.ndarray, limit: float) -> np.ndarray:
    far: np.ndarray = (ratios > limit) | (ratios < 1 / limit)
    return far
