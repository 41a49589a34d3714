"""Folders with names, links and files that break things: read as far as they go, reported, shown harmlessly."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.errors import DatasetError

NAMES = (
    b"two\nlines",
    b'quo\'ted "and, comma"',
    b"red\x1b[31m",
    b"<script>alert(1)<",
    b"=cmd()",
    b"@SUM(A1)",
    b"caf\xff",
    "\u202egnp".encode(),
    b"[bold]%s{0}|`*",
    b" spaces ",
    b"Cat",
    b"cat",
)


@pytest.fixture
def draw_classes(tmp_path):
    """Draw a folder a class, three pictures each, under names that are bytes."""

    def draw(names, count=3):
        root = tmp_path / "pictures"
        for shade, name in enumerate(names):
            folder = Path(os.fsdecode(os.path.join(os.fsencode(root), name)))  # noqa: PTH118 - bytes
            folder.mkdir(parents=True)
            for number in range(count):
                dots = np.random.default_rng([shade, number]).bytes(64)
                Image.frombytes("L", (8, 8), dots).save(folder / f"{number}.png")
        return root

    return draw


@pytest.fixture
def prepare(make_request, tmp_path):
    """Prepare a source as the command line does; gives the data set and the run's data folder."""

    def run(source, **changes):
        folder = tmp_path / "run"
        request = make_request(source, name=None, **changes)
        return prepare_dataset(request, folder=folder, log=None), folder

    return run


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


class TestNames:
    def test_every_class_is_kept_under_a_name_that_harms_nobody(self, draw_classes, prepare):
        dataset, folder = prepare(draw_classes(NAMES))
        assert len(dataset.task.class_names) == len(NAMES)
        assert {"Cat", "cat", "=cmd()", "two\nlines", "caf\\xff"} <= set(dataset.task.class_names)
        for path in folder.glob("*.csv"):
            cells = [cell for row in read_csv(path) for cell in row]
            assert all(cell.isprintable() for cell in cells)
            assert not any(cell.startswith(("=", "@")) for cell in cells)
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        assert [entry["name"] for entry in summary["classes"]] == list(dataset.task.class_names)
        assert "\x1b" not in (folder / "summary.json").read_text(encoding="utf-8")

    def test_a_broken_picture_of_any_name_is_listed_on_one_line(self, draw_classes, prepare):
        root = draw_classes([b"cat", b"dog"])
        (root / "cat/=1+1\x1b[2J\n<img src=x>.png").write_bytes(b"x")
        _, folder = prepare(root)
        ((name, problem, _),) = read_csv(folder / "issues.csv")[1:]
        assert (name, problem) == ("cat/=1+1\\x1b[2J\\x0a<img src=x>.png", "unreadable")

    def test_a_refusal_names_them_in_three_lines_at_most(self, draw_classes, prepare):
        root = draw_classes([b"cat", b"dog"])
        for number in range(20):
            (root / f"cat/{number}\x1b[2J\n\n\n.png").write_bytes(b"x")
        with pytest.raises(
            DatasetError, match="11 or more of 26 pictures cannot be read"
        ) as refused:
            prepare(root)
        assert "\x1b" not in str(refused.value)
        assert len(str(refused.value).splitlines()) <= 3


class TestTrees:
    def test_loops_pipes_and_dead_links_end_nothing(self, draw_classes, prepare):
        root = draw_classes([b"cat", b"dog"])
        (root / "cat/loop").symlink_to(root)
        (root / "cat/self").symlink_to("self")
        (root / "cat/gone.png").symlink_to("nowhere.png")
        os.mkfifo(root / "dog/pipe.png")
        os.mkfifo(root / "pipe.png")
        dataset, folder = prepare(root)
        assert sum(dataset.split_sizes) == 6
        assert {row[0] for row in read_csv(folder / "issues.csv")[1:]} == {
            "cat/gone.png", "dog/pipe.png",
        }  # fmt: skip

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
    def test_a_folder_that_may_not_be_read_is_reported(self, draw_classes, prepare):
        root = draw_classes([b"cat", b"dog"])
        (root / "cat/secret").mkdir(mode=0)
        _, folder = prepare(root)
        assert read_csv(folder / "issues.csv")[1][0] == "cat/secret/"

    def test_what_systems_and_notebooks_leave_is_passed_over(self, draw_classes, prepare):
        root = draw_classes([b"cat", b"dog"])
        for junk in (".DS_Store", "cat/.DS_Store", "cat/Thumbs.db", "cat/._0.png"):
            (root / junk).write_bytes(b"junk")
        for place in (".ipynb_checkpoints", "cat/.ipynb_checkpoints", "__MACOSX"):
            (root / place).mkdir()
            (root / place / "0-checkpoint.png").write_bytes(b"junk")
        dataset, folder = prepare(root)
        assert sum(dataset.split_sizes) == 6
        assert len(read_csv(folder / "issues.csv")) == 1


