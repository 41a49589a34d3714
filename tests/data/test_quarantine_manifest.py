"""A quarantine's manifest keeps every name exactly, and is not believed where it was tampered with."""

from __future__ import annotations

import pytest

from imgcls_automl.data.quarantine_manifest import Entry, Manifest, read_manifest
from imgcls_automl.errors import DatasetError


def entry(name="cat/1.png", **changes):
    values = {
        "original": f"/pictures/{name}",
        "moved": name,
        "reason": "the file is empty",
        "sha256": "0" * 64,
        "time": "2026-01-01T12:00:00+00:00",
    }
    return Entry(**{**values, **changes})


@pytest.mark.parametrize(
    "name",
    [
        "cat/1.png",
        "=cmd()|calc.png",
        'two\nlines, and a "quote".png',
        "red\x1b[31m.png",
        "back\\slash\\x1b.png",
        "no \udcff UTF-8.png",
        "chat é 猫.png",
        "猫\\.png",
    ],
)
def test_any_name_comes_back_as_it_was(tmp_path, name):
    Manifest(tmp_path).add([entry(name)])
    assert read_manifest(tmp_path) == [entry(name)]
    lines = (tmp_path / "manifest.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert "\x1b" not in lines[1]
    assert not any(cell.startswith(("=", '"=')) for cell in lines[1].split(","))


def test_entries_are_added_to_those_of_before(tmp_path):
    Manifest(tmp_path).add([entry("a.png")])
    Manifest(tmp_path).add([entry("b.png")])
    assert [it.moved for it in read_manifest(tmp_path)] == ["a.png", "b.png"]


def test_the_last_entry_of_a_file_counts(tmp_path):
    manifest = Manifest(tmp_path)
    manifest.add([entry(time="2026-01-01T12:00:00+00:00")])
    manifest.add([entry(time="2026-02-01T12:00:00+00:00")])
    assert read_manifest(tmp_path) == [entry(time="2026-02-01T12:00:00+00:00")]


def test_half_a_line_that_a_power_failure_left_is_passed_over(tmp_path):
    Manifest(tmp_path).add([entry("a.png")])
    with (tmp_path / "manifest.csv").open("a") as file:
        file.write("/pictures/b.png,./b.p")
    assert [it.moved for it in read_manifest(tmp_path)] == ["a.png"]
    Manifest(tmp_path).add([entry("c.png")])
    assert [it.moved for it in read_manifest(tmp_path)] == ["a.png", "c.png"]


@pytest.mark.parametrize(
    "line",
    ["a,b", "/x.png,../../etc/passwd,r,s,t", "/x.png,/etc/passwd,r,s,t", "x.png,./x.png,r,s,t"],
    ids=["short", "above", "absolute", "relative original"],
)
def test_a_line_that_was_changed_is_named(tmp_path, line):
    Manifest(tmp_path).add([entry()])
    with (tmp_path / "manifest.csv").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(DatasetError, match=r"manifest\.csv, line 3"):
        read_manifest(tmp_path)


def test_a_folder_without_one_is_no_quarantine(tmp_path):
    with pytest.raises(DatasetError, match="is no quarantine"):
        read_manifest(tmp_path)
