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
CLEAR_CODES = (2, 3, 5)


def make_killed_run(scene: Scene, name: str = "whole") -> Path:
    """A run that was killed in the middle of its search, its study not yet folded into one file."""
    command = scene.search(name, TRIALS)
    command.wait_for("trial 3 begins")
    command.kill()
    return scene.run_folder(name)


def truncate_files(scene: Scene, offsets: int) -> list[dict[str, Any]]:
    """Cut each file of a killed run short at evenly spread offsets, and resume it: one row a file."""
    whole = make_killed_run(scene)
    # Those of ours, and what else a trial that was under way has left.
    files = [*STATE_FILES, *(str(it.relative_to(whole)) for it in whole.glob("trials/3/*"))]
    rows = []
    for file in dict.fromkeys(files):
        if (whole / file).is_file():
            rows.append({"file": file, **_truncate_one(scene, whole, file, offsets)})
    return rows


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
        code = command.wait()
        seconds = time.monotonic() - begun
        if code == 0:
            standing = read_standing(copy)
            exact = standing.counted == TRIALS and not standing.running and not standing.untold
            outcomes["resumed" if exact and standing.intact else "wrong"] += 1
        elif code in CLEAR_CODES and command.is_clear():
            outcomes["clear error"] += 1
            slowest = max(slowest, seconds)
        else:
            outcomes["unclear"] += 1
            shutil.copyfile(command.said, scene.folder / f"unclear-{file.replace('/', '-')}.txt")
    return {
        "offsets": offsets,
        **{name: outcomes[name] for name in ("resumed", "clear error", "wrong", "unclear")},
        "slowest_error_seconds": slowest,
    }


def fill_disks(scene: Scene, sizes: int) -> dict[str, Any]:
    """Search under limits on the size of a file, from a sector to a megabyte, then resume without."""
    outcomes: Counter[str] = Counter()
    lost = wrong = 0
    scene.search("cached", 1).wait()  # so that the limit meets the run, not the cache
    for number in range(sizes):
        name = f"full-{number}"
        limit = int(512 * 2048 ** (number / max(1, sizes - 1)))
        command = scene.search(name, TRIALS, file_size=limit)
        code = command.wait()
        clear = command.is_clear() and (code == 0 or code in CLEAR_CODES)
        outcomes["went through" if code == 0 else "clear" if clear else "unclear"] += 1
        if not clear:
            shutil.copyfile(command.said, scene.folder / f"unclear-full-{limit}.txt")
        if code == 0 or not (scene.run_folder(name) / "run.json").exists():
            continue
        before = read_standing(scene.run_folder(name))
        again = scene.resume(name)
        wrong += again.wait() != 0
        after = read_standing(scene.run_folder(name))
        lost += after.count_lost(before.results) + after.untold
        wrong += after.counted != TRIALS or after.running > 0
    kinds = {it: outcomes[it] for it in ("went through", "clear", "unclear")}
    return {"sizes": sizes, **kinds, "lost": lost, "wrong_after_resume": wrong}
