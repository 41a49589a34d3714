"""Checkpoints on the disk: what is written is read back, and damage never is."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from imgcls_automl.training.checkpoint import (
    Checkpoint,
    Snapshot,
    read_checkpoint,
    write_checkpoint,
)
from imgcls_automl.training.progress import Epoch, Progress
from imgcls_automl.trial_files import checkpoint_files, drop_checkpoints, has_checkpoint

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def make(done, *, ended=False):
    """A checkpoint after so many epochs, the second of which was the best."""
    epochs = [
        Epoch(number=it, ended=1e9 + it / 3, seconds=0.1, score=0.7, metrics={"loss": 0.1 * it})
        for it in range(1, done + 1)
    ]
    generator = np.random.default_rng(done)
    weights = [generator.random((7, 5), "float32"), generator.random(5, "float32")]
    state = [np.array([3, 2**32 - 1], "uint32"), np.array(done, "int64"), np.zeros((), "float32")]
    last = Progress(epochs=epochs, best=epochs[1], best_weights=[it + 1 for it in weights])
    first = Progress(epochs=epochs[:2], best=epochs[0], stopped="no improvement")
    return Checkpoint(
        key={"seed": 3, "model": {"units": 8}},
        seconds=12.5,
        trainings=[first, last],
        snapshot=None if ended else Snapshot(weights=weights, state=state),
    )


def check_same(one, other):
    assert (one.key, one.seconds) == (other.key, other.seconds)
    for mine, its in zip(one.trainings, other.trainings, strict=True):
        assert (mine.epochs, mine.best, mine.stopped) == (its.epochs, its.best, its.stopped)
    pairs = [(one.trainings[-1].best_weights, other.trainings[-1].best_weights)]
    if one.snapshot is not None:
        pairs.append((one.snapshot.weights, other.snapshot.weights))
        pairs.append((one.snapshot.state, other.snapshot.state))
    for mine, its in pairs:
        for array, same in zip(mine, its, strict=True):
            assert (array.dtype, array.shape) == (same.dtype, same.shape)
            assert (array == same).all()


def test_what_is_written_is_read_back(tmp_path):
    assert read_checkpoint(tmp_path) is None
    assert not has_checkpoint(tmp_path)
    write_checkpoint(tmp_path, make(4))
    assert has_checkpoint(tmp_path)
    check_same(read_checkpoint(tmp_path), make(4))


def test_one_between_two_folds_has_no_snapshot(tmp_path):
    write_checkpoint(tmp_path, make(4, ended=True))
    assert read_checkpoint(tmp_path).snapshot is None


def test_the_one_before_is_kept_and_used_where_the_newest_is_gone(tmp_path):
    for done in (2, 3, 4):
        write_checkpoint(tmp_path, make(done))
    assert {path.name for path in tmp_path.iterdir()} == {
        it.name for it in checkpoint_files(tmp_path)
    }
    check_same(read_checkpoint(tmp_path), make(4))
    checkpoint_files(tmp_path)[0].unlink()  # as between the two renamings
    check_same(read_checkpoint(tmp_path), make(3))


def test_cut_off_anywhere_the_one_before_is_used_and_the_log_says_so(tmp_path, caplog):
    write_checkpoint(tmp_path, make(3))
    write_checkpoint(tmp_path, make(4))
    newest = checkpoint_files(tmp_path)[0]
    whole = newest.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 50, dtype=int):
        newest.write_bytes(whole[:length])
        caplog.clear()
        check_same(read_checkpoint(tmp_path), make(3))
        assert f"{newest} cannot be read" in caplog.text


def test_a_changed_byte_never_goes_unnoticed(tmp_path):
    write_checkpoint(tmp_path, make(3))
    write_checkpoint(tmp_path, make(4))
    newest = checkpoint_files(tmp_path)[0]
    whole = newest.read_bytes()
    for place in np.linspace(0, len(whole) - 1, 200, dtype=int):
        newest.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        found = read_checkpoint(tmp_path)
        check_same(found, make(len(found.trainings[-1].epochs)))


def test_two_damaged_ones_are_none(tmp_path):
    write_checkpoint(tmp_path, make(3))
    write_checkpoint(tmp_path, make(4))
    for file in checkpoint_files(tmp_path):
        file.write_bytes(b"PK")
    assert read_checkpoint(tmp_path) is None


def test_a_full_disk_leaves_what_was_there(tmp_path):
    write_checkpoint(tmp_path, make(3))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_checkpoint(tmp_path, make(4))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    check_same(read_checkpoint(tmp_path), make(3))


def test_once_a_training_has_ended_nothing_is_left(tmp_path):
    write_checkpoint(tmp_path, make(3))
    write_checkpoint(tmp_path, make(4))
    (tmp_path / ".writing-abc.npz").write_bytes(b"half")
    (tmp_path / "history.csv").write_text("epoch\n")
    drop_checkpoints(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_whenever_its_writer_is_killed_one_can_be_read(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from measure.checkpoint_kills import kill_writers

    seen = kill_writers(5, tmp_path)
    assert (seen.kills, seen.unreadable, seen.lost) == (5, 0, 0)
