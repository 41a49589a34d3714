"""The study's file: there as a whole or not at all, whenever its maker is killed and wherever its log is cut."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import optuna
import pytest

from imgcls_automl.engine.study import ask_trial, close_study, open_study
from imgcls_automl.errors import RunFolderError
from imgcls_automl.storage_errors import telling_storage_errors

FRAME = 24 + 4096  # bytes of a page in SQLite's write-ahead log, with its header


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.db"


def change(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def ask_twice(path):
    """Open a study as a search does, and once more, as its report does; returns how many trials it has then."""
    for _ in range(2):
        study = open_study(path, metric="accuracy")
        ask_trial(study, seed=0, startup=4)
        count = len(study.trials)
        close_study(study)
    return count


def test_a_new_one_leaves_nothing_beside_it(path):
    close_study(open_study(path, metric="accuracy"))
    assert list(path.parent.iterdir()) == [path]


def test_one_whose_tables_were_half_made_is_made_again(path):
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    storage.engine.dispose()
    change(path, "DROP INDEX ix_studies_study_name")  # it comes after its table
    assert ask_twice(path) == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM studies").fetchone() == (1,)


def test_one_whose_log_is_cut_anywhere_can_be_opened_and_goes_on(path, tmp_path):
    study = open_study(path, metric="accuracy")
    for _ in range(3):
        ask_trial(study, seed=0, startup=4)
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("study.db", "study.db-wal"):
        shutil.copyfile(tmp_path / name, kept / name)
    close_study(study)
    log = (kept / "study.db-wal").read_bytes()
    for size in range(0, len(log), 3 * FRAME):
        cut = tmp_path / f"cut-{size}"
        cut.mkdir()
        shutil.copyfile(kept / "study.db", cut / "study.db")
        (cut / "study.db-wal").write_bytes(log[:size])
        assert 2 <= ask_twice(cut / "study.db") <= 5


def test_the_log_of_one_that_is_gone_is_not_taken_for_the_new_one_s(path):
    study = open_study(path, metric="accuracy")
    ask_trial(study, seed=0, startup=4)
    log = path.with_name("study.db-wal").read_bytes()
    close_study(study)
    path.unlink()
    path.with_name("study.db-wal").write_bytes(log)
    assert ask_twice(path) == 2


def test_one_with_two_studies_of_one_name_is_told_to_be_damaged(path):
    close_study(open_study(path, metric="accuracy"))
    change(
        path,
        "DROP INDEX ix_studies_study_name",
        "INSERT INTO studies (study_name) SELECT study_name FROM studies",
    )
    with (
        pytest.raises(RunFolderError, match=r"study.db is damaged: Multiple rows were found"),
        telling_storage_errors(path.parent),
    ):
        open_study(path, metric="accuracy")


@pytest.mark.parametrize(
    ("schema", "told"),
    [("v9.0.0.a", "newer than the one installed"), ("v3.0.0.a", "older than the one installed")],
)
def test_one_of_another_optuna_is_refused_with_what_to_do(path, schema, told):
    close_study(open_study(path, metric="accuracy"))
    change(path, f"UPDATE alembic_version SET version_num = '{schema}'")
    with pytest.raises(RunFolderError, match=told) as caught:
        open_study(path, metric="accuracy")
    assert "optuna" in str(caught.value).splitlines()[1]
    assert "--fork" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
