"""A place where searches are started, killed and resumed, and what their run folders hold afterwards."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

NUMPY_SEARCH = Path(__file__).parents[1] / "systems" / "numpy_search.py"
ENDED = ("COMPLETE", "PRUNED", "FAIL")
BEGINS = (
    " begins"  # what a search says when a trial is under way, and then on which of several workers
)


@dataclass(slots=True, kw_only=True)
class Scene:
    """Searches on digits in one folder.

    Attributes:
        folder: Holds run folders, the cache and logs.
        real: Whether the installed command trains with Keras; else workers train in NumPy, `benchmarks.systems`.
        space: The search space of real trainings.
        epochs: Of a trial.
        epoch_seconds: What an epoch takes at least, in NumPy.
        patience: Seconds after which a command that should have ended is given up.
        kept: Where what commands said is kept that said it unclearly; None for nowhere.
    """

    folder: Path
    real: bool = False
    space: str = "cnn_small"
    epochs: int = 3
    epoch_seconds: float = 0.05
    patience: float = 300.0
    kept: Path | None = None
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def span(self) -> float:
        """Seconds that a search of a few trials takes, about: random moments are drawn from them."""
        return 12.0 if self.real else 4.0

    def run_folder(self, name: str) -> Path:
        return self.folder / name

    def search(self, name: str, trials: int, *options: str, **limits: Any) -> Command:
        """Start a search into a new run folder."""
        words = ("search", "--space", self.space, "--data", "digits", "--preset", "fast")
        sizes = ("--trials", str(trials), "--epochs", str(self.epochs), "--out", name)
        return self.start(*words, *sizes, *options, **limits)

    def resume(self, name: str, *options: str, **limits: Any) -> Command:
        """Start `resume` on a run folder."""
        return self.start("resume", name, *options, **limits)

    def start(self, *words: str, file_size: int | None = None) -> Command:
        """Start a command; `file_size` limits, in bytes, every file that it and its children write."""
        limit = [] if file_size is None else ["prlimit", f"--fsize={file_size}"]
        program = [str(Path(sys.executable).with_name("imgcls-automl"))]
        if not self.real:
            program = [sys.executable, str(NUMPY_SEARCH)]
        own = {name: text for name, text in os.environ.items() if "IMGCLS_AUTOML" not in name}
        environment = {
            **own,
            "IMGCLS_AUTOML_CACHE_DIR": str(self.folder / "cache"),
            "NUMPY_WORKER_EPOCH": str(self.epoch_seconds),
        }
        said = self.folder / f"said-{len(self.started)}.txt"
        with said.open("wb") as log:
            process = subprocess.Popen(
                [*limit, *program, *words],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return Command(process=process, said=said, patience=self.patience)

    def keep_words(self, command: Command, name: str) -> None:
        """Keep what a command has said as a text of this name."""
        if self.kept is not None:
            self.kept.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(command.said, self.kept / f"{name}.txt")

    def close(self) -> None:
        """Kill what still runs."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that was started; what it says goes to a file."""

    process: subprocess.Popen[bytes]
    said: Path
    patience: float

    def read(self) -> str:
        return self.said.read_text(encoding="utf-8", errors="replace")

    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait(self) -> int:
        """Wait for its end; returns the exit code."""
        return self.process.wait(self.patience)

    def wait_for(self, words: str) -> float | None:
        """Seconds until it has said something; None where it ended without."""
        begun = time.monotonic()
        while time.monotonic() - begun < self.patience:
            ended = self.process.poll() is not None
            if words in self.read():
                return time.monotonic() - begun
            if ended:
                return None
            time.sleep(0.01)
        raise TimeoutError(f"no {words!r} in {self.patience:g} s:\n{self.read()[-2000:]}")

    def children(self) -> list[psutil.Process]:
        try:
            found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return found

    def kill(self, orphans_within: float = 20.0) -> int:
        """Kill the search process; returns how many of its children live on after so many seconds."""
        children = self.children()
        self.process.kill()
        self.process.wait()
        return len(psutil.wait_procs(children, timeout=orphans_within)[1])

    def is_clear(self) -> bool:
        """Whether it said what was wrong as a user wants to hear it: no traceback, no bug of ours."""
        said = self.read()
        return "Traceback" not in said and "This is a bug" not in said


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a run folder holds.

    Attributes:
        done: Whether its record says that all was done and reported.
        intact: Whether SQLite finds the study whole.
        running: Trials that the study takes to be under way.
        numbers: Of all the study's trials.
        told: State and value of the trials that have ended, by number.
        results: result.json of each trial that has one, by number.
    """

    done: bool
    intact: bool
    running: int
    numbers: list[int]
    told: dict[int, tuple[str, float | None]]
    results: dict[int, dict[str, Any]]

    @property
    def counted(self) -> int:
        """Trials that `--trials` counts, as the disk tells."""
        return sum(result["state"] != "infeasible" for result in self.results.values())

    @property
    def failed(self) -> int:
        """Trials that failed, as the disk tells."""
        return sum(result["state"] == "failed" for result in self.results.values())

    @property
    def duplicates(self) -> int:
        """Trials of one number in the study."""
        return len(self.numbers) - len(set(self.numbers))

    @property
    def untold(self) -> int:
        """Results on the disk that the study does not have, and the other way round."""
        return len(set(self.results) ^ set(self.told))

    def count_lost(self, earlier: dict[int, dict[str, Any]]) -> int:
        """Of the results of an earlier moment, by number, those that are gone or changed."""
        return sum(
            it not in self.results or _without_latency(self.results[it]) != _without_latency(result)
            for it, result in earlier.items()
        )


def _without_latency(result: dict[str, Any]) -> dict[str, Any]:
    # Measured of contenders alone, once the search is over.
    return {name: value for name, value in result.items() if name != "latency_ms"}


def read_results(run: Path) -> dict[int, dict[str, Any]]:
    """Read result.json of each trial that has one, by number."""
    return {
        int(path.parent.name): json.loads(path.read_text(encoding="utf-8"))
        for path in run.glob("trials/*/result.json")
    }


def read_standing(run: Path) -> Standing:
    """Read a run folder that no process has open."""
    results = read_results(run)
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    done = record["status"] == "complete" and record.get("reported", True)
    intact, rows = True, []
    if (run / "study.db").exists():
        try:
            intact, rows = _read_study(run / "study.db")
        except sqlite3.DatabaseError:
            intact = False
    return Standing(
        done=done,
        intact=intact,
        running=sum(state == "RUNNING" for _, state, _ in rows),
        numbers=[number for number, _, _ in rows],
        told={number: (state, value) for number, state, value in rows if state in ENDED},
        results=results,
    )


def _read_study(file: Path) -> tuple[bool, list[tuple[int, str, float | None]]]:
    """Whether SQLite finds a study whole, and number, state and value of its trials."""
    with closing(sqlite3.connect(file)) as connection:
        intact = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
        if ("trial_values",) not in tables:  # killed before it was made
            return intact, []
        return intact, connection.execute(
            "SELECT number, state, value FROM trials LEFT JOIN trial_values USING (trial_id)"
        ).fetchall()
