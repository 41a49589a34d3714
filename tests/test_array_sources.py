"""Arrays of a Python caller: written once, by content, and read like any source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import imgcls_automl
from imgcls_automl.array_sources import are_arrays, store_arrays
from imgcls_automl.config import RunConfig
from imgcls_automl.data.cached_sets import list_sets, remove_sets
from imgcls_automl.data.kept_arrays import using_arrays
from imgcls_automl.data.leftovers import clear_leftovers, measure_unfinished
from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.data.room import make_room, make_room_to_read
from imgcls_automl.errors import DatasetError, ImgclsError
from imgcls_automl.run import resume
from imgcls_automl.stages import dataset_request

DIGITS = load_digits()
IMAGES, LABELS = np.asarray(DIGITS.images * 15, np.uint8), DIGITS.target

# Stores the same digits, and takes its time before the file gets its name.
STORE = """
import sys, time
from pathlib import Path
import numpy as np
from sklearn.datasets import load_digits
from imgcls_automl.array_sources import store_arrays
from imgcls_automl.config import RunConfig

write = np.savez

def write_slowly(file, **arrays):
    write(file, **arrays)
    print("written", flush=True)
    time.sleep(float(sys.argv[2]))

np.savez = write_slowly
config = RunConfig(space="cnn_small", data=("arrays",), cache_dir=Path(sys.argv[1]))
digits = load_digits()
store_arrays(config, {"data": (np.asarray(digits.images * 15, np.uint8), digits.target)})
"""


@pytest.fixture
def config(tmp_path):
    return RunConfig(space="cnn_small", data=("arrays",), cache_dir=tmp_path / "cache")


def prepare(config):
    return prepare_dataset(dataset_request(config), folder=None, log=None)


def hold(*values):
    """An array of objects, as pandas holds arrays in a column."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


class TestTelling:
    @pytest.mark.parametrize(
        "value", ["a", Path("a"), ["a", "b"], ("a", Path("b")), None, (), (IMAGES,)]
    )
    def test_names_of_sources(self, value):
        assert not are_arrays(value)

    @pytest.mark.parametrize("labels", [LABELS, list(LABELS), ["cat"] * len(LABELS), None])
    def test_pairs_of_images_and_labels(self, labels):
        assert are_arrays((IMAGES, labels))
        assert are_arrays([list(IMAGES), labels])