class TestUnknownSuffixes:
    def test_their_pictures_are_trained_on_and_named(self, draw_classes, prepare):
        root = draw_classes([b"cat", b"dog"])
        for place, name in enumerate(("noext", "x.jpgg", "y.txt", "\x1b[31m.<script>")):
            dots = np.random.default_rng([7, 7, place]).bytes(64)
            Image.frombytes("L", (8, 8), dots).save(root / "cat" / name, "PNG")
        dataset, folder = prepare(root)
        assert sum(dataset.split_sizes) == 10
        assert {tuple(row) for row in read_csv(folder / "issues.csv")[1:]} == {
            (
                f"cat/{name}",
                "disguised",
                f"named {named}, but it is a PNG file, and was read as one",
            )
            for name, named in (
                ("noext", "without a suffix"),
                ("x.jpgg", ".jpgg"),
                ("y.txt", ".txt"),
                (r"\x1b[31m.<script>", ".<script>"),
            )
        }

    def test_what_is_no_picture_is_told_and_never_stops_a_run(self, draw_classes, prepare):
        root = draw_classes([b"cat", b"dog"])
        for number in range(30):
            (root / f"cat/{number}.txt").write_text("no picture")
        told = "cat/0.txt: not known as a picture, and left out with 29 more files: 30 .txt in all"
        for _ in range(2):  # decoded, and from the cache
            dataset, folder = prepare(root, max_bad=0)
            assert dataset.remarks == (told,)
            assert (dataset.unreadable, sum(dataset.split_sizes)) == (0, 6)
            assert json.loads((folder / "summary.json").read_text())["checks"]["remarks"] == [told]

    def test_it_renames_no_picture_of_joined_sources(self, draw_folder, prepare):
        sources = [draw_folder("one", cat=4, dog=4), draw_folder("two", owl=4, fox=4)]
        for source, label in zip(sources, ("cat", "owl"), strict=True):
            (source / label / "README").write_text("no picture")
            (source / label / "LICENSE").write_text("no picture")
        dataset, folder = prepare(sources)
        assert [told.partition(":")[0] for told in dataset.remarks[-2:]] == [
            "one/cat/LICENSE", "two/owl/LICENSE",
        ]  # fmt: skip
        assert "cat/000.png" in {row[0] for row in read_csv(folder / "splits.csv")}


class TestLabels:
    def test_two_thousand_classes(self, draw_classes, prepare):
        dataset, _ = prepare(draw_classes([f"class {n:04}".encode() for n in range(2000)]))
        assert dataset.task.num_classes == 2000
        assert min(dataset.task.class_counts) >= 1
        assert min(dataset.split_sizes) >= 1

    def test_a_class_of_one_picture_is_named(self, draw_classes, prepare):
        root = draw_classes([b"cat", b"dog", b"Dog"])
        for number in (1, 2):
            (root / f"Dog/{number}.png").unlink()
        with pytest.raises(DatasetError, match="class 'Dog' has a single readable picture"):
            prepare(root)

    @pytest.mark.parametrize("split", ["validation", "test"])
    def test_a_label_that_is_only_outside_of_training_is_named(self, draw_classes, prepare, split):
        root = draw_classes([b"train/cat", b"train/dog", f"{split}/dgo".encode()])
        with pytest.raises(DatasetError, match="class 'dgo' has no picture in the training split"):
            prepare(root)

    def test_a_label_that_is_only_in_training_is_no_error(self, draw_classes, prepare):
        dataset, _ = prepare(draw_classes([b"train/cat", b"train/dog", b"test/dog"]))
        assert dataset.task.class_names == ("cat", "dog")
