"""A set that does not fit is refused before it is decoded; one that does gets its room."""

from __future__ import annotations

import errno
import gzip
import os
import re
import shutil
import struct
import subprocess
import sys
from collections import namedtuple
from contextlib import ExitStack

import numpy as np
import pytest

from imgcls_automl import registry
from imgcls_automl.data.cache_use import using
from imgcls_automl.data.cached_sets import list_sets
from imgcls_automl.data.ingest import ingest
from imgcls_automl.data.messages import Refusal, describe_failure
from imgcls_automl.data.room import (
    Room,
    check_room,
    check_room_to_read,
    find_rooms,
    make_room,
    make_room_to_read,
)
from imgcls_automl.errors import DatasetError
from imgcls_automl.plugin import Extent

MB = 10**6

PREPARE = """
import resource, sys
from pathlib import Path
from imgcls_automl.data.dataset import DatasetRequest
from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.errors import DatasetError
resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))
adapter, cache = sys.argv[1:]
request = DatasetRequest(
    data=("4000",), test_data=None, adapter=adapter, options={}, image_size=(1024, 1024),
    resize="stretch", seed=0, max_bad=None, cache=Path(cache),
)
try:
    prepare_dataset(request, folder=None, log=None)
except DatasetError as error:
    print(error)
"""


@pytest.fixture
def keep(tmp_path):
    """Put a set of so many bytes into the cache `tmp_path`, used so many seconds ago."""

    def keep(letter, size, ago=0):
        folder = tmp_path / (letter * 32)
        folder.mkdir()
        (folder / "images.npy").write_bytes(b"x" * size)
        mark = folder / "used"
        mark.touch()
        os.utime(mark, (mark.stat().st_mtime - ago,) * 2)
        return folder

    return keep


@pytest.fixture
def disk_with(monkeypatch):
    """Make the disk of the cache as full as if it had so many bytes left, sets in the cache aside."""
    usage = namedtuple("usage", "total used free")

    def disk_with(free):
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12 - free, free))

    return disk_with


def room(pixels):
    return Room(pixels=pixels, where="the attic has little room", remedy="Or move out.")