class TestStoring:
    def test_they_are_read_as_they_are(self, config):
        dataset = prepare(store_arrays(config, {"data": (IMAGES, LABELS)}))
        assert dataset.task.class_names == tuple("0123456789")
        assert sum(dataset.split_sizes) == len(IMAGES)
        assert np.load(dataset.images).sum() == IMAGES.sum()

    def test_test_data_is_the_test_split(self, config):
        given = {"data": (IMAGES[:900], LABELS[:900]), "test_data": (IMAGES[900:], LABELS[900:])}
        assert prepare(store_arrays(config, given)).split_sizes == (720, 180, 897)

    @pytest.mark.parametrize(
        "labels",
        [
            [f"digit {label}" for label in LABELS],
            np.array([f"digit {label}" for label in LABELS], dtype=object),
        ],
    )
    def test_texts_as_python_and_pandas_hold_them(self, config, labels):
        dataset = prepare(store_arrays(config, {"data": (IMAGES / 255, labels)}))
        assert dataset.task.class_names[0] == "digit 0"

    @pytest.mark.parametrize(
        "labels", [LABELS[:, None], LABELS.astype(np.float32), LABELS.astype(float)[:, None]]
    )
    def test_labels_in_a_column_or_as_floats_are_the_same(self, config, labels):
        stored = store_arrays(config, {"data": (IMAGES, labels)})
        assert stored == store_arrays(config, {"data": (IMAGES, LABELS)})

    def test_the_same_arrays_are_the_same_file(self, config):
        first = store_arrays(config, {"data": (IMAGES, LABELS)})
        written = Path(first.data[0]).stat().st_mtime_ns
        assert store_arrays(config, {"data": (IMAGES.copy(order="F"), list(LABELS))}) == first
        assert Path(first.data[0]).stat().st_mtime_ns == written

    def test_others_are_another(self, config):
        first = store_arrays(config, {"data": (IMAGES, LABELS)})
        for pair in ((IMAGES[::-1], LABELS), (IMAGES, LABELS[::-1]), (IMAGES / 255, LABELS)):
            assert store_arrays(config, {"data": pair}) != first

    @pytest.mark.parametrize(
        ("pair", "message"),
        [
            ((IMAGES, LABELS[:9]), r"labels have the shape \(9,\), but the images \(1797, 8, 8\)"),
            ((IMAGES, None), r"labels are object, but whole numbers or texts"),
            ((IMAGES, [1, None] * 9), r"labels are object"),
            ((IMAGES, np.eye(10)[LABELS]), r"labels have the shape \(1797, 10\)"),
            ((IMAGES[:3], [1, 2.5, 3]), r"label at 1 is 2\.5, but whole numbers"),
            ((IMAGES[:3], [1, 2, np.nan]), r"label at 2 is nan, but whole numbers"),
            ((DIGITS.data, LABELS), r"images are float64 of the shape \(1797, 64\)"),
            ((["a.png"] * 3, [1, 2, 3]), r"images are <U5 of the shape \(3,\)"),
        ],
    )
    def test_what_is_no_such_pair_is_refused(self, config, pair, message):
        with pytest.raises(DatasetError, match=f"data: the {message}"):
            store_arrays(config, {"data": pair})

    @pytest.mark.parametrize("gather", [list, tuple, lambda pictures: hold(*pictures)])
    @pytest.mark.parametrize("shape", [(9, 9), (9, 8), (8, 9), (8, 8, 3), ()])
    def test_the_first_picture_of_another_size_is_named(self, config, gather, shape):
        pictures = gather([IMAGES[0], IMAGES[1], np.zeros(shape, np.uint8), np.zeros((7, 7))])
        with pytest.raises(DatasetError) as refused:
            store_arrays(config, {"test_data": (pictures, [0, 1, 2, 3])})
        assert str(refused.value) == (
            f"test_data: picture 2 has the shape {shape}, but picture 0 has (8, 8).\n"
            "Resize all to one size, or save them as files in class folders, which may differ."
        )

    def test_a_picture_of_ragged_rows_is_named(self, config):
        pictures = [[[1, 2], [3, 4]], [[1, 2], [3]]]
        with pytest.raises(DatasetError, match="data: picture 1 has rows of different lengths"):
            store_arrays(config, {"data": (pictures, [0, 1])})

    @pytest.mark.parametrize("labels", [[0, 1, [2, 3]], [0, 1, hold(2, 3)], hold(0, 1, [2, 3])])
    def test_the_first_label_of_another_shape_is_named(self, config, labels):
        with pytest.raises(
            DatasetError,
            match=r"data: label 2 has the shape \(2,\), but label 0 has \(\)\.\nGive one label",
        ):
            store_arrays(config, {"data": (IMAGES[:3], labels)})

    def test_a_list_of_pictures_of_one_size_is_an_array(self, config):
        stored = store_arrays(config, {"data": (list(IMAGES), LABELS)})
        assert stored == store_arrays(config, {"data": (IMAGES, LABELS)})

    def test_a_folder_that_cannot_be_made_is_named(self, config, tmp_path):
        (tmp_path / "file").write_text("")
        beneath = replace(config, cache_dir=tmp_path / "file/cache")
        with pytest.raises(DatasetError, match=r"cannot be written to .*file/cache"):
            store_arrays(beneath, {"data": (IMAGES, LABELS)})


class TestKeeping:
    """The cache lists, limits and clears arrays like the sets that are decoded from them."""

    @pytest.fixture
    def stored(self, config):
        return store_arrays(config, {"data": (IMAGES, LABELS)})

    def test_they_are_listed_with_what_they_hold(self, config, stored):
        (one,) = list_sets(config.cache_dir)
        assert one.about.data == "arrays given in Python"
        assert (one.about.pictures, one.about.image_shape) == (1797, (8, 8, 1))
        assert one.name in stored.data[0]
        assert IMAGES.nbytes <= one.size < 2 * IMAGES.nbytes
        assert not one.in_use

    def test_damaged_ones_are_listed_without_their_story(self, config, stored):
        Path(stored.data[0]).write_bytes(b"PK")
        assert list_sets(config.cache_dir)[0].about is None

    def test_being_read_they_stay(self, config, stored):
        with using_arrays(stored.data):
            assert list_sets(config.cache_dir)[0].in_use
            assert remove_sets(list_sets(config.cache_dir)) == []
        assert remove_sets(list_sets(config.cache_dir))
        assert not Path(stored.data[0]).exists()

    def test_reading_them_is_a_use(self, config, stored):
        path = Path(stored.data[0])
        os.utime(path, (1000, 1000))
        with using_arrays(stored.data):
            pass
        (one,) = list_sets(config.cache_dir)
        assert one.about.created == 1000
        assert time.time() - one.last_used < 100

    def test_they_make_room_for_others(self, config, stored):
        os.utime(stored.data[0], (1000, 1000))
        make_room(config.cache_dir, pictures=1000, shape=(8, 8, 1), limit=400_000)
        assert list_sets(config.cache_dir) == []

    def test_where_they_do_not_fit_beside_what_is_read_of_them_nobody_makes_room(
        self, config, stored, monkeypatch
    ):
        usage = namedtuple("usage", "total used free")
        free = (64 << 20) + 300_000
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12 - free, free))
        large = np.concatenate([IMAGES] * 3)
        with pytest.raises(DatasetError, match="5,391 pictures that come as pixels or bytes take"):
            store_arrays(config, {"data": (large, np.concatenate([LABELS] * 3))})
        assert Path(stored.data[0]).exists()

    def test_once_gone_it_is_said_how_to_go_on(self, config, stored):
        remove_sets(list_sets(config.cache_dir))
        with pytest.raises(DatasetError, match=r"no longer in the cache: .*\n.*the same arrays"):
            prepare(stored)
        assert store_arrays(config, {"data": (IMAGES, LABELS)}) == stored
        prepare(stored)


