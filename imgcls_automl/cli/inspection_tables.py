"""An inspection on a terminal: from what there is to what is wrong with it, fitted to any width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from imgcls_automl.cli.wording import count
from imgcls_automl.data.audit.audit import PROBLEMS
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.decoded import Issue
    from imgcls_automl.data.inspection import Inspection

MOST_UNREADABLE = 20
MOST_CLASSES = 24  # above it, only the largest and the smallest are shown
MOST_FINDINGS = 3  # of a kind
WIDEST_BAR, NARROWEST_BAR = 40, 6
_GAP = 2  # spaces between columns
_COLUMN = _GAP + len("pictures")  # of numbers
_NARROW = 70  # columns, below which a class's splits are not shown
_PROBLEMS = ("disguised", *PROBLEMS)
_CONVERTED = {
    "exif_rotated": "turned upright by EXIF",
    "alpha_on_white": "transparent, laid on white",
    "16_bit": "of 16 bits, scaled to 8",
    "cmyk": "of CMYK colours",
    "palette": "with a palette",
    "animated": "animated, first frame taken",
}


def show_inspection(
    inspection: Inspection, request: DatasetRequest, *, page: Path | None = None
) -> None:
    """Print an inspection on stdout; every text from data is made harmless."""
    console = Console(highlight=False, markup=False)
    summary = inspection.summary
    _tell(console, f"{summary['source']}: {summary['reason']}", style="bold")
    _tell(console, f"Read by {summary['adapter']} ({summary['plugin']})")
    if inspection.dataset is not None:
        _show_contents(console, summary)
        _show_remarks(console, summary["checks"]["remarks"])
    _show_unreadable(console, inspection.unreadable)
    _show_findings(console, inspection.findings)
    _show_verdict(console, inspection, request, page)


def _show_contents(console: Console, summary: dict[str, Any]) -> None:
    height, width, channels = summary["image_shape"]
    effective = summary["checks"]["balance"]["effective_classes"]
    classes = summary["classes"]
    kinds = count(len(classes), "class") if len(classes) == 1 else f"{len(classes):,} classes"
    _head(console, f"{count(summary['pictures'], 'picture')} in {kinds}")
    _show_classes(console, classes)
    if len(classes) > 1:
        _tell(console, f"As hard to guess as {effective:.1f} classes of equal size.")
    _head(console, "Splits")
    _show_rows(console, _list_splits(summary))
    _head(console, "Pictures")
    colour = "grey" if channels == 1 else "colour"
    rows = [*_list_originals(summary["original"])]
    rows.append(("for a model", f"{width}x{height} {colour}, fitted by {summary['resize']}"))
    _show_rows(console, rows)


def _show_classes(console: Console, classes: Sequence[dict[str, Any]]) -> None:
    """A line a class with its pictures and a bar; its splits, where the terminal is wide enough."""
    totals = [sum(_sizes(it)) for it in classes]
    shown, left_out = _choose_classes(totals)
    splits = _split_columns(classes[0]) if console.width >= _NARROW else {}
    longest = max(cell_len(plain(classes[at]["name"])) for at in shown)
    names = max(len("class"), min(longest, console.width // 3))
    # A column less, for terminals that wrap when the last one is written.
    room = min(WIDEST_BAR, console.width - names - _COLUMN * (1 + len(splits)) - _GAP - 1)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    table.add_column("class", no_wrap=True, overflow="ellipsis", max_width=names)
    for column in ("pictures", *splits):
        table.add_column(column, justify="right", no_wrap=True)
    for number, at in enumerate(shown):
        if left_out and number == MOST_CLASSES // 2:
            table.add_row(Text("..."))
        bar = _draw_bar(totals[at] / max(1, *totals), room) if room >= NARROWEST_BAR else ""
        sizes = [f"{totals[at]:,}", *(tell(classes[at]) for tell in splits.values())]
        cells = (Text(size) for size in sizes)
        table.add_row(_text(classes[at]["name"]), *cells, Text(bar, style="cyan"))
    console.print(table)
    if left_out:
        _tell(console, f"The largest and the smallest; {left_out:,} more lie between.")


def _choose_classes(totals: Sequence[int]) -> tuple[list[int], int]:
    """The classes to show, all in their order or the largest and the smallest, and how many are left out."""
    if len(totals) <= MOST_CLASSES:
        return list(range(len(totals))), 0
    ranked = sorted(range(len(totals)), key=lambda at: -totals[at])
    half = MOST_CLASSES // 2
    return [*ranked[:half], *ranked[-half:]], len(totals) - 2 * half


def _sizes(one: dict[str, Any]) -> tuple[int, int, int]:
    return one["train"], one["validation"], one["test"]


def _split_columns(one: dict[str, Any]) -> dict[str, Callable[[dict[str, Any]], str]]:
    """The columns of a class's splits, and what stands in each; `one` is any class."""

    def tell(split: str) -> Callable[[dict[str, Any]], str]:
        return lambda it: f"{it[split]:,}"

    if "folds" in one:
        return {
            "train": tell("train"),
            "a fold": lambda it: _tell_range(it["folds"]),
            "test": tell("test"),
        }
    return {"train": tell("train"), "valid.": tell("validation"), "test": tell("test")}


