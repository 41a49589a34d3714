"""`data cache list` and `data cache clear`, as installed."""

from __future__ import annotations

import json

import pytest

from imgcls_automl.data.dataset import DatasetRequest
from imgcls_automl.data.prepare import opened_dataset, prepare_dataset


@pytest.fixture
def request_digits(tmp_path):
    """Ask for scikit-learn's digits, resized, in the cache `tmp_path / "cache"`."""

    def ask(side):
        return DatasetRequest(
            data=("digits",),
            test_data=None,
            adapter="digits",
            options={},
            image_size=(side, side),
            resize="stretch",
            seed=0,
            max_bad=None,
            cache=tmp_path / "cache",
        )

    return ask


@pytest.fixture
def prepare(request_digits):
    return lambda side: prepare_dataset(request_digits(side), folder=None, log=None)


@pytest.fixture
def cache_command(imgcls, tmp_path):
    """Run `data cache ...` on the cache `tmp_path / "cache"`."""
    return lambda *arguments: imgcls("data", "cache", *arguments, "--cache-dir", tmp_path / "cache")


class TestList:
    def test_each_set_is_told_with_what_it_holds(self, prepare, cache_command):
        dataset = prepare(8)
        done = cache_command("list")
        assert (done.returncode, done.stderr) == (0, "")
        head, row, total = done.stdout.splitlines()
        assert head.split() == [
            "fingerprint",
            "data",
            "pictures",
            "shape",
            "size",
            "made",
            "last",
            "used",
        ]
        assert row.split()[:4] == [dataset.fingerprint[:12], "digits", "1,797", "8x8x1"]
        assert total.startswith("1 data set, ")
        assert "of 20 GB" in total

    def test_json_has_exact_values(self, prepare, cache_command):
        dataset = prepare(8)
        told = json.loads(cache_command("list", "--json").stdout)
        (one,) = told["sets"]
        assert told["schema_version"] == 1
        assert one["fingerprint"] == dataset.fingerprint
        assert one["image_shape"] == [8, 8, 1]
        assert one["bytes"] == told["bytes"] >= 1797 * 64
        assert one["in_use"] is False

    def test_a_cache_that_is_not_there_is_empty(self, cache_command, tmp_path):
        assert cache_command("list").stdout.startswith("0 data sets, 0 bytes of 20 GB")
        assert not (tmp_path / "cache").exists()

    def test_the_environment_names_the_cache_and_its_limit(self, imgcls, prepare, tmp_path):
        prepare(8)
        chosen = {
            "IMGCLS_AUTOML_CACHE_DIR": str(tmp_path / "cache"),
            "IMGCLS_AUTOML_CACHE_LIMIT": "2GB",
        }
        told = json.loads(imgcls("data", "cache", "list", "--json", env=chosen).stdout)
        assert (len(told["sets"]), told["limit_bytes"]) == (1, 2 * 10**9)


class TestClear:
    def test_all_sets_go(self, prepare, cache_command):
        prepare(8)
        prepare(9)
        done = cache_command("clear")
        assert done.returncode == 0
        assert done.stdout.startswith("Removed 2 data sets, ")
        assert done.stdout.endswith(" freed.\n")
        assert json.loads(cache_command("list", "--json").stdout)["sets"] == []

    def test_what_a_kill_left_is_told_and_goes(self, cache_command, tmp_path):
        (tmp_path / "cache").mkdir()
        left = tmp_path / "cache/arrays-0123456789abcdef.building-x.npz"
        left.write_bytes(bytes(8192))
        assert "left by a killed process: 8.2 kB" in cache_command("list").stdout
        told = json.loads(cache_command("list", "--json").stdout)
        assert told["bytes"] == told["unfinished_bytes"] == 8192
        assert cache_command("clear").stdout == "Removed 0 data sets, 8.2 kB freed.\n"
        assert not left.exists()

    def test_named_ones_go(self, prepare, cache_command):
        gone, kept = prepare(8), prepare(9)
        cache_command("clear", gone.fingerprint[:8])
        assert not gone.images.exists()
        assert kept.images.exists()

    def test_one_in_use_stays_and_is_named(self, request_digits, cache_command):
        with opened_dataset(request_digits(8), folder=None, log=None) as dataset:
            done = cache_command("clear")
            assert done.returncode == 0
            assert "Removed 0 data sets" in done.stdout
            assert f"kept: {dataset.fingerprint[:12]} digits" in done.stdout
            assert dataset.images.exists()
        told = json.loads(cache_command("clear", "--json").stdout)
        assert len(told["removed"]) == 1
        assert told["freed_bytes"] > 1797 * 64

    def test_an_unknown_name_is_refused(self, prepare, cache_command):
        prepare(8)
        done = cache_command("clear", "nonesuch")
        assert done.returncode == 2
        assert "'nonesuch' names no one set" in done.stderr

    def test_files_of_the_user_s_own_stay(self, prepare, cache_command, tmp_path):
        prepare(8)
        (tmp_path / "cache/holiday.jpg").write_bytes(b"precious")
        cache_command("clear")
        assert (tmp_path / "cache/holiday.jpg").read_bytes() == b"precious"