def test_a_search_refuses_pictures_of_different_sizes(tiny_space):
    with pytest.raises(ImgclsError, match=r"data: picture 1 has the shape \(9, 9\)"):
        imgcls_automl.search(space=tiny_space, data=([np.zeros((8, 8)), np.zeros((9, 9))], [0, 1]))


class TestKill:
    """Arrays that are being written are never taken from under their writer, and never stay when it is killed."""

    @pytest.fixture
    def begin(self, config):
        """Begin to store the digits in another process, which is to take so many seconds; returns it."""
        begun = []

        def begin(seconds):
            process = subprocess.Popen(
                [sys.executable, "-c", STORE, str(config.cache_dir), str(seconds)],
                stdout=subprocess.PIPE,
                text=True,
            )
            begun.append(process)
            assert process.stdout.readline() == "written\n"
            return process

        yield begin
        for process in begun:
            process.kill()
            process.communicate()

    def test_what_is_being_written_stays_and_counts(self, config, begin):
        begin(60)
        assert clear_leftovers(config.cache_dir) == 0
        make_room_to_read(config.cache_dir, 0, 1)
        assert list_sets(config.cache_dir) == []
        assert measure_unfinished(config.cache_dir) >= IMAGES.nbytes

    def test_what_a_killed_process_left_counts_until_it_is_cleared(self, config, begin):
        process = begin(60)
        process.kill()
        process.wait()
        left = measure_unfinished(config.cache_dir)
        assert left >= IMAGES.nbytes
        assert clear_leftovers(config.cache_dir) == left
        assert measure_unfinished(config.cache_dir) == 0
        assert [place.suffix for place in config.cache_dir.iterdir()] == [".lock"]

    def test_storing_clears_it_and_writes_them_anew(self, config, begin):
        process = begin(60)
        process.kill()
        process.wait()
        stored = store_arrays(config, {"data": (IMAGES, LABELS)})
        assert Path(stored.data[0]).is_file()
        assert measure_unfinished(config.cache_dir) == 0

    def test_two_processes_store_the_same_arrays_once(self, config, begin):
        process = begin(2)
        stored = store_arrays(config, {"data": (IMAGES, LABELS)})
        written = Path(stored.data[0]).stat().st_ino
        assert process.wait() == 0
        assert Path(stored.data[0]).stat().st_ino == written
        assert [one.folder for one in list_sets(config.cache_dir)] == [Path(stored.data[0])]
        assert measure_unfinished(config.cache_dir) == 0


@pytest.mark.slow
def test_a_search_on_arrays_can_be_resumed(tiny_space, tmp_path):
    result = imgcls_automl.search(
        space=tiny_space,
        data=(IMAGES[:900], LABELS[:900]),
        test_data=(IMAGES[900:1200], LABELS[900:1200]),
        cache_dir=tmp_path / "cache",
        **{"trials": 1, "epochs": 1, "preset": "fast", "device": "cpu", "out": tmp_path / "run"},
    )
    assert result.folder == tmp_path / "run"
    assert len((tmp_path / "run/leaderboard.csv").read_text().splitlines()) == 2
    resume(tmp_path / "run", trials=2)
    assert len((tmp_path / "run/leaderboard.csv").read_text().splitlines()) == 3
