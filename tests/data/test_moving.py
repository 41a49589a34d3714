"""A file is moved whole, never over another one, across file systems too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgcls_automl.data.moving import hash_file, move_files

SHARED_MEMORY = Path("/dev/shm")  # on Linux a file system of its own


@pytest.fixture(params=["same", "other"])
def target(request, tmp_path):
    """A free name on the same or on another file system."""
    if request.param == "same":
        yield tmp_path / "there.png"
        return
    if not SHARED_MEMORY.is_dir() or SHARED_MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system")
    path = SHARED_MEMORY / f"imgcls-automl-test-{os.getpid()}"
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "here.png"
    path.write_bytes(b"half a picture")
    os.utime(path, (1e9, 1e9))
    return path


def test_content_and_date_go_with_it(source, target):
    assert move_files([(source, target)]) == [None]
    assert not source.exists()
    assert target.read_bytes() == b"half a picture"
    assert target.stat().st_mtime == 1e9
    assert not list(target.parent.glob(".moving-*"))


def test_another_file_is_never_overwritten(source, target):
    target.write_bytes(b"years of work")
    (error,) = move_files([(source, target)])
    assert isinstance(error, FileExistsError)
    assert target.read_bytes() == b"years of work"
    assert source.read_bytes() == b"half a picture"


def test_a_move_that_was_killed_half_way_is_ended(source, target):
    target.write_bytes(source.read_bytes())
    assert move_files([(source, target)]) == [None]
    assert not source.exists()
    assert target.read_bytes() == b"half a picture"


def test_a_link_is_moved_as_the_link_that_it_is(source, target, tmp_path):
    link = tmp_path / "link.png"
    link.symlink_to(source)
    assert move_files([(link, target)]) == [None]
    assert target.is_symlink()
    assert target.readlink() == source
    assert source.exists()
    assert not link.is_symlink()


def test_of_many_each_is_moved_or_told(tmp_path):
    moves = []
    for number in range(100):
        path = tmp_path / f"{number}.png"
        path.write_bytes(bytes([number]))
        moves.append((path, tmp_path / f"{number}.moved"))
    (tmp_path / "7.moved").write_bytes(b"years of work")
    (tmp_path / "9.png").unlink()
    errors = move_files(moves)
    assert [type(it) for it in errors if it] == [FileExistsError, FileNotFoundError]
    assert [number for number, it in enumerate(errors) if it] == [7, 9]
    assert (tmp_path / "7.png").exists()
    moved = [number for number in range(100) if number not in (7, 9)]
    assert all((tmp_path / f"{it}.moved").read_bytes() == bytes([it]) for it in moved)
    assert not any((tmp_path / f"{it}.png").exists() for it in moved)


def test_the_hash_of_a_link_is_that_of_the_path_it_holds(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").write_bytes(b"nowhere")
    assert hash_file(tmp_path / "link") == hash_file(tmp_path / "file")
