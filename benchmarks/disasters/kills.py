"""Searches and workers killed at random moments."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]

from disasters.scene import BEGINS, Scene, Standing, read_results, read_standing
from imgcls_automl.trial_files import RESULT

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from disasters.scene import Command

TRIALS = 6  # of a search that is killed again and again


def kill_searches(scene: Scene, count: int, dice: random.Random) -> dict[str, Any]:
    """SIGKILL search processes at random moments, from the first on, and resume them until they are through.

    A search whose kill came before there was a run to resume is started anew.
    """
    figures = {"kills": 0, "runs": 0, "orphans": 0, "damaged": 0, "lost": 0, "duplicates": 0}
    figures |= {"left_running": 0, "wrong_total": 0, "wrong_exit": 0, "unclear": 0}
    resumed: list[float] = []
    span = scene.span
    while figures["kills"] < count:
        name = f"killed-{figures['runs']}"
        begun = time.monotonic()
        command, before = scene.search(name, TRIALS), None
        while True:
            if figures["kills"] < count and not _ends_within(command, dice.uniform(0.1, span)):
                figures["orphans"] += command.kill()
                figures["kills"] += 1
            else:
                command.wait()
                span = max(2.0, min(span, 1.5 * (time.monotonic() - begun)))
            code = command.process.returncode
            if code not in (0, -signal.SIGKILL):
                figures["wrong_exit"] += 1
                scene.keep_words(command, f"exit-{code}-{name}")
                break
            if not (scene.run_folder(name) / "run.json").exists():
                break  # there was nothing yet
            standing = read_standing(scene.run_folder(name))
            figures["damaged"] += not standing.intact
            figures["lost"] += standing.count_lost(before.results) if before else 0
            if not command.is_clear():
                figures["unclear"] += 1
                scene.keep_words(command, f"unclear-{name}-{figures['kills']}")
            before = standing
            if code == 0 or standing.done:  # killed as it was about to leave
                _judge(standing, figures)
                break
            begun = time.monotonic()
            command = scene.resume(name)
            if figures["kills"] >= count:
                seconds = command.wait_for(BEGINS)
                resumed += [] if seconds is None else [seconds]
        figures["runs"] += 1
    return {**figures, **({"slowest_resume_seconds": max(resumed)} if resumed else {})}


def _ends_within(command: Command, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if command.process.poll() is not None:
            return True
        time.sleep(0.005)
    return False


def _judge(standing: Standing, figures: dict[str, int]) -> None:
    figures["duplicates"] += standing.duplicates
    figures["left_running"] += standing.running
    figures["lost"] += standing.untold
    figures["wrong_total"] += standing.counted != TRIALS


def measure_resume(scene: Scene) -> dict[str, Any]:
    """Seconds from `resume` of a killed search to the trial that goes on."""
    command = scene.search("resumed", TRIALS)
    command.wait_for("trial 2 begins")
    command.kill()
    again = scene.resume("resumed")
    seconds = again.wait_for(BEGINS)
    again.wait()
    return {"seconds_to_first_trial": seconds}


def kill_workers(scene: Scene, count: int, dice: random.Random) -> dict[str, Any]:
    """SIGKILL the worker of one search again and again, a finished trial at least between two of them.

    Some further kills come the moment a result is on the disk: the worker may not have sent it yet.
    """
    trials = 5 * count
    run = scene.run_folder("workers")
    command = scene.search("workers", trials)
    command.wait_for(BEGINS)
    seconds: list[float] = []
    seen: dict[int, dict[str, Any]] = {}
    unrecorded = rounds = 0
    before = read_results_count(run)
    while len(seconds) < count and command.is_running():
        time.sleep(dice.uniform(0.0, 3 * scene.epochs * scene.epoch_seconds))
        ended = read_results_count(run)
        if ended >= trials:
            break  # the search is over: what follows has other promises
        if ended <= before or not (workers := _list_workers(command)):
            continue
        rounds += 1
        if rounds % 4 == 1:
            seen |= _kill_at_result(run, command, dice)
        else:
            seen |= read_results(run)
            under_way = _find_under_way(run)
            killed = time.monotonic()
            dice.choice(workers).kill()
            if under_way is not None:  # else it was idle, or starting
                state = _await_end(command, under_way)
                seconds += [time.monotonic() - killed] if state == "failed" else []
                unrecorded += state is None
        before = read_results_count(run)
    code = command.wait()
    if code != 0:
        scene.keep_words(command, f"exit-{code}-workers")
    standing = read_standing(run)
    return {
        "kills": len(seconds),
        "missing_kills": count - len(seconds),
        "exit_code": code,
        "slowest_record_seconds": max(seconds, default=None),
        "lost": standing.untold + standing.count_lost(seen) + unrecorded,
        "duplicates": standing.duplicates,
        "left_running": standing.running,
        "wrong_total": int(standing.counted != trials),
    }


def _kill_at_result(run: Path, command: Command, dice: random.Random) -> dict[int, dict[str, Any]]:
    """Kill a worker as soon as another trial has a result on the disk; returns what results there were then."""
    before = read_results_count(run)
    while read_results_count(run) == before and command.is_running():
        time.sleep(0.0002)
    workers = _list_workers(command)
    if not workers:  # the search has ended
        return read_results(run)
    worker = dice.choice(workers)
    with contextlib.suppress(psutil.NoSuchProcess):
        worker.suspend()  # where it is, until the results have been read
    seen = read_results(run)
    with contextlib.suppress(psutil.NoSuchProcess):
        worker.kill()
    return seen


def read_results_count(run: Path) -> int:
    """How many trials have a result on the disk."""
    return len(list(run.glob("trials/*/result.json")))


def _find_under_way(run: Path) -> Path | None:
    """The folder of the trial that a worker has: it is made when the trial is given, its result ends it."""
    begun = [it for it in run.glob("trials/*") if not (it / RESULT).is_file()]
    return begun[0] if begun else None


def _await_end(command: Command, trial: Path) -> str | None:
    """The state in which a trial ends, whenever it does; None where the search ends without a word of it."""
    until = time.monotonic() + command.patience
    while time.monotonic() < until:
        is_over = command.process.poll() is not None
        if (trial / RESULT).is_file():
            return str(json.loads((trial / RESULT).read_text(encoding="utf-8"))["state"])
        if is_over:
            break
        time.sleep(0.005)
    return None


def _list_workers(command: Command) -> list[psutil.Process]:
    """Children that have talked for a while: the data child has ended, or has been idle since."""
    found = []
    for process in command.children():
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found
