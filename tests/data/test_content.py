"""A picture's content has the same digest wherever it lies, and is read whole only where that is safe."""

from __future__ import annotations

import os

import numpy as np

from imgcls_automl.data.content import digest_content, read_once


def test_a_file_is_known_by_its_bytes_whatever_it_is_called(tmp_path):
    (tmp_path / "one.png").write_bytes(b"pixels")
    (tmp_path / "two.png").write_bytes(b"pixels")
    found = {digest_content(tmp_path / name) for name in ("one.png", "two.png")}
    assert found == {digest_content(b"pixels")}
    assert digest_content(b"pixel") not in found


def test_an_array_by_its_pixels():
    pixels = np.arange(12, dtype=np.uint8)
    assert digest_content(pixels.reshape(3, 4)) == digest_content(pixels.reshape(3, 4, 1))
    assert digest_content(pixels) != digest_content(pixels[::-1].copy())


def test_small_files_are_read_once_and_large_ones_are_left_on_the_disk(tmp_path):
    small, large = tmp_path / "small.png", tmp_path / "large.tiff"
    small.write_bytes(b"pixels")
    with large.open("wb") as file:
        file.truncate(17 << 20)
    assert read_once(small) == b"pixels"
    assert read_once(large) == large
    assert len(digest_content(large)) == 16


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert read_once(tmp_path / "pipe.png") == tmp_path / "pipe.png"
