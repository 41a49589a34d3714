"""The run folder: made, refused, locked, taken away again, and its run.json."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from imgcls_automl.config import RunConfig
from imgcls_automl.errors import DatasetError, RunFolderError
from imgcls_automl.run_folder import existing_run_folder, new_run_folder, read_run_record


def configure(**options):
    return RunConfig(**{"space": "cnn_small", "data": ("digits",), **options})


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(path, **record):
    """A run folder in which trials have begun."""
    with new_run_folder(configure(out=path)) as folder:
        folder.search_began = True
        folder.update(**record)
    return path


def break_off(path, error=DatasetError, before=lambda folder: None):
    """Make a run folder, do something in it, and fail."""
    with new_run_folder(configure(out=path)) as folder:
        before(folder)
        raise error


def begin_search(folder):
    folder.search_began = True
    folder.update(seed=1)


class TestNew:
    def test_it_is_where_it_was_asked_for(self, here):
        path = make(Path("deep/er/run"))
        assert {"data", "trials", "best", "run.json"} <= {part.name for part in path.iterdir()}

    @pytest.mark.parametrize(
        ("space", "data", "stem"),
        [
            ("cnn_small", ("digits",), "cnn_small-digits-"),
            ("my/space.py:Odd", ("/data/Fashion MNIST.csv.gz",), "Odd-Fashion_MNIST-"),
            ("cnn_small", ("pictures/",), "cnn_small-pictures-"),
            ("cnn_small", ("../..",), "cnn_small-data-"),
            ("cnn_small", ("a\x1b[31m`$(rm)`",), "cnn_small-a_31m_rm-"),
            ("cnn_small", ("pets/2023/", "pets/2024.csv"), "cnn_small-2023_2024-"),
        ],
    )
    def test_else_its_name_tells_space_data_and_time(self, here, space, data, stem):
        with new_run_folder(configure(space=space, data=data)) as folder:
            assert folder.path.parent == Path("runs")
            assert folder.path.name.startswith(stem)
            assert folder.path.name.removeprefix(stem).endswith("Z")

    def test_two_in_one_second_are_two_folders(self, here):
        with new_run_folder(configure()) as one, new_run_folder(configure()) as two:
            assert one.path != two.path

    @pytest.mark.parametrize("kind", ["folder", "file"])
    def test_what_exists_is_refused_and_left_alone(self, here, kind):
        taken = here / "taken"
        taken.mkdir() if kind == "folder" else taken.write_text("mine")
        with (
            pytest.raises(RunFolderError, match="taken exists already"),
            new_run_folder(configure(out=Path("taken"))),
        ):
            pass
        assert taken.is_dir() or taken.read_text() == "mine"

    def test_a_place_that_cannot_hold_it_is_told(self, here):
        (here / "file").write_text("")
        with (
            pytest.raises(RunFolderError, match="file/run cannot be made: Not a directory"),
            new_run_folder(configure(out=Path("file/run"))),
        ):
            pass

    def test_so_is_a_name_that_is_too_long(self, here):
        with (
            pytest.raises(RunFolderError, match="cannot be made: File name too long"),
            new_run_folder(configure(out=Path("x" * 300, "run"))),
        ):
            pass


class TestARunThatNeverBegan:
    @pytest.mark.parametrize("error", [DatasetError, KeyboardInterrupt])
    def test_it_leaves_nothing_behind(self, here, error):
        with pytest.raises(error):
            break_off(Path("a/b/run"), error, lambda folder: folder.update(status="running"))
        assert list(here.iterdir()) == []

    def test_folders_that_were_there_stay(self, here):
        (here / "a").mkdir()
        with pytest.raises(DatasetError):
            break_off(Path("a/b/run"))
        assert list((here / "a").iterdir()) == []

    def test_so_does_what_another_run_has_put_there_meanwhile(self, here):
        with pytest.raises(DatasetError):
            break_off(Path("runs/one"), before=lambda folder: make(Path("runs/two")))
        assert [path.name for path in (here / "runs").iterdir()] == ["two"]

    def test_nobody_can_take_it_for_a_run_once_its_lock_is_free(self, here, monkeypatch):
        seen = []
        real = filelock.FileLock.release

        def look(lock, *arguments, **options):
            real(lock, *arguments, **options)
            seen.extend(part.name for part in Path("run").iterdir())

        monkeypatch.setattr(filelock.FileLock, "release", look)
        with pytest.raises(DatasetError):
            break_off(Path("run"), before=lambda folder: folder.update(status="running"))
        assert set(seen) <= {".lock"}
        assert list(here.iterdir()) == []

    def test_a_bug_of_ours_keeps_it_for_its_log(self, here):
        with pytest.raises(ZeroDivisionError):
            break_off(Path("run"), ZeroDivisionError)
        assert Path("run").is_dir()

    def test_one_that_has_begun_is_kept(self, here):
        with pytest.raises(DatasetError):
            break_off(Path("run"), before=begin_search)
        assert read_run_record(Path("run"))["seed"] == 1


class TestExisting:
    def test_it_is_opened_with_its_record(self, here):
        with existing_run_folder(make(Path("run"), seed=7)) as folder:
            assert folder.record["seed"] == 7
            folder.update(seed=8)
        assert read_run_record(Path("run"))["seed"] == 8

    def test_one_in_use_is_refused_also_by_another_process(self, here):
        code = (
            "import sys; from pathlib import Path; from imgcls_automl.run_folder import *\n"
            "from imgcls_automl.errors import RunFolderError\n"
            "try:\n    existing_run_folder(Path('run')).__enter__()\n"
            "except RunFolderError as error: print(error)"
        )
        with existing_run_folder(make(Path("run"))):
            other = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
        assert "run is in use by another imgcls-automl" in other.stdout

    def test_one_whose_process_was_killed_is_free_again(self, here):
        code = (
            "import os; from pathlib import Path; from imgcls_automl.run_folder import *\n"
            "existing_run_folder(Path('run')).__enter__()\nos._exit(9)"
        )
        make(Path("run"))
        subprocess.run([sys.executable, "-c", code], check=False)
        with existing_run_folder(Path("run")):
            pass


class TestRecord:
    def refuse(self, path):
        with pytest.raises(RunFolderError) as caught:
            read_run_record(path)
        assert 1 <= len(str(caught.value).splitlines()) <= 3
        return str(caught.value)

    def test_a_folder_of_something_else_is_told(self, here):
        assert "is no run folder: it has no run.json" in self.refuse(here)
        assert "is no run folder" in self.refuse(here / "missing")

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"schema_version": "new"}'])
    def test_a_damaged_one_is_told(self, here, text):
        (here / "run.json").write_text(text)
        assert "is damaged" in self.refuse(here)

    def test_a_newer_one_is_told(self, here):
        (here / "run.json").write_text('{"schema_version": 2}')
        assert "was written by a newer imgcls-automl (schema 2; this one reads 1)" in self.refuse(
            here
        )

    def test_it_is_never_half_written(self, here):
        with new_run_folder(configure(out=Path("run"))) as folder:
            folder.search_began = True
            folder.update(seed=1)
            with pytest.raises(ValueError, match="Out of range float"):
                folder.update(seed=float("nan"))
        assert json.loads(Path("run/run.json").read_text())["seed"] == 1
        assert not list(Path("run").glob(".writing-*"))
