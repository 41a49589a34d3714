"""The few pictures that a run keeps in best/, so that its report can be written again without data or framework."""

from __future__ import annotations

import zipfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.files import replacing, write_text
from imgcls_automl.results.documents import damaged, read_object
from imgcls_automl.text import format_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

SCHEMA_VERSION = 1
INDEX = "pictures.json"
PIXELS = "pictures.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """What is known of a kept picture.

    Attributes:
        id: Its name in the data.
        split: `"train"`, `"validation"` or `"test"`.
        label: Class index.
        predicted: The class the final model took it for; None where the model was not asked.
        probability: Of that class; None likewise.
        loss: Cross-entropy; None likewise.
        sample: Whether it was chosen to show its class, and for nothing else.
    """

    id: str
    split: str
    label: int
    predicted: int | None = None
    probability: float | None = None
    loss: float | None = None
    sample: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownPictures:
    """All that is kept, small enough to be mailed.

    Attributes:
        pictures: P of them.
        pixels: uint8 (P, h, w, C).
        heat: Grad-CAM of the class that was predicted, uint8 (G, i, j).
        heat_rows: The pictures that it is of, G of them.
        heat_layer: Whose map was weighed; empty where there is no heat.
        heat_missing: Why there is none; empty where there is.
        originals: Training pictures, uint8 (Q, h, w, C).
        changed: What the winner's augmentation makes of them, uint8 (V, Q, h, w, C); V is 0 where it changes nothing.
        strengths: Of these changes, by name.
    """

    pictures: tuple[ShownPicture, ...]
    pixels: np.ndarray
    heat: np.ndarray
    heat_rows: tuple[int, ...]
    heat_layer: str
    heat_missing: str
    originals: np.ndarray
    changed: np.ndarray
    strengths: Mapping[str, float]


def write_shown_pictures(best: Path, shown: ShownPictures) -> None:
    """Write pictures.npz and, last, pictures.json into `best`; each whole or not at all."""
    import numpy as np

    with replacing(best / PIXELS) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            pixels=shown.pixels,
            heat=shown.heat,
            originals=shown.originals,
            changed=shown.changed,
        )
    index = {
        "schema_version": SCHEMA_VERSION,
        "pictures": [asdict(it) for it in shown.pictures],
        "heat_rows": list(shown.heat_rows),
        "heat_layer": shown.heat_layer,
        "heat_missing": shown.heat_missing,
        "strengths": dict(shown.strengths),
    }
    write_text(best / INDEX, format_json(index))


def read_shown_pictures(best: Path, *, classes: int) -> ShownPictures | None:
    """Read them back, of so many classes; None where an older version kept none.

    Raises:
        RunFolderError: A file is damaged.
    """
    import numpy as np

    path = best / INDEX
    if not path.is_file():
        return None
    index = read_object(path)
    try:
        with (best / PIXELS).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            shown = _make_shown(index, arrays)
    except (
        *(OSError, EOFError, KeyError, TypeError, ValueError, AttributeError, MemoryError),
        zipfile.BadZipFile,
    ) as error:
        raise damaged(best / PIXELS, f"it does not fit {INDEX} ({error})") from error
    if len(shown.pixels) != len(shown.pictures) or len(shown.heat) != len(shown.heat_rows):
        raise damaged(best / PIXELS, f"it does not hold the pictures of {INDEX}")
    if any(max(it.label, it.predicted or 0) >= classes for it in shown.pictures):
        raise damaged(path, f"it has more than the {classes} classes of metrics.json")
    return shown


def _make_shown(index: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ShownPictures:
    return ShownPictures(
        pictures=tuple(ShownPicture(**it) for it in index["pictures"]),
        heat_rows=tuple(int(row) for row in index["heat_rows"]),
        heat_layer=str(index["heat_layer"]),
        heat_missing=str(index["heat_missing"]),
        strengths=dict(index["strengths"]),
        **{name: arrays[name] for name in ("pixels", "heat", "originals", "changed")},
    )
