"""Damaged files of a run, found before anything is started."""

from __future__ import annotations

import pytest

from imgcls_automl.errors import RunFolderError
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.run_checks import check_run_files
from imgcls_automl.run_folder import RunFolder
from imgcls_automl.trial_files import write_result


@pytest.fixture
def folder(tmp_path):
    """A run of one failed trial, which never had a candidate, and one under way."""
    for number in ("0", "1"):
        (tmp_path / "trials" / number).mkdir(parents=True)
    result = TrialResult(
        number=0,
        state="failed",
        score=None,
        metric="accuracy",
        epoch=None,
        epochs=0,
        planned_epochs=2,
        seconds=0.1,
        parameters=None,
        cause="crash",
    )
    write_result(tmp_path / "trials" / "0", result)
    return RunFolder(tmp_path, {})


def test_a_whole_run_passes(folder):
    check_run_files(folder)


@pytest.mark.parametrize("offset", [0, 1, 40, -3])
def test_a_result_cut_short_is_named(folder, offset):
    path = folder.trials / "0" / "result.json"
    path.write_bytes(path.read_bytes()[:offset])
    with pytest.raises(RunFolderError, match=r"trials/0/result.json is damaged"):
        check_run_files(folder)


def test_a_candidate_of_an_ended_trial_too(folder):
    (folder.trials / "0" / "candidate.json").write_text('{"number": 0')
    with pytest.raises(RunFolderError, match=r"trials/0/candidate.json is damaged"):
        check_run_files(folder)


def test_what_a_killed_trial_left_half_done_is_nobody_s_trouble(folder):
    (folder.trials / "1" / "candidate.json").write_text('{"number": 1')
    check_run_files(folder)
