"""One search by the command line, as a user types it: for benchmarks of what a finished run has come to."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from measure.jobs import run_process


def run_search(
    folder: Path, *, space: str, data: str, seed: int, flags: str = ""
) -> tuple[Path, float]:
    """Run one search to its end.

    Args:
        folder: Takes the run folder, the log and the decoded pictures, which searches of one folder share.
        space: The search space.
        data: What `--data` takes; a relative path is one from the working folder.
        seed: What `--seed` takes.
        flags: More of the command line, in one text.

    Returns:
        The run folder, and the seconds that it took.

    Raises:
        RuntimeError: The search failed.
    """
    run = folder / f"run-{seed}"
    command = [
        str(Path(sys.executable).with_name("imgcls-automl")),
        *("search", "--space", space),
        *("--data", str(Path(data).resolve()) if Path(data).exists() else data),
        *("--seed", str(seed), "--out", str(run), "--cache-dir", str(folder / "cache"), "--quiet"),
        *shlex.split(flags),
    ]
    ended = run_process(command, log=folder / f"{seed}.txt", environment={}, memory=False)
    if ended.error is not None:
        raise RuntimeError(ended.error)
    return run, ended.seconds
