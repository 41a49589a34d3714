"""Files are written whole or not at all."""

from __future__ import annotations

import csv
import errno
import math
import os
import pickle
import stat

import pytest

from imgcls_automl.files import (
    as_disk_error,
    flush_folder,
    format_csv,
    read_json,
    replacing,
    write_csv,
    write_json,
    write_text,
)


def test_a_failure_leaves_the_old_file_and_no_temporary(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("the old one")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("half of the n")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert path.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fails_is_told_with_the_file(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"Input/output error: '.*run\.json'") as caught:
        write_text(tmp_path / "run.json", "{}")
    told = pickle.loads(pickle.dumps(as_disk_error(caught.value)))
    assert (told.errno, told.filename) == (errno.EIO, str(tmp_path / "run.json"))


@pytest.mark.parametrize(
    "error", [ValueError("ours"), PermissionError(errno.EACCES, "Permission denied", "/a/b")]
)
def test_other_errors_are_none_of_a_disk_s(error):
    assert as_disk_error(error) is None


def test_nobody_sees_the_new_file_before_it_is_complete(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_file_is_a_neighbour_with_the_same_suffix(tmp_path):
    # Renaming is atomic only within a folder's file system; Keras looks at the suffix.
    with replacing(tmp_path / "model.keras") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".keras"


def test_a_written_file_can_be_read_by_others(tmp_path):
    path = tmp_path / "report.html"
    write_text(path, "<html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_missing_folder_is_an_error_not_a_new_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "nowhere" / "log.txt", "")
    assert list(tmp_path.iterdir()) == []


def test_text_keeps_its_line_ends_and_letters(tmp_path):
    path = tmp_path / "labels.txt"
    write_text(path, "Öl\r\n木\n")
    assert path.read_bytes() == "Öl\r\n木\n".encode()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_has_no_nan_and_keeps_the_old_file(tmp_path, value):
    path = tmp_path / "result.json"
    write_json(path, {"score": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"score": value})
    assert read_json(path) == {"score": 0.5}
    assert list(tmp_path.iterdir()) == [path]


def test_json_comes_back_as_it_went(tmp_path):
    path = tmp_path / "run.json"
    value = {"class": "Öl", "scores": [0.1 + 0.2, None, True, 3]}
    write_json(path, value)
    assert read_json(path) == value
    assert path.read_text(encoding="utf-8").endswith("}\n")


def test_a_table_comes_back_exactly(tmp_path):
    path = tmp_path / "splits.csv"
    write_csv(path, ["id", "label", "score"], [['a,"b"\nc', None, 0.1 + 0.2]])
    with path.open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert header == ["id", "label", "score"]
    assert row == ['a,"b"\nc', "", "0.30000000000000004"]
    assert float(row[2]) == 0.1 + 0.2


def test_tables_are_the_same_on_every_platform():
    assert format_csv(["a", "b"], [[1, 2]]) == "a,b\n1,2\n"


def test_a_folder_is_flushed_and_what_is_none_is_told(tmp_path):
    write_text(tmp_path / "here.txt", "text")
    flush_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        flush_folder(tmp_path / "nowhere")
