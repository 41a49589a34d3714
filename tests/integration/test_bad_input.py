"""What is wrong with the input is told in three lines at most, and nothing is left behind or changed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

HEADER = ["label", *(f"pixel{number}" for number in range(1, 785))]


def write_csv(path, change=None, rows=40, labels=10):
    """A Fashion-MNIST CSV of noise: `change` = (row, column, text) of one cell; row 0 is the first picture."""
    draw = np.random.default_rng(0)
    cells = [[row % labels, *draw.integers(0, 256, 784)] for row in range(rows)]
    if change is not None:
        row, column, text = change
        cells[row][column] = text
    lines = [HEADER, *cells]
    path.write_text("\n".join(",".join(map(str, line)) for line in lines) + "\n")


def draw_pictures(folder, count):
    folder.mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", (20, 20), (number * 20, 40, 90)).save(folder / f"{number}.png")


def cut_a_column(path):
    write_csv(path)
    lines = path.read_text().splitlines()
    lines[7] = lines[7].rpartition(",")[0]
    path.write_text("\n".join(lines) + "\n")


def listing(folder):
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


@pytest.fixture
def complain(imgcls, tiny_space, tmp_path):
    """Search, which must fail with a code; returns what was said."""

    def complain(code, data, *arguments, space=tiny_space):
        before = listing(tmp_path)
        done = imgcls(
            "search", "--space", space, "--data", data, "--trials", "1", "--quiet", *arguments,
            cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert done.stdout == "" or "--json" in arguments
        assert 1 <= len(done.stderr.splitlines()) <= 3
        assert "Traceback" not in done.stderr
        assert listing(tmp_path) == before
        return done.stderr if "--json" not in arguments else json.loads(done.stdout)["error"]

    return complain


class TestSources:
    def test_a_missing_path(self, complain):
        assert "no_such.csv" in complain(3, "no_such.csv")

    def test_it_is_told_as_json_too(self, complain):
        assert "no_such.csv" in complain(3, "no_such.csv", "--json")

    def test_an_empty_folder(self, complain, tmp_path):
        (tmp_path / "empty").mkdir()
        assert "empty" in complain(3, "empty")

    def test_one_class_only(self, complain, tmp_path):
        draw_pictures(tmp_path / "pets/cat", 6)
        assert "cat" in complain(3, "pets")

    def test_a_class_of_a_single_picture(self, complain, tmp_path):
        draw_pictures(tmp_path / "pets/cat", 12)
        draw_pictures(tmp_path / "pets/dog", 1)
        assert "dog" in complain(3, "pets")

    def test_sources_of_different_kinds(self, complain, tmp_path):
        for name in ("cat", "dog"):
            draw_pictures(tmp_path / "pets" / name, 3)
        message = complain(2, "pets", "--data", "digits")
        assert "'pets' is read by 'folder', 'digits' by 'digits'" in message

    def test_a_source_given_twice(self, complain):
        assert "'digits' is given twice" in complain(2, "digits", "--data", "digits")

    def test_a_table_whose_paths_lead_nowhere(self, complain, tmp_path):
        (tmp_path / "pets.csv").write_text("file,label\ncat/1.jpg,cat\ndog/1.jpg,dog\n")
        message = complain(3, "pets.csv")
        assert "pets.csv:2: there is no file 'cat/1.jpg'" in message
        assert "--data-option root=DIR" in message

    def test_arrays_of_python_objects(self, complain, tmp_path):
        np.savez(tmp_path / "pets.npz", images=np.array([None, 1], dtype=object))
        assert "pets.npz, images holds Python objects" in complain(3, "pets.npz")

    def test_an_idx_file_that_is_cut_off(self, complain, tmp_path):
        header = b"\0\0\x08\x03" + np.array([9, 8, 8], ">u4").tobytes()
        (tmp_path / "train-images-idx3-ubyte").write_bytes(header + bytes(99))
        message = complain(3, "train-images-idx3-ubyte")
        assert "tells of 9 pictures, 576 bytes, in its header, but only 99 follow" in message

    def test_more_than_ten_pictures_that_cannot_be_read(self, complain, tmp_path):
        draw_pictures(tmp_path / "pets/cat", 12)
        draw_pictures(tmp_path / "pets/dog", 12)
        for number in range(11):
            (tmp_path / f"pets/cat/bad{number}\x1b[2J.png").write_bytes(b"<html>404</html>")
        message = complain(3, "pets")
        assert "11 or more of 35 pictures cannot be read, and at most 10" in message
        assert "cat/bad0" in message
        assert "a web page" in message
        assert "\x1b" not in message
        assert "--max-bad" in message


class TestTables:
    @pytest.mark.parametrize("value", ["300", "-5", "3.7", "nan"])
    def test_a_pixel_that_is_none(self, complain, tmp_path, value):
        write_csv(tmp_path / "fashion.csv", change=(4, 5, value))
        message = complain(3, "fashion.csv")
        for words in ("fashion.csv", "pixel5", value):
            assert words.lower() in message.lower()
        assert any(f"{row} {number}" in message for row in ("row", "line") for number in (5, 6))

    def test_a_label_that_is_no_class(self, complain, tmp_path):
        write_csv(tmp_path / "fashion.csv", change=(4, 0, "13"))
        message = complain(3, "fashion.csv")
        assert "13" in message
        assert "fashion.csv" in message

    def test_a_row_with_a_column_missing(self, complain, tmp_path):
        cut_a_column(tmp_path / "fashion.csv")
        message = complain(3, "fashion.csv")
        assert "784" in message
        assert "785" in message


class TestDevices:
    def test_more_workers_than_cores_are_refused_before_the_data_is_looked_at(self, complain):
        message = complain(2, "no_such.csv", "--workers", "9999", "--device", "cpu")
        assert "one a processor core that may be used here, but got 9999" in message


class TestNames:
    def test_an_out_that_exists(self, complain, tmp_path):
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "thesis.txt").write_text("years of work")
        assert "mine exists already" in complain(2, "digits", "--out", "mine")

    def test_an_unknown_space(self, complain):
        message = complain(5, "digits", space="cnn_smal")
        assert "Did you mean 'cnn_small'?" in message

    def test_a_space_file_that_is_not_there(self, complain):
        assert "gone.py" in complain(5, "digits", space="gone.py:Gone")

    def test_an_unknown_adapter(self, complain):
        assert "'foldr'. Did you mean 'folder'?" in complain(5, "digits", "--adapter", "foldr")
