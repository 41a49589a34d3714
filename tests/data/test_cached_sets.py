"""The decoded sets of a cache: listed, removed, and never taken from under a process that uses them."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from imgcls_automl.data.cache_use import is_used, using
from imgcls_automl.data.cached_sets import (
    About,
    discard,
    find_named,
    list_sets,
    remove_sets,
    write_about,
)
from imgcls_automl.data.leftovers import clear_leftovers, measure_unfinished
from imgcls_automl.errors import ConfigError

USER = """
import sys, time
from pathlib import Path
from imgcls_automl.data.cache_use import using
with using(Path(sys.argv[1])):
    print("holding", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def keep(tmp_path):
    """Put a set into the cache `tmp_path`, as if it had been used so many seconds ago."""

    def keep(letter, *, ago=0, size=4096, fingerprint=None):
        folder = tmp_path / (letter * 32)
        folder.mkdir()
        (folder / "images.npy").write_bytes(b"x" * size)
        (folder / "used").touch()
        about = About(
            fingerprint=fingerprint or letter * 32,
            data=f"{letter}.csv",
            test_data=None,
            adapter="folder",
            pictures=7,
            image_shape=(8, 8, 1),
            created=time.time() - ago,
        )
        write_about(folder, about)
        then = time.time() - ago

        os.utime(folder / "used", (then, then))
        return folder

    return keep


@pytest.fixture
def use_elsewhere():
    """Use a set in another process until the test ends; returns that process."""
    begun = []

    def use(folder):
        process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        begun.append(process)
        assert process.stdout.readline() == "holding\n"
        return process

    yield use
    for process in begun:
        process.kill()
        process.wait()
        process.stdout.close()


class TestListing:
    def test_the_least_recently_used_comes_first(self, keep, tmp_path):
        keep("a", ago=10)
        keep("b", ago=1000)
        keep("c", ago=100)
        assert [one.about.data for one in list_sets(tmp_path)] == ["b.csv", "c.csv", "a.csv"]

    def test_it_tells_size_and_content(self, keep, tmp_path):
        keep("a", size=1 << 20)
        (one,) = list_sets(tmp_path)
        assert 1 << 20 <= one.size < 1 << 21
        assert (one.about.pictures, one.about.image_shape) == (7, (8, 8, 1))
        assert not one.in_use

    def test_use_is_noted(self, keep, tmp_path):
        with using(keep("a", ago=1000)):
            (one,) = list_sets(tmp_path)
            assert one.in_use
        assert time.time() - list_sets(tmp_path)[0].last_used < 100

    def test_a_set_of_an_older_version_is_listed_without_its_story(self, tmp_path):
        folder = tmp_path / ("d" * 32)
        folder.mkdir()
        (folder / "images.npy").write_bytes(b"old")
        (one,) = list_sets(tmp_path)
        assert (one.about, one.name, one.in_use) == (None, "d" * 32, False)
        assert remove_sets([one]) == [one]
        assert not folder.exists()

    def test_nothing_else_in_the_folder_is_taken_for_ours(self, tmp_path):
        (tmp_path / "holiday pictures").mkdir()
        (tmp_path / ("f" * 32)).write_text("a file")
        assert list_sets(tmp_path) == []
        assert list_sets(tmp_path / "nowhere") == []

    def test_a_damaged_description_does_no_harm(self, keep, tmp_path):
        (keep("a") / "about.json").write_text('{"schema_version": 1}')
        assert list_sets(tmp_path)[0].about is None


class TestNames:
    def test_a_beginning_is_enough(self, keep, tmp_path):
        keep("a", fingerprint="abc1")
        keep("b", fingerprint="abd2")
        assert [it.name for it in find_named(list_sets(tmp_path), ["abd"])] == ["abd2"]

    def test_sets_of_the_same_content_share_a_name(self, keep, tmp_path):
        keep("a", fingerprint="abc1")
        keep("b", fingerprint="abc1")
        assert len(find_named(list_sets(tmp_path), ["abc"])) == 2

    @pytest.mark.parametrize(
        ("name", "words"), [("ab", "several"), ("x", "no cached set"), ("", "no")]
    )
    def test_what_names_no_one_set_is_refused(self, keep, tmp_path, name, words):
        keep("a", fingerprint="abc1")
        keep("b", fingerprint="abd2")
        with pytest.raises(ConfigError, match=words):
            find_named(list_sets(tmp_path), [name])


class TestRemoval:
    def test_what_another_process_uses_stays(self, keep, use_elsewhere, tmp_path):
        used, unused = keep("a"), keep("b")
        use_elsewhere(used)
        assert [one.folder for one in remove_sets(list_sets(tmp_path))] == [unused]
        assert used.exists()
        assert not unused.exists()

    def test_a_killed_process_holds_nothing(self, keep, use_elsewhere, tmp_path):
        folder = keep("a")
        process = use_elsewhere(folder)
        assert is_used(folder)
        process.kill()
        process.wait()
        assert remove_sets(list_sets(tmp_path))

    def test_several_processes_may_use_a_set(self, keep, use_elsewhere):
        folder = keep("a")
        use_elsewhere(folder)
        with using(folder):
            assert is_used(folder)

    def test_a_set_that_was_removed_cannot_be_used(self, keep):
        folder = keep("a")
        discard(folder)
        with pytest.raises(FileNotFoundError), using(folder):
            pass

    def test_what_a_kill_left_half_removed_is_cleared(self, keep, tmp_path):
        folder = keep("a")
        folder.rename(tmp_path / f"{folder.name}.removed-0badc0de")
        assert list_sets(tmp_path) == []
        size = measure_unfinished(tmp_path)
        assert size >= 4096
        assert clear_leftovers(tmp_path) == size
        assert list(tmp_path.iterdir()) == []