def _tell_range(sizes: Sequence[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"


def _draw_bar(share: float, width: int) -> str:
    """A bar of whole and half blocks; at least the half of one, for a class that is there at all."""
    halves = max(1, round(share * width * 2)) if share else 0
    return "█" * (halves // 2) + "▌" * (halves % 2)


def _list_splits(summary: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        (name, f"{split['pictures']:,} ({split['from']})")
        for name, split in summary["splits"].items()
    ]
    if "fold_sizes" in summary:
        sizes = _tell_range(summary["fold_sizes"])
        rows.append(("folds", f"{summary['folds']} of {sizes}, each scoring what the others train"))
        lacking = [it["name"] for it in summary["classes"] if 0 in it["folds"]]
        if lacking:
            rows.append(("not in every fold", ", ".join(lacking)))
    if summary["left_out"]:
        rows.append(("left out", f"{summary['left_out']:,} (a copy is in a later split)"))
    return rows


def _list_originals(original: dict[str, Any]) -> list[tuple[str, str]]:
    sizes = original["sizes"]
    rows = []
    if sizes["distinct"] == 1:
        rows.append(("size", f"all {sizes['width']['min']}x{sizes['height']['min']}"))
    else:
        rows.append(("sizes", f"{sizes['distinct']:,} different ones"))
        for side in ("width", "height"):
            it = sizes[side]
            rows.append(
                (side, f"{it['min']:,} to {it['max']:,}, half of them up to {it['median']:,}")
            )
    modes = [f"{mode} {number:,}" for mode, number in original["modes"].items()]
    rows.append(("modes", ", ".join(modes)))
    converted = [
        f"{number:,} {_CONVERTED[name]}" for name, number in original["converted"].items() if number
    ]
    return [*rows, ("converted", "; ".join(converted) or "none")]


def _show_remarks(console: Console, remarks: Sequence[str]) -> None:
    _head(console, "What stands out" if remarks else "Nothing stands out.")
    for remark in remarks:
        _list_item(console, _text(remark))


def _show_unreadable(console: Console, issues: Sequence[Issue]) -> None:
    if not issues:
        return
    _head(console, f"{count(len(issues), 'picture')} cannot be read", style="bold red")
    for issue in issues[:MOST_UNREADABLE]:
        _list_item(console, Text.assemble(_text(issue.id), ": ", (plain(issue.detail), "dim")))
    _tell_rest(console, len(issues) - MOST_UNREADABLE)


def _show_findings(console: Console, findings: Sequence[Issue]) -> None:
    for problem in _PROBLEMS:
        found = [issue for issue in findings if issue.problem == problem]
        if not found:
            continue
        _head(console, f"{problem.replace('_', ' ')}: {len(found):,}")
        for issue in found[:MOST_FINDINGS]:
            _list_item(console, Text.assemble(_text(issue.id), ": ", (plain(issue.detail), "dim")))
        _tell_rest(console, len(found) - MOST_FINDINGS)


def _show_verdict(
    console: Console, inspection: Inspection, request: DatasetRequest, page: Path | None
) -> None:
    console.print()
    if inspection.refusal is None:
        _tell(console, "A search would take this data.", style="bold green")
    else:
        _tell(console, "A search would not begin:", style="bold red")
        for line in inspection.refusal.splitlines():
            _tell(console, line)
    if page is not None:
        console.print(Text(f"Page  {plain(str(page))}"), soft_wrap=True)
    if any(issue.problem == "unreadable" for issue in inspection.unreadable):
        _tell(console, "To see which files could be set aside, never deleted:")
        for command in request.quarantine_commands:
            console.print(Text(plain(command)), soft_wrap=True)


def _show_rows(console: Console, rows: Iterable[tuple[str, str]]) -> None:
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for name, told in rows:
        table.add_row(Text(name, style="dim"), _text(told))
    console.print(table)


def _tell_rest(console: Console, more: int) -> None:
    if more > 0:
        _list_item(console, Text(f"and {more:,} more; --json lists all", style="dim"))


def _list_item(console: Console, text: Text) -> None:
    console.print(Padding(text, (0, 0, 0, 2), expand=False))


def _head(console: Console, text: str, style: str = "bold") -> None:
    console.print()
    _tell(console, text, style=style)


def _tell(console: Console, text: str, style: str = "") -> None:
    console.print(Text(plain(text), style=style))


def _text(text: str) -> Text:
    return Text(plain(text))
