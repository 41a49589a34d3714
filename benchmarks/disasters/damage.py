"""Files of a run cut short, and disks that are full."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from disasters.kills import TRIALS
from disasters.scene import Scene, read_standing

if TYPE_CHECKING:
    from pathlib import Path

    from disasters.scene import Command

STATE_FILES = (
    "run.json",
    "study.db",
    "study.db-wal",
    "data/splits.csv",
    "data/summary.json",
    "trials/1/candidate.json",
    "trials/1/history.csv",
    "trials/1/result.json",
)
# What the choice of a winner leaves, of each kind the first file.
CHOICE_FILES = (
    "data/splits.npy",
    "trials/*/best.weights.h5",
    "trials/*/validation-*.npz",
    "trials/*/retrained-0/best.weights.h5",
    "trials/*/retrained-0/result.json",
)
CLEAR_CODES = (2, 3, 5)


def make_killed_run(
    scene: Scene, name: str = "whole", *options: str, at: str = "trial 3 begins"
) -> Path:
    """A run that was killed in the middle of its search, its study not yet folded into one file."""
    command = scene.search(name, TRIALS, *options)
    command.wait_for(at)
    command.kill()
    return scene.run_folder(name)


def truncate_files(scene: Scene, offsets: int) -> list[dict[str, Any]]:
    """Cut each file of killed runs short at evenly spread offsets, and resume them: one row a file.

    One run was killed in its search. Of the other, killed in its refit, those files are cut that the first lacks.
    """
    whole = make_killed_run(scene)
    # Those of ours, and what else a trial that was under way has left.
    files = [*STATE_FILES, *(str(it.relative_to(whole)) for it in whole.glob("trials/3/*"))]
    chosen = make_killed_run(scene, "chosen", "--preset", "medium", at="Refitting trial")
    cut = [(whole, file) for file in dict.fromkeys(files)]
    cut += [(chosen, file) for pattern in CHOICE_FILES for file in _find_first(chosen, pattern)]
    return [
        {"file": file, **_truncate_one(scene, run, file, offsets)}
        for run, file in cut
        if (run / file).is_file()
    ]


def _find_first(run: Path, pattern: str) -> list[str]:
    return [str(it.relative_to(run)) for it in sorted(run.glob(pattern))[:1]]


def _truncate_one(scene: Scene, whole: Path, file: str, offsets: int) -> dict[str, Any]:
    size = (whole / file).stat().st_size
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    for number in range(offsets):
        copy = scene.run_folder("cut")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole, copy)
        with (copy / file).open("rb+") as opened:
            opened.truncate(size * number // offsets)
        begun = time.monotonic()
        command = scene.resume("cut")
        outcome = _judge_resume(command, copy)
        outcomes[outcome] += 1
        if outcome == "clear error":
            slowest = max(slowest, time.monotonic() - begun)
        elif outcome != "resumed":
            scene.keep_words(command, f"{outcome}-{file.replace('/', '-')}-{number}")
    return {
        "offsets": offsets,
        **{name: outcomes[name] for name in ("resumed", "clear error", "wrong", "unclear")},
        "slowest_error_seconds": slowest,
    }


def _judge_resume(command: Command, run: Path) -> str:
    code = command.wait()
    if code == 0:
        standing = read_standing(run)
        exact = standing.counted == TRIALS and not standing.running and not standing.untold
        return "resumed" if exact and standing.intact else "wrong"
    return "clear error" if code in CLEAR_CODES and command.is_clear() else "unclear"


def fill_disks(scene: Scene, sizes: int) -> dict[str, Any]:
    """Search under limits on the size of a file, from a sector to a megabyte, then resume without."""
    outcomes: Counter[str] = Counter()
    lost = wrong = failed = 0
    scene.search("cached", 1).wait()  # so that the limit meets the run, not the cache
    for number in range(sizes):
        run = scene.run_folder(f"full-{number}")
        limit = int(512 * 2048 ** (number / max(1, sizes - 1)))
        command = scene.search(run.name, TRIALS, file_size=limit)
        code = command.wait()
        clear = command.is_clear() and (code == 0 or code in CLEAR_CODES)
        outcomes["went through" if code == 0 else "clear" if clear else "unclear"] += 1
        if not clear:
            scene.keep_words(command, f"unclear-full-{limit}")
        if not (run / "run.json").exists():
            continue
        before = after = read_standing(run)
        if code != 0:
            wrong += scene.resume(run.name).wait() != 0
            after = read_standing(run)
        lost += after.count_lost(before.results) + after.untold
        wrong += after.counted != TRIALS or after.running > 0
        failed += after.failed
    kinds = {it: outcomes[it] for it in ("went through", "clear", "unclear")}
    told = {"lost": lost, "wrong_after_resume": wrong, "failed_trials": failed}
    return {"sizes": sizes, **kinds, **told}
