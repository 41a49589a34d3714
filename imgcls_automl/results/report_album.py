"""The kept pictures of a run as a page shows them: numbered, as data URIs, with where the model looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.pages.thumbnails import EXACT_SIDE, embed_picture
from imgcls_automl.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from imgcls_automl.results.shown_pictures import ShownPicture, ShownPictures

HEAT_SIDE = 128  # pixels
MAX_ID = 90  # letters of a picture's name on the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture on the page.

    Attributes:
        number: From 1; names it.
        source: A data URI.
        heat: The same with where the model looked laid over it, a data URI; empty where that is not known.
        id: Its name in the data, shortened.
        label: The class it is labelled with.
        predicted: The class it was taken for; empty where the model was not asked.
        probability: Of that class.
        loss: Cross-entropy.
    """

    number: int
    source: str
    heat: str
    id: str
    label: str
    predicted: str
    probability: float | None
    loss: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A class, and some of its training pictures."""

    name: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """All pictures of a report.

    Attributes:
        costly: The mistakes of the highest loss, the worst first.
        cells: By (true, predicted) class index: pictures behind a cell of the confusion matrix.
        by_id: By name in the data.
        samples: Training pictures, class by class.
        augmented: Rows of data URIs, the first of each unchanged; none where training changes nothing.
        strengths: Of these changes, by name.
        heat_layer: The layer whose map the heat is of.
        heat_missing: Why there is no heat; empty where there is.
        pixelated: Whether pictures are so small that their pixels should stay squares.
    """

    costly: tuple[Picture, ...]
    cells: Mapping[tuple[int, int], tuple[Picture, ...]]
    by_id: Mapping[str, Picture]
    samples: tuple[Sample, ...]
    augmented: tuple[tuple[str, ...], ...]
    strengths: Mapping[str, float]
    heat_layer: str
    heat_missing: str
    pixelated: bool


def make_album(shown: ShownPictures, class_names: Sequence[str]) -> Album:
    """Encode the kept pictures of a run; `class_names` are in label order."""
    heat = {row: shown.heat[index] for index, row in enumerate(shown.heat_rows)}
    if shown.heat_missing:
        heat = {}
    pictures = [
        _make_picture(row, it, shown.pixels[row], heat.get(row), class_names)
        for row, it in enumerate(shown.pictures)
    ]
    cells: dict[tuple[int, int], list[Picture]] = {}
    samples: dict[int, list[Picture]] = {}
    for it, picture in zip(shown.pictures, pictures, strict=True):
        if it.predicted is not None:
            cells.setdefault((it.label, it.predicted), []).append(picture)
        elif it.sample:
            samples.setdefault(it.label, []).append(picture)
    return Album(
        costly=tuple(pictures[row] for row in shown.heat_rows),
        cells={
            cell: tuple(sorted(its, key=lambda it: -(it.loss or 0.0)))
            for cell, its in cells.items()
        },
        by_id={it.id: picture for it, picture in zip(shown.pictures, pictures, strict=True)},
        samples=tuple(
            Sample(name=class_names[label], pictures=tuple(its))
            for label, its in sorted(samples.items())
        ),
        augmented=_embed_rows(shown),
        strengths=shown.strengths,
        heat_layer=shown.heat_layer,
        heat_missing=shown.heat_missing,
        pixelated=max(shown.pixels.shape[1:3]) <= EXACT_SIDE,
    )


def _make_picture(
    row: int,
    it: ShownPicture,
    pixels: np.ndarray,
    heat: np.ndarray | None,
    class_names: Sequence[str],
) -> Picture:
    return Picture(
        number=row + 1,
        source=embed_picture(pixels),
        heat="" if heat is None else embed_picture(lay_heat(pixels, heat)),
        id=shorten(it.id, MAX_ID),
        label=class_names[it.label],
        predicted="" if it.predicted is None else class_names[it.predicted],
        probability=it.probability,
        loss=it.loss,
    )


def lay_heat(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay a heat map uint8 (i, j) over a picture uint8 (H, W, C): uint8 (H', W', 3), yellow to red where it is hot."""
    import numpy as np
    from PIL import Image

    height, width = pixels.shape[:2]
    scale = HEAT_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    grey = pixels.shape[2] == 1
    picture = Image.fromarray(pixels[:, :, 0] if grey else pixels).convert("RGB")
    ground = np.asarray(picture.resize(size, Image.Resampling.NEAREST), np.float64)
    share = np.asarray(Image.fromarray(heat).resize(size, Image.Resampling.BICUBIC), np.float64)
    share = share[:, :, None] / 255.0
    colour = np.array([255.0, 205.0, 40.0]) * (1 - share) + np.array([225.0, 30.0, 20.0]) * share
    weight = 0.75 * share
    laid: np.ndarray = (ground * (1 - weight) + colour * weight).round().clip(0, 255)
    return laid.astype(np.uint8)


def _embed_rows(shown: ShownPictures) -> tuple[tuple[str, ...], ...]:
    if not len(shown.changed):
        return ()
    rows = zip(shown.originals, *shown.changed, strict=True)  # a row a picture
    return tuple(tuple(embed_picture(pixels) for pixels in row) for row in rows)
