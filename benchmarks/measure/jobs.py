"""A piece of work in a process of its own: JSON in, JSON out, its time and peak memory taken from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure.machine import usable_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_BENCHMARKS = Path(__file__).parents[1]
_SAMPLE_EVERY = 0.5  # seconds between two looks at a process's memory
_LOOK_EVERY = 0.05
_LOG_TAIL = 2000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended.

    Attributes:
        started: When it was started, in seconds since the epoch.
        seconds: From there to its end.
        peak_bytes: The most that it and its descendants took together, sampled twice a second; None where
            it was not measured.
        stopped: Whether it was killed at its limit.
        error: The end of its log where it ended with another code than 0 by itself; None where all is well.
    """

    started: float
    seconds: float
    peak_bytes: int | None
    stopped: bool
    error: str | None


def run_process(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    limit: float | None = None,
    memory: bool = True,
) -> Ended:
    """Run a command to its end.

    Args:
        command: Program and arguments; runs in the log's folder.
        log: Takes its output.
        environment: Set on top of this process's own.
        limit: Seconds after which it is killed.
        memory: Whether to measure its memory, which takes psutil.
    """
    started = time.time()
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command),
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        try:
            peak, stopped = _watch(process, started, limit, memory)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    seconds, error = time.time() - started, None
    if process.returncode != 0 and not stopped:
        tail = log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:]
        error = (
            f"{' '.join(command[1:4])} ended with code {process.returncode}. Its log ends:\n{tail}"
        )
    return Ended(started=started, seconds=seconds, peak_bytes=peak, stopped=stopped, error=error)


def run_job(
    module: str,
    job: Mapping[str, Any],
    *,
    folder: Path,
    environment: Mapping[str, str],
    limit: float | None = None,
    memory: bool = True,
) -> tuple[Ended, dict[str, Any]]:
    """Run `python -m module` on a job and return how it ended, and its answer: empty where it came to none.

    Args:
        module: One of `systems`, which calls `answer_job`.
        job: JSON values.
        folder: A new folder of its own, for its files.
        environment: As in `run_process`, like what follows.
        limit: As in `run_process`.
        memory: As in `run_process`.
    """
    folder.mkdir(parents=True)
    question, answer = folder / "job.json", folder / "answer.json"
    question.write_text(json.dumps({**job, "folder": str(folder)}), encoding="utf-8")
    ended = run_process(
        [sys.executable, "-m", module, str(question), str(answer)],
        log=folder / "log.txt",
        environment={**environment, "PYTHONPATH": _python_path()},
        limit=limit,
        memory=memory,
    )
    answered = not ended.stopped and ended.error is None
    return ended, json.loads(answer.read_text(encoding="utf-8")) if answered else {}


def answer_job(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """What a module of `systems` does when it is run: read the job, do it, write the answer."""
    question, answer = Path(sys.argv[1]), Path(sys.argv[2])
    result = work(json.loads(question.read_text(encoding="utf-8")))
    answer.write_text(json.dumps(result), encoding="utf-8")


def training_environment(device: str = "auto") -> dict[str, str]:
    """The variables that imgcls-automl starts its workers with, for all systems alike."""
    from imgcls_automl.training.backend import worker_environment

    return worker_environment(device=device, threads=usable_cores())


def _python_path() -> str:
    return os.pathsep.join([str(_BENCHMARKS), *filter(None, [os.environ.get("PYTHONPATH")])])


def _watch(
    process: subprocess.Popen[bytes], started: float, limit: float | None, memory: bool
) -> tuple[int | None, bool]:
    """Wait for the end, or for the limit. Returns the peak in bytes, and whether it was the limit."""
    peak, sampled = (0, 0.0) if memory else (None, 0.0)
    while process.poll() is None:
        now = time.time()
        if limit is not None and now > started + limit:
            return peak, True
        if peak is not None and now > sampled + _SAMPLE_EVERY:
            from measure.memory_use import measure_tree

            peak, sampled = max(peak, measure_tree(process.pid).once), now
        time.sleep(_LOOK_EVERY)
    return peak, False
