"""Twelve broken plugins are installed: each is explained, and nobody who does not use them notices."""

from __future__ import annotations

import json
import os

import pytest
from broken_plugins import BROKEN, install_broken

LOADS_WELL = {"wrong_signature", "duplicate", "probabilities", "nan_gradients"} | {
    *("unpicklable", "endless", "label_is_a_number")
}


@pytest.fixture(scope="module")
def beside(imgcls, tmp_path_factory):
    """Run the command in an environment where all twelve are installed."""
    site = tmp_path_factory.mktemp("site")
    install_broken(site)

    def run(*arguments, **env):
        return imgcls(*arguments, env={"PYTHONPATH": str(site), **env}, timeout=280)

    return run


def read_statuses(done):
    return {(it["name"], it["distribution"]): it for it in json.loads(done.stdout)["plugins"]}


class TestTheList:
    def test_it_names_all_of_them_at_once_and_imports_none(self, beside):
        before = os.times()
        done = beside("plugins", "list", "--json")
        after = os.times()
        assert (
            sum(after[2:4]) - sum(before[2:4]) < 2
        )  # seconds of computing, whoever computes beside
        assert done.returncode == 0, done.stderr
        listed = {distribution for _, distribution in read_statuses(done)}
        assert {f"broken-{key.replace('_', '-')}" for key in BROKEN} < listed
        assert read_statuses(done)["idx", "broken-duplicate"]["status"] == "duplicate"

    def test_loading_them_names_each_cause(self, beside):
        done = beside("plugins", "list", "--load", "--json")
        assert done.returncode == 0, done.stderr
        for key, broken in BROKEN.items():
            owner = f"broken-{key.replace('_', '-')}"
            told = read_statuses(done)[broken.name or key, owner]
            if key in LOADS_WELL:
                assert (told["cause"], told["api_version"]) == ("", 1), key
                assert told["seconds"] < 5
            else:
                assert told["status"] == "broken", key
                assert broken.says in told["cause"]

    def test_a_requirements_file_has_their_packages(self, beside):
        lines = beside("plugins", "list", "--format", "requirements").stdout.splitlines()
        assert lines == sorted(lines)
        assert "broken-os-exit==0.1" in lines


class TestWhoeverDoesNotUseThem:
    @pytest.mark.parametrize("listed", ["spaces", "datasets"])
    def test_lists_as_ever(self, beside, listed):
        done = beside(listed, "list")
        assert (done.returncode, done.stderr) == (0, "")

    def test_reads_data_as_ever_and_is_told_who_was_skipped(self, beside):
        done = beside("data", "inspect", "digits", "--json", "--quiet")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)

    def test_names_a_space_and_an_adapter_as_ever(self, beside):
        search = ("search", "--space", "cnn_small", "--data", "digits", "--adapter", "digits")
        done = beside(*search, "--trials", "1", "--dry-run", "--json", "--quiet")
        assert done.returncode == 0, done.stderr

    def test_can_block_them(self, beside):
        done = beside("datasets", "list", "--json", IMGCLS_AUTOML_PLUGINS="imgcls-automl")
        statuses = {name: it["status"] for name, it in read_statuses(done).items()}
        assert statuses["idx", "imgcls-automl"] == "ok"
        assert statuses["idx", "broken-duplicate"] == statuses["endless", "broken-endless"]
        assert statuses["endless", "broken-endless"] == "blocked"


class TestWhoeverAsksForOne:
    @pytest.mark.parametrize("key", BROKEN)
    def test_check_explains_it_with_code_5(self, beside, key):
        broken = BROKEN[key]
        done = beside("plugins", "check", broken.name or key, "--data", "broken")
        assert done.returncode == 5
        assert broken.says in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr

    def test_check_says_what_holds_in_spite_of_it_and_what_to_change(self, beside):
        done = beside("plugins", "check", "unpicklable", "--data", "broken", "--json")
        assert done.returncode == 5
        told = json.loads(done.stdout)
        assert (told["schema_version"], told["holds"]) == (1, False)
        (broken,) = [it for it in told["findings"] if it["state"] == "broken"]
        assert broken["name"] == "test_it_can_be_pickled"
        assert "Keep no open files, locks" in broken["detail"]

    def test_a_search_is_told_whose_fault_it_is(self, beside):
        done = beside("search", "--space", "cnn_small", "--data", "x", "--adapter", "import_error")
        assert done.returncode == 5
        assert "'import_error' (broken-import-error 0.1) cannot be imported" in done.stderr

    def test_a_blocked_one_is_refused_by_name(self, beside):
        done = beside("plugins", "check", "endless", IMGCLS_AUTOML_PLUGINS="-endless")
        assert done.returncode == 5
        assert "IMGCLS_AUTOML_PLUGINS is '-endless'" in done.stderr
