"""Sources that a contract asks adapters about, and reading one to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Problem, Sample
from imgcls_automl.testing.promises import BrokenPromiseError, EndlessError, blaming, require

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgcls_automl.plugin import DatasetAdapter

MOST_SAMPLES = 100_000  # of an example source
READ_SECONDS = 120.0  # on a machine that may be busy

# Suffixes that adapters like to trust, over what is none of these formats.
_MISNAMED = ("broken.csv", "broken.npz", "broken.parquet", "broken.json", "broken.zip", "1.png")


def read_all(adapter: DatasetAdapter, source: str) -> list[Sample | Problem]:
    """Read a source to its end, within limits.

    Raises:
        BrokenPromiseError: It fails, does not end, or yields something else.
    """
    __tracebackhide__ = True
    items: list[Sample | Problem] = []
    until = time.monotonic() + READ_SECONDS
    with blaming(f"read({source!r})", "Yield a Problem for a bad sample, and labels as texts."):
        for item in adapter.read(source):
            if not isinstance(item, (Sample, Problem)):
                raise BrokenPromiseError(
                    f"read() yielded {_show(item)}, which is a {type(item).__name__}.\n"
                    "Yield imgcls_automl.plugin.Sample, or Problem for a sample that cannot be had."
                )
            items.append(item)
            if len(items) > MOST_SAMPLES or time.monotonic() > until:
                raise EndlessError(
                    f"read() has not ended after {len(items):,} samples.\n"
                    f"Let it end; as an example give a source of less than {MOST_SAMPLES:,} samples "
                    f"that takes less than {READ_SECONDS:g} s."
                )
    return items


def read_samples(adapter: DatasetAdapter, source: str) -> list[Sample]:
    """The samples of a source, without its problems."""
    __tracebackhide__ = True
    return [item for item in read_all(adapter, source) if isinstance(item, Sample)]


def write_alien_sources(folder: Path) -> list[str]:
    """Sources that no adapter reads: missing, empty, prose, noise, and files that are not what they are called."""
    (folder / "empty folder").mkdir()
    (folder / "empty.csv").touch()
    (folder / "notes.txt").write_text("Bread, milk, and a present for Ada.\n", encoding="utf-8")
    for name in _MISNAMED:
        (folder / name).write_bytes(b"\xff\xfe\x00no such format\r\n" * 3)
    return [str(folder / "missing"), *sorted(map(str, folder.iterdir()))]


def require_text(value: Any, what: str) -> None:
    """Require a plain text that is not empty."""
    __tracebackhide__ = True
    require(
        isinstance(value, str) and value,
        f"{what} is {_show(value)} ({type(value).__name__}).",
        "Make it a text that is not empty, for example str(number).",
    )


def time_call(call: Callable[[], Any]) -> float:
    """The seconds that a call takes, the best of three."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return min(times)


def _show(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:
        raise BrokenPromiseError(
            f"repr() of a {type(value).__name__} raised {type(error).__name__}.\nMend its __repr__."
        ) from error
    return text if len(text) <= 80 else f"{text[:77]}..."