class TestRefusal:
    def test_the_largest_size_that_fits_is_named(self):
        with pytest.raises(DatasetError) as caught:
            check_room([room(10**12), room(300 * MB)], pictures=1000, shape=(1024, 1024, 3))
        assert str(caught.value) == (
            "1,000 pictures of 1024x1024 in colour take 3.1 GB decoded, but the attic has little "
            "room.\nThe largest that fits: --image-size 316. Or move out."
        )

    def test_that_size_does_fit(self):
        check_room([room(300 * MB)], pictures=1000, shape=(316, 316, 3))
        with pytest.raises(DatasetError):
            check_room([room(300 * MB)], pictures=1000, shape=(317, 317, 3))

    def test_the_proportions_stay(self):
        with pytest.raises(DatasetError, match="--image-size 100x200"):
            check_room([room(20 * MB)], pictures=1000, shape=(200, 400, 1))

    def test_where_nothing_fits_no_size_is_named(self):
        with pytest.raises(DatasetError, match=r"Even 8x8 pixels, the smallest, would take 64 MB"):
            check_room([room(MB)], pictures=1_000_000, shape=(32, 32, 1))

    def test_the_disk_counts_what_can_be_removed(self, keep, disk_with, tmp_path):
        keep("a", 50 * MB)
        disk_with(100 * MB)
        (alone,) = find_rooms(tmp_path, 1000, [])
        (cleared,) = find_rooms(tmp_path, 1000, list_sets(tmp_path))
        assert cleared.pixels - alone.pixels >= 50 * MB

    def test_a_set_that_can_never_fit_costs_no_other_its_place(self, keep, disk_with, tmp_path):
        folder = keep("a", 5 * MB)
        disk_with(100 * MB)
        with pytest.raises(DatasetError, match="the disk of"):
            make_room(tmp_path, pictures=1000, shape=(1024, 1024, 3), limit=None)
        assert folder.exists()

    def test_an_address_space_that_is_too_small_ends_it_before_decoding(self, adapter, tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", PREPARE, adapter("Wide"), str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "4,000 pictures of 1024x1024 in grey take 4.2 GB decoded" in done.stdout, done.stderr
        assert "ulimit -v" in done.stdout
        side = int(re.search(r"--image-size (\d+)", done.stdout)[1])
        assert 200 < side < 1000
        assert not list(tmp_path.glob("*/images.npy"))


class TestLimit:
    def test_the_least_recently_used_goes_first(self, keep, tmp_path):
        old, older, new = keep("a", 3 * MB, 500), keep("b", 3 * MB, 900), keep("c", 3 * MB, 5)
        make_room(tmp_path, pictures=1000, shape=(32, 32, 1), limit=8 * MB)
        assert [folder.exists() for folder in (older, old, new)] == [False, True, True]

    def test_what_is_in_use_stays(self, keep, tmp_path):
        old, new = keep("a", 3 * MB, 500), keep("b", 3 * MB)
        with using(old):
            make_room(tmp_path, pictures=1000, shape=(32, 32, 1), limit=5 * MB)
        assert [old.exists(), new.exists()] == [True, False]

    def test_enough_room_costs_nobody_his_place(self, keep, tmp_path):
        folder = keep("a", 3 * MB, 500)
        make_room(tmp_path, pictures=1000, shape=(32, 32, 1), limit=50 * MB)
        assert folder.exists()

    def test_a_disk_that_is_nearly_full_is_cleared_too(self, keep, disk_with, tmp_path):
        folder = keep("a", 5 * MB, 500)
        disk_with((64 << 20) + MB)
        make_room(tmp_path, pictures=1000, shape=(50, 50, 1), limit=None)
        assert not folder.exists()

    def test_a_set_larger_than_the_limit_is_kept_with_a_warning(self, tmp_path, caplog):
        make_room(tmp_path, pictures=1000, shape=(32, 32, 1), limit=MB)
        assert "more than the cache's limit of 1.0 MB" in caplog.text


class TestReading:
    def test_it_costs_nobody_his_place_while_there_is_room(self, keep, tmp_path):
        folder = keep("a", 3 * MB, 500)
        make_room_to_read(tmp_path, 0, MB)
        assert folder.exists()

    def test_sets_that_nobody_uses_make_room(self, keep, disk_with, tmp_path):
        old, new = keep("a", 5 * MB, 500), keep("b", 5 * MB)
        disk_with((64 << 20) + MB)
        make_room_to_read(tmp_path, 9 * MB, 4 * MB)
        assert [old.exists(), new.exists()] == [False, True]

    def test_what_cannot_be_kept_is_refused(self, keep, disk_with, tmp_path):
        folder = keep("a", 5 * MB)
        disk_with((64 << 20) + MB)
        with using(folder), pytest.raises(DatasetError) as caught:
            make_room_to_read(tmp_path, 9 * MB, 4 * MB)
        assert "They may take 13 MB or more, but the disk of" in str(caught.value)
        assert "has 10 MB for them.\nFree some space" in str(caught.value)

    def test_a_source_of_pixels_is_refused_once_and_before_the_disk_is_full(
        self, disk_with, make_request
    ):
        disk_with((64 << 20) + 1000)
        info = registry.find("imgcls_automl.datasets", "digits")
        request = make_request("digits", None)
        with ExitStack() as held, pytest.raises(DatasetError) as caught:
            ingest(request, info, "", None, held=held, report=lambda _: None)
        told = describe_failure(caught.value)
        assert isinstance(told, Refusal)
        assert "They may take 1.0 MB or more, but the disk of" in told.text
        assert told.text.count("Free some space") == 1


class TestSourcesThatTellHowMuchComes:
    """Pictures as they come and as they are decoded are weighed together, before any is read."""

    def test_what_cannot_be_kept_is_refused_and_costs_nobody_his_place(
        self, keep, disk_with, tmp_path
    ):
        folder = keep("a", 5 * MB)
        disk_with((64 << 20) + 20 * MB)
        with pytest.raises(DatasetError) as caught:
            check_room_to_read(tmp_path, [extent(1000, 20 * MB), extent(1000, 8 * MB)], None)
        assert str(caught.value) == (
            "2,000 pictures that come as pixels or bytes take 28 MB on the disk until all are read, "
            f"but the disk of {tmp_path} has 25 MB for them.\n"
            "A smaller --image-size does not help. Free some space (imgcls-automl data cache list), "
            "or use another disk: --cache-dir DIR"
        )
        assert folder.exists()

    def test_the_decoded_pictures_have_to_fit_beside_them(self, keep, disk_with, tmp_path):
        folder = keep("a", 5 * MB)
        disk_with((64 << 20) + 30 * MB)
        known = [extent(1000, 20 * MB, (100, 200, 1))]
        with pytest.raises(DatasetError) as caught:
            check_room_to_read(tmp_path, known, (200, 400))
        assert "1,000 pictures of 200x400 in grey take 80 MB decoded" in str(caught.value)
        assert "has 15 MB for them beside 20 MB of pictures as they come" in str(caught.value)
        assert "The largest that fits: --image-size 85x171." in str(caught.value)
        assert folder.exists()
        check_room_to_read(tmp_path, known, (85, 171))

    def test_the_size_they_get_by_themselves_is_foreseen(self, disk_with, tmp_path):
        disk_with((64 << 20) + 60 * MB)
        with pytest.raises(DatasetError, match="1,000 pictures of 120x120 in colour take 43 MB"):
            check_room_to_read(tmp_path, [extent(1000, 43 * MB, (120, 120, 3))], None)
        check_room_to_read(tmp_path, [extent(1000, 43 * MB)], None)

    def test_a_set_that_fits_costs_nobody_his_place_beforehand(self, keep, disk_with, tmp_path):
        folder = keep("a", 20 * MB)
        disk_with((64 << 20) + MB)
        check_room_to_read(tmp_path, [extent(1000, 8 * MB, (32, 32, 1)), None], None)
        assert folder.exists()

    def test_a_source_is_refused_before_it_is_read(self, disk_with, make_request, adapter):
        disk_with((64 << 20) + MB)
        info = registry.find("imgcls_automl.datasets", adapter("Endless"))
        with ExitStack() as held, pytest.raises(DatasetError, match=r"take 1\.0 TB on the disk"):
            ingest(make_request("", "Endless"), info, "", None, held=held, report=lambda _: None)

    @pytest.mark.parametrize("name", ["images.npz", "train-images-idx3-ubyte.gz", "pixels.csv"])
    def test_files_of_pixels_are_weighed_before_they_are_read(
        self, name, keep, disk_with, make_request, tmp_path
    ):
        source = write_pixels(tmp_path / name)
        request = make_request(source, None, cache=tmp_path, image_size=(64, 64))
        folder = keep("a", 5 * MB)
        disk_with((64 << 20) + 4 * MB)
        kind = {".npz": "npz", ".gz": "idx", ".csv": "pixel_csv"}[source.suffix]
        info = registry.find("imgcls_automl.datasets", kind)
        told = []
        with ExitStack() as held, pytest.raises(DatasetError) as caught:
            ingest(request, info, "", None, held=held, report=told.append)
        assert "pictures of 64x64 in grey" in str(caught.value)
        assert re.search(r"The largest that fits: --image-size [23]\d\.", str(caught.value))
        assert folder.exists()
        assert not told


def extent(pictures, size, shape=None):
    return Extent(pictures=pictures, size=size, image_shape=shape)


def write_pixels(path):
    """Write 10,000 pictures of 10x10 without labels."""
    pixels = np.full((10_000, 10, 10), 200, np.uint8)
    if path.suffix == ".npz":
        np.savez_compressed(path, images=pixels)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(struct.pack(">4I", 0x803, *pixels.shape) + pixels.tobytes()))
    else:
        path.write_text("\n".join([",".join(["200"] * 100)] * 10_000) + "\n")
    return path


def test_a_disk_that_fills_up_all_the_same_is_told_once():
    try:
        raise DatasetError("The disk of the cache is full.") from OSError(errno.ENOSPC, "No space")
    except DatasetError as error:
        told = describe_failure(error)
    assert told == Refusal(kind=DatasetError, text="The disk of the cache is full.")
