"""The page of an inspection: pictures of each class, odd ones, look-alikes side by side, and what a space changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imgcls_automl.files import write_text
from imgcls_automl.pages.bars import draw_bars
from imgcls_automl.pages.content_policy import make_policy, read_asset
from imgcls_automl.pages.opening import open_templates
from imgcls_automl.pages.thumbnails import EXACT_SIDE, embed_picture

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.augmentation_preview import Preview
    from imgcls_automl.data.inspection import Inspection
    from imgcls_automl.data.sights import Caption, Sights

MOST_CLASSES = 100  # of the table of classes
MOST_UNREADABLE = 200
MOST_FINDINGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture on the page: its number, which names it, its data URI, and what is said of it."""

    number: int
    source: str
    caption: Caption


def write_data_page(path: Path, inspection: Inspection, preview: Preview | None) -> None:
    """Write an inspection as one page, whole or not at all. Raises OSError."""
    from markupsafe import Markup

    style = read_asset("imgcls_automl.pages", "page.css") + read_asset(
        "imgcls_automl.pages", "data.css"
    )
    values = {
        "policy": make_policy(styles=(style,)),
        "style": Markup(style),
        "title": inspection.summary["source"],
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "summary": inspection.summary,
        "unreadable": inspection.unreadable[:MOST_UNREADABLE],
        "unreadable_more": len(inspection.unreadable) - MOST_UNREADABLE,
        "findings": inspection.findings[:MOST_FINDINGS],
        "findings_more": len(inspection.findings) - MOST_FINDINGS,
        "refusal": (inspection.refusal or "").splitlines(),
        "most_classes": MOST_CLASSES,
        **_show_sights(inspection),
        **_show_preview(preview),
    }
    template = open_templates("imgcls_automl.pages").get_template("data.html.jinja")
    write_text(path, template.render(values))


def _show_sights(inspection: Inspection) -> dict[str, Any]:
    import numpy as np

    sights, dataset = inspection.sights, inspection.dataset
    if sights is None or dataset is None:
        return {"sights": None, "pictures": {}, "charts": (), "pixelated": False}
    images = np.load(dataset.images, mmap_mode="r")
    numbers = {place: number for number, place in enumerate(sights.captions, start=1)}
    return {
        "sights": sights,
        "pictures": {
            place: Picture(
                number=numbers[place], source=embed_picture(images[place]), caption=caption
            )
            for place, caption in sights.captions.items()
        },
        "charts": _draw_charts(sights),
        "pixelated": max(dataset.task.image_shape[:2]) <= EXACT_SIDE,
    }


def _draw_charts(sights: Sights) -> list[Any]:
    charts = [draw_bars("brightness, the mean of all pixels (0 to 255)", sights.brightness)]
    for name, histogram in (("width", sights.widths), ("height", sights.heights)):
        if histogram.low < histogram.high:
            charts.append(draw_bars(f"{name} before decoding (pixels)", histogram))
    return charts


def _show_preview(preview: Preview | None) -> dict[str, Any]:
    if preview is None:
        return {"preview": None, "changed": ()}
    rows = zip(preview.originals, *preview.changed, strict=True)  # a row a picture
    return {
        "preview": preview,
        "changed": [[embed_picture(pixels) for pixels in row] for row in rows],
    }
