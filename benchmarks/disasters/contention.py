"""Several processes that want one run, and one that holds its database."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from disasters.kills import TRIALS
from disasters.scene import BEGINS, Scene, read_standing

if TYPE_CHECKING:
    from disasters.scene import Command

STARTERS = 8


def lock_database(scene: Scene, seconds: float) -> dict[str, Any]:
    """Hold the study's database from outside while trials end."""
    command = scene.search("locked", TRIALS)
    command.wait_for("trial 1 begins")
    run = scene.run_folder("locked")
    with closing(sqlite3.connect(run / "study.db", timeout=30.0)) as connection:
        connection.isolation_level = None
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
    code = command.wait()
    standing = read_standing(run)
    if not command.is_clear():
        scene.keep_words(command, "unclear-locked")
    return {
        "seconds": seconds,
        "exit_code": code,
        "lost": standing.untold,
        "duplicates": standing.duplicates,
        "left_running": standing.running,
        "wrong_total": int(standing.counted != TRIALS),
        "unclear": int(not command.is_clear()),
    }


def start_together(scene: Scene, rounds: int) -> dict[str, Any]:
    """Start eight processes on one run at once, as new searches and as resumes in turns."""
    outcomes: Counter[str] = Counter()
    for number in range(rounds):
        name = f"together-{number}"
        if number % 2:
            killed = scene.search(name, TRIALS)
            killed.wait_for(BEGINS)
            killed.kill()
        commands = [_start(scene, name, anew=not number % 2) for _ in range(STARTERS)]
        codes = [command.wait() for command in commands]
        told = [
            command
            for command, code in zip(commands, codes, strict=True)
            if code == 2 and command.is_clear() and _tells_why(command)
        ]
        right = codes.count(0) == 1 and len(told) == STARTERS - 1
        standing = read_standing(scene.run_folder(name))
        right = right and standing.counted == TRIALS and not standing.untold
        outcomes["right" if right else "wrong"] += 1
    return {
        "rounds": rounds,
        "one won, seven were told": outcomes["right"],
        "wrong": outcomes["wrong"],
    }


def _start(scene: Scene, name: str, *, anew: bool) -> Command:
    return scene.search(name, TRIALS) if anew else scene.resume(name)


def _tells_why(command: Command) -> bool:
    return any(words in command.read() for words in ("is in use", "exists already"))
