"""Each look of the doctor: what is well, what is not, and what to do."""

from __future__ import annotations

import json

import pytest

from imgcls_automl.doctor.backend import BackendAnswer, check_backend, judge_device
from imgcls_automl.doctor.machine import check_folder, check_versions
from imgcls_automl.doctor.plugins import check_plugins
from imgcls_automl.errors import BrokenPluginError, ConfigError


def test_versions_name_what_results_depend_on():
    check = check_versions()
    assert check.status == "ok"
    assert all(name in check.told for name in ("imgcls-automl", "Python", "keras", "optuna"))


def test_a_folder_that_is_still_to_be_made_is_judged_by_the_one_around_it(tmp_path):
    check = check_folder("runs", tmp_path / "not" / "yet")
    assert (check.status, check.advice) == ("ok", "")
    assert "B free" in check.told


def test_a_folder_that_cannot_be_made_is_a_problem_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    check = check_folder("cache", tmp_path / "file" / "datasets")
    assert (check.status, check.error) == ("problem", ConfigError)
    assert "--cache-dir" in check.advice


def test_a_broken_plugin_is_named_beside_those_that_work(tmp_path, monkeypatch):
    about = tmp_path / "broken_spaces-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-spaces\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text(
        "[imgcls_automl.search_spaces]\nbroken = broken_spaces:Broken\n"
    )
    (tmp_path / "broken_spaces.py").write_text("import nothing_of_this_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    *working, broken = check_plugins()
    assert [check.status for check in working] == ["ok"]
    assert "cnn_small" in working[0].told
    assert (broken.status, broken.error) == ("problem", BrokenPluginError)
    assert "broken-spaces 1.2" in broken.told
    assert "nothing_of_this_name" in broken.told
    assert "IMGCLS_AUTOML_PLUGINS=-broken" in broken.advice


class TestDevice:
    def test_a_gpu_that_the_framework_does_not_see_is_told_with_what_to_install(self):
        warning = "H200 is there, but tensorflow does not see it. To use it: pip install 'it[gpu]'"
        check = judge_device(BackendAnswer(device="CPU, 2 threads", warning=warning))
        assert (check.status, check.error) == ("warning", None)
        assert check.told.endswith("H200 is there, but tensorflow does not see it")
        assert check.advice == "To use it: pip install 'it[gpu]'"

    def test_no_gpu_at_all_is_no_fault_but_said(self):
        check = judge_device(BackendAnswer(device="CPU, 2 threads", precisions=("float32",)))
        assert check.status == "ok"
        assert "this machine has no NVIDIA driver" in check.told

    def test_a_driver_that_does_not_answer_is_quoted(self):
        fault = "nvidia-smi failed: Driver/library version mismatch"
        check = judge_device(BackendAnswer(device="CPU, 2 threads", driver_fault=fault))
        assert (check.status, check.error) == ("warning", None)
        assert check.told.endswith(f"; no GPU: {fault}")
        assert "until nvidia-smi lists it" in check.advice

    @pytest.mark.slow
    def test_a_gpu_that_a_variable_hides_is_told_with_the_variable(self, tmp_path, monkeypatch):
        program = tmp_path / "nvidia-smi"
        program.write_text("#!/bin/sh\necho 'NVIDIA H200, 143771, 9.0'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        _, check = check_backend()
        assert check.status == "warning"
        assert check.told.endswith('NVIDIA H200 is there, but CUDA_VISIBLE_DEVICES="" hides it')
        assert check.advice == "To use it: unset CUDA_VISIBLE_DEVICES"


def test_a_framework_that_is_not_there_ends_with_code_2(imgcls):
    done = imgcls("doctor", "--no-search", env={"KERAS_BACKEND": "abacus"})
    assert done.returncode == 2
    assert "problem  backend" in done.stdout
    assert "set KERAS_BACKEND to tensorflow, jax or torch" in done.stdout
    assert "1 of" in done.stdout.splitlines()[-1]
    assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_all_is_well_here_and_a_search_works(imgcls):
    done = imgcls("doctor", "--json", timeout=240)
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (0, True), done.stdout
    names = [check["name"] for check in told["checks"]]
    assert names == [
        *("versions", "terminal", "cache", "runs", "plugins", "backend", "device"),
        "search",
    ]
    search = told["checks"][-1]["told"]
    assert "on test" in search
    assert "s of them to read the pictures and load the framework" in search
