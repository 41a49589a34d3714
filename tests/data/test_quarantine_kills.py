"""A quarantine or an undo that is killed at any moment loses no file, and can be gone on with or undone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imgcls_automl.data.quarantine import plan_quarantine, plan_undo
from imgcls_automl.data.quarantine_manifest import read_manifest
from imgcls_automl.data.quarantine_moves import BATCH, carry_back, carry_out
from imgcls_automl.data.unreadable_files import UnreadableFile
from imgcls_automl.errors import DatasetError

FILES = BATCH + 40  # two batches

# Kills itself before the so-and-so-manieth call of a kind that the interpreter tells of.
CHILD = """
import itertools, os, signal, sys
from pathlib import Path
from imgcls_automl.data import quarantine, quarantine_moves, unreadable_files

base, what, event, number = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
if what == "quarantine":
    files = [
        unreadable_files.UnreadableFile(path=path, reason="no picture")
        for path in sorted((base / "pets").rglob("*.png"))
    ]
    plan = quarantine.plan_quarantine(str(base / "pets"), files, base / "aside")
    work = quarantine_moves.carry_out
else:
    plan, work = quarantine.plan_undo(base / "aside"), quarantine_moves.carry_back
calls = itertools.count(1)

def watch(name, arguments):
    if name == event and next(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
work(plan)
"""

MOMENTS = [("os.link", 1), ("os.link", 60), ("os.remove", 3), ("os.link", BATCH + 9)]


@pytest.fixture
def pets(tmp_path):
    """Two folders of files that are no pictures, each with its name for its content."""
    for number in range(FILES):
        path = tmp_path / f"pets/{number % 2}/{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    return tmp_path / "pets"


def plan_for(pets):
    files = [UnreadableFile(path=it, reason="no picture") for it in sorted(pets.rglob("*.png"))]
    return plan_quarantine(str(pets), files, pets.parent / "aside")


def be_killed(base: Path, what: str, event: str, number: int) -> None:
    command = [sys.executable, "-c", CHILD, str(base), what, event, str(number)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL


def read_all(*folders):
    """The content of every picture, by its path relative to its folder; under both names it must be the same."""
    contents = {}
    for folder in folders:
        for path in folder.rglob("*.png"):
            name = str(path.relative_to(folder))
            assert contents.setdefault(name, path.read_text()) == path.name
    return contents


@pytest.mark.parametrize(("event", "number"), MOMENTS)
class TestKilledQuarantine:
    def test_every_file_is_there_and_has_its_line_before_it_moves(
        self, pets, tmp_path, event, number
    ):
        be_killed(tmp_path, "quarantine", event, number)
        assert len(read_all(pets, tmp_path / "aside")) == FILES
        listed = {entry.moved for entry in read_manifest(tmp_path / "aside")}
        assert read_all(tmp_path / "aside").keys() <= listed

    def test_it_can_be_undone(self, pets, tmp_path, event, number):
        be_killed(tmp_path, "quarantine", event, number)
        carry_back(plan_undo(tmp_path / "aside"))
        assert len(read_all(pets)) == FILES
        assert read_all(tmp_path / "aside") == {}

    def test_it_can_be_gone_on_with(self, pets, tmp_path, event, number):
        be_killed(tmp_path, "quarantine", event, number)
        carry_out(plan_for(pets))
        assert read_all(pets) == {}
        assert len(read_all(tmp_path / "aside")) == FILES
        carry_back(plan_undo(tmp_path / "aside"))
        assert len(read_all(pets)) == FILES


@pytest.mark.parametrize(("event", "number"), MOMENTS)
def test_an_undo_that_was_killed_is_ended_by_the_next(pets, tmp_path, event, number):
    carry_out(plan_for(pets))
    be_killed(tmp_path, "undo", event, number)
    assert len(read_all(pets, tmp_path / "aside")) == FILES
    carry_back(plan_undo(tmp_path / "aside"))
    assert len(read_all(pets)) == FILES
    assert read_all(tmp_path / "aside") == {}


def test_of_several_that_cannot_be_moved_the_first_is_named_and_the_others_of_the_batch_are_moved(
    pets, tmp_path
):
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside/1").write_text("a file where a folder has to be")
    with pytest.raises(DatasetError, match=rf"pets/1/001\.png .*\n{FILES // 2} of {FILES} files"):
        carry_out(plan_for(pets))
    assert len(read_all(tmp_path / "aside")) == FILES // 2
    carry_back(plan_undo(tmp_path / "aside"))
    assert len(read_all(pets)) == FILES


def test_progress_is_told_batch_by_batch(pets, tmp_path):
    told = []
    carry_out(plan_for(pets), on_progress=told.append)
    carry_back(plan_undo(tmp_path / "aside"), on_progress=told.append)
    assert {it.stage for it in told} == {"moving"}
    assert [(it.done, it.total) for it in told] == 2 * [(BATCH, FILES), (FILES, FILES)]


def test_a_file_that_went_away_meanwhile_is_left_alone(pets, tmp_path):
    plan = plan_for(pets)
    (pets / "0/000.png").unlink()
    done = carry_out(plan)
    assert (len(done.moves), len(done.stays)) == (FILES - 1, 1)
    assert "content cannot be had" in done.stays[0].reason


def test_lines_are_written_for_many_files_at_once(pets, tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    carry_out(plan_for(pets))
    assert len(flushed) < FILES / 4


def test_a_dry_run_reads_no_file_to_its_end(tmp_path):
    (tmp_path / "pets").mkdir()
    with (tmp_path / "pets/vast.png").open("wb") as file:
        file.truncate(1 << 40)  # bytes, of which the disk holds none
    assert len(plan_for(tmp_path / "pets").moves) == 1
