"""What a benchmark leaves: a table on the screen, and a JSON file with every single measurement."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure.machine import describe_machine, describe_versions

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA_VERSION = 1
MIB = 1 << 20


def make_parser(documentation: str | None) -> argparse.ArgumentParser:
    """A parser whose help is the script's docstring, with the flags that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run of seconds; its figures mean nothing"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("bench-results"),
        metavar="DIR",
        help="folder for the JSON file (default: %(default)s)",
    )
    return parser


class Record:
    """Everything one run of a benchmark measured.

    Args:
        name: The benchmark's.
        arguments: As parsed; of a path only its last part is kept.
    """

    def __init__(self, name: str, arguments: argparse.Namespace) -> None:
        self._name = name
        self._out: Path = arguments.out
        self._head = {
            "schema_version": SCHEMA_VERSION,
            "benchmark": name,
            "started": _now(),
            "arguments": {key: _shorten(value) for key, value in vars(arguments).items()},
            "machine": describe_machine(),
            "versions": describe_versions(),
        }
        self.measurements: list[dict[str, Any]] = []

    def add(self, **values: Any) -> None:
        """Keep one measurement."""
        self.measurements.append(values)

    def write(self, summary: dict[str, Any]) -> Path:
        """Write all of it to `<out>/<name>.json`; `summary` holds what was computed from the measurements."""
        self._out.mkdir(parents=True, exist_ok=True)
        path = self._out / f"{self._name}.json"
        document = {
            **self._head,
            "ended": _now(),
            "summary": summary,
            "measurements": self.measurements,
        }
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        print(f"All measurements: {path}")
        return path


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; floats with three significant digits, None as a dash."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*(format_cell(value) for value in row))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:  # a log has room for all columns
        console.width = 140
    console.print(table)


def format_cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return (
            f"{value:.4f}"
            if abs(value) < 1
            else f"{value:.2f}"
            if abs(value) < 100
            else f"{value:.0f}"
        )
    return str(value)


def _shorten(value: Any) -> Any:
    """Paths are the business of one machine only; the name alone tells what was read."""
    text = str(value)
    return Path(text).name if isinstance(value, Path) or "/" in text else value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
