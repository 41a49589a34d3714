"""`data quarantine` as installed: nothing moves without --yes, everything can be moved back."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pets(tmp_path):
    """Class folders with two unreadable pictures."""
    draw = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for number in range(5):
            pixels = draw.integers(0, 256, (12, 12), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"pets/{label}/{number}.png")
    (tmp_path / "pets/cat/empty.png").write_bytes(b"")
    (tmp_path / "pets/dog/page\x1b[2J.jpg").write_bytes(b"<html>404</html>")
    return tmp_path / "pets"


@pytest.fixture
def quarantine(imgcls, pets, tmp_path):
    """Run `data quarantine ...` beside `pets`, and expect an exit code."""

    def quarantine(*arguments, code=0):
        done = imgcls("data", "quarantine", *arguments, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    return quarantine


def listing(folder):
    return sorted(str(it.relative_to(folder)) for it in folder.rglob("*") if it.is_file())


def test_a_dry_run_moves_nothing_and_names_the_command_that_does(quarantine, pets, tmp_path):
    before = listing(tmp_path / "pets")
    told = quarantine("pets", "--to", "bad ones")
    assert "cat/empty.png (the file is empty)" in told
    assert listing(tmp_path / "pets") == before
    assert not (tmp_path / "bad ones").exists()
    command = told.splitlines()[-1]
    quarantine(*shlex.split(command)[3:])
    assert listing(tmp_path / "bad ones") == [
        "cat/empty.png",
        "dog/page\x1b[2J.jpg",
        "manifest.csv",
    ]
    assert len(listing(pets)) == 10


def test_all_is_moved_back(quarantine, pets, tmp_path):
    before = listing(pets)
    told = quarantine("pets", "--to", "bad", "--yes")
    command = shlex.split(told.splitlines()[-1])
    assert "2 files would be moved back" in quarantine("--undo", "bad")
    assert "2 files moved back" in quarantine(*command[3:])
    assert listing(pets) == before
    assert quarantine("--undo", "bad", "--yes") == "Nothing to move back.\n"


def test_json_tells_every_file(quarantine, pets):
    told = json.loads(quarantine("pets", "--to", "bad", "--json"))
    assert (told["schema_version"], told["moved"]) == (1, False)
    assert told["files"][0]["reason"] == "the file is empty"
    assert len(told["files"]) == 2


def test_data_with_nothing_wrong(quarantine):
    assert quarantine("digits", "--to", "bad", "--yes") == "Nothing to move.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("pets",), 2, "--to DIR"),
        (("--to", "bad"), 2, "--to DIR"),
        (("pets", "--to", "pets/bad"), 2, "lies in the data itself"),
        (("pets", "--undo", "bad"), 2, "--undo DIR takes neither"),
        (("no_such", "--to", "bad"), 3, "'no_such'"),
        (("--undo", "pets"), 3, "is no quarantine"),
    ],
)
def test_what_cannot_be_is_refused(quarantine, arguments, code, words):
    assert words in quarantine(*arguments, code=code)
