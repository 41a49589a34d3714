"""From a source to a data set that can be trained on, through real child processes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.errors import BrokenPluginError, ConfigError, DatasetError


def prepare(request, folder=None, **options):
    return prepare_dataset(request, folder=folder, log=options.pop("log", None), **options)


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class TestDataset:
    def test_it_holds_every_picture_with_its_label(self, make_request, draw_folder):
        dataset = prepare(make_request(draw_folder(dog=20, cat=30)))
        images, labels = np.load(dataset.images), np.load(dataset.labels)
        assert images.shape == (50, 16, 20, 1)
        assert images.dtype == np.uint8
        assert dataset.task.class_names == ("cat", "dog")
        assert labels.tolist() == [0] * 30 + [1] * 20
        assert images[:30, 0, 0, 0].tolist() == [(n * 37 + 3) % 256 for n in range(30)]
        assert dataset.task.image_shape == (16, 20, 1)

    def test_each_share_for_the_test_has_splits_of_its_own(self, make_request, draw_folder):
        source = draw_folder(dog=20, cat=20)
        usual = prepare(make_request(source))
        larger = prepare(make_request(source, test_share=0.3))
        again = prepare(make_request(source))
        assert [one.split_sizes[2] for one in (usual, larger, again)] == [6, 12, 6]
        assert usual.fingerprint == larger.fingerprint

    def test_split_sizes_and_counts_agree_with_the_splits(self, make_request, draw_folder):
        dataset = prepare(make_request(draw_folder(dog=20, cat=30)))
        splits = np.load(dataset.splits)
        assert tuple(np.bincount(splits)) == dataset.split_sizes == (34, 8, 8)
        assert dataset.task.train_size == 34

    @pytest.mark.parametrize("name", ["Encoded", "PicturesBackwards"])
    def test_the_content_alone_decides_the_fingerprint(self, make_request, draw_folder, name):
        source = draw_folder(dog=10, cat=10)
        first, second = prepare(make_request(source)), prepare(make_request(source, name))
        assert first.fingerprint == second.fingerprint
        assert (np.load(first.splits) == np.load(second.splits)).all()

    def test_real_digits_of_16_bits(self, make_request):
        dataset = prepare(make_request("digits", "Digits"))
        images = np.load(dataset.images)
        assert images.shape == (1797, 8, 8, 1)
        assert (images.min(), images.max()) == (0, 255)

    def test_colour_and_grey_together_are_colour(self, make_request, draw_folder):
        draw_folder(cat=10, size=(200, 90), mode="RGB")
        dataset = prepare(make_request(draw_folder(dog=10)))
        assert dataset.task.image_shape == (53, 53, 3)

    def test_groups_stay_together(self, make_request, draw_folder):
        dataset = prepare(make_request(draw_folder(ill=80, well=80), "Patients"))
        splits = np.load(dataset.splits)
        assert all(
            len(set(splits[start : start + 4].tolist() + splits[start + 80 : start + 84].tolist()))
            == 1
            for start in range(0, 80, 4)
        )

    def test_progress_is_told(self, make_request, draw_folder):
        seen = []
        prepare(make_request(draw_folder(dog=10, cat=10)), on_progress=seen.append)
        assert [(step.stage, step.done, step.total) for step in seen] == [
            ("checking", 20, 20),
            ("decoding", 20, 20),
            ("comparing", 20, 20),
        ]


class TestTestData:
    def test_a_second_source_is_the_test_split(self, make_request, draw_folder):
        train, test = draw_folder("train", dog=20, cat=20), draw_folder("test", dog=5, cat=5)
        dataset = prepare(make_request(train, test_data=str(test)))
        assert dataset.split_sizes == (32, 8, 10)

    def test_an_id_of_both_sources_is_told_apart(self, make_request, draw_folder, tmp_path):
        train, test = draw_folder("train", dog=20, cat=20), draw_folder("test", dog=5, cat=5)
        prepare(make_request(train, test_data=str(test)), tmp_path / "run/data")
        splits = {row["id"]: row["split"] for row in read_csv(tmp_path / "run/data/splits.csv")}
        assert len(splits) == 50
        assert splits["test:cat/000.png"] == "test"
        assert splits["cat/000.png"] != "test"

    def test_a_class_that_is_only_in_the_test_source_is_named(self, make_request, draw_folder):
        train, test = draw_folder("train", dog=9, cat=9), draw_folder("test", dgo=5, cat=5)
        with pytest.raises(DatasetError, match="'dgo' has no picture in the training split"):
            prepare(make_request(train, test_data=str(test)))

    def test_two_test_splits_are_one_too_many(self, make_request, draw_folder):
        source, other = draw_folder(dog=9, cat=9), draw_folder("other", dog=9, cat=9)
        with pytest.raises(DatasetError, match="states a test split of its own"):
            prepare(make_request(source, "SaysTest", test_data=str(other)))


class TestSeveralSources:
    def test_they_are_joined_and_their_classes_united(self, make_request, draw_folder):
        first, second = draw_folder("first", dog=20, cat=20), draw_folder("second", fox=20)
        dataset = prepare(make_request([first, second]))
        assert dataset.task.class_names == ("cat", "dog", "fox")
        assert sum(dataset.split_sizes) == 60

    def test_ids_that_both_have_get_the_names_of_their_sources(
        self, make_request, draw_folder, tmp_path
    ):
        first, second = draw_folder("2023", dog=9, cat=9), draw_folder("2024", dog=9, cat=5)
        prepare(make_request([first, second]), tmp_path / "run/data")
        ids = [row["id"] for row in read_csv(tmp_path / "run/data/splits.csv")]
        assert len(set(ids)) == 32
        assert ids == sorted(ids)
        assert {"2023/cat/000.png", "2024/cat/000.png"} < set(ids)

    def test_sources_of_one_name_are_told_apart_by_their_paths(
        self, make_request, draw_folder, tmp_path
    ):
        first, second = draw_folder("a/pets", dog=9, cat=9), draw_folder("b/pets", dog=9, cat=9)
        prepare(make_request([first, second]), tmp_path / "run/data")
        ids = {row["id"] for row in read_csv(tmp_path / "run/data/splits.csv")}
        assert f"{first}/cat/000.png" in ids
        assert f"{second}/cat/000.png" in ids

    def test_the_order_they_are_named_in_decides_nothing(self, make_request, draw_folder):
        first, second = draw_folder("first", dog=9, cat=9), draw_folder("second", dog=9, cat=9)
        one, other = prepare(make_request([first, second])), prepare(make_request([second, first]))
        assert one.fingerprint == other.fingerprint
        assert (np.load(one.splits) == np.load(other.splits)).all()

    def test_a_joined_set_is_found_again_until_a_source_changes(self, make_request, draw_folder):
        first, second = draw_folder("first", dog=9, cat=9), draw_folder("second", dog=9, cat=9)
        request = make_request([first, second], name=None)
        assert not prepare(request).cached
        assert prepare(request).cached
        (second / "cat/008.png").unlink()
        assert not prepare(request).cached

    def test_sources_of_different_kinds_are_refused(self, make_request, draw_folder):
        folder = draw_folder("first", dog=9, cat=9)
        with pytest.raises(ConfigError, match="different kinds") as caught:
            prepare(make_request([folder, "digits"], name=None))
        assert "'digits' by 'digits'" in str(caught.value)
        assert "--adapter" in str(caught.value)

    @pytest.mark.parametrize("again", ["data", "test_data"])
    def test_a_source_given_twice_is_refused(self, make_request, draw_folder, again):
        source = draw_folder(dog=9, cat=9)
        other = f"{source}/../{source.name}"
        request = (
            make_request([source, other])
            if again == "data"
            else make_request(source, test_data=other)
        )
        with pytest.raises(ConfigError, match="is given twice"):
            prepare(request)


class TestCopies:
    def copy_into(self, train, test):
        """Put two pictures of the test source into the training source, one of them under a wrong label."""
        (train / "cat/copy.png").write_bytes((test / "cat/000.png").read_bytes())
        (train / "dog/copy.png").write_bytes((test / "cat/001.png").read_bytes())

    def test_a_training_copy_of_a_stated_test_picture_is_left_out_and_told(
        self, make_request, draw_folder, tmp_path
    ):
        train, test = draw_folder("train", dog=20, cat=20), draw_folder("test", dog=5, cat=5)
        self.copy_into(train, test)
        dataset = prepare(make_request(train, test_data=str(test)), tmp_path / "data")
        assert dataset.split_sizes == (32, 8, 10)
        assert dataset.task.class_counts == (16, 16)
        told = "2 pictures of train are left out: validation or test has the same, pixel for pixel"
        assert dataset.remarks[0] == told
        assert dataset.remarks[1].startswith("1 copy has another label than")
        splits = {row["id"]: row["split"] for row in read_csv(tmp_path / "data/splits.csv")}
        assert splits["cat/copy.png"] == splits["dog/copy.png"] == "left out"
        assert [tuple(row.values()) for row in read_csv(tmp_path / "data/issues.csv")] == [
            (
                "cat/copy.png",
                "left_out_copy",
                "the same pixels as 'test:cat/000.png', which is in test",
            ),
            (
                "dog/copy.png",
                "left_out_copy",
                "the same pixels as 'test:cat/001.png', which is in test",
            ),
            (
                "dog/copy.png",
                "copy_across_classes",
                "labelled 'dog', but 'test:cat/001.png' is labelled 'cat'",
            ),
        ]
        summary = json.loads((tmp_path / "data/summary.json").read_text())
        assert (summary["pictures"], summary["left_out"]) == (52, 2)
        assert summary["checks"]["left_out"] == {"train": 2, "validation": 0}
        assert summary["checks"]["issues"]["left_out_copy"] == 2

    def test_copies_are_drawn_into_one_split(self, make_request, draw_folder):
        source = draw_folder(dog=30, cat=30)
        for number in range(30):
            copy = source / f"cat/copy{number:03}.png"
            copy.write_bytes((source / f"cat/{number:03}.png").read_bytes())
        dataset = prepare(make_request(source))
        splits = np.load(dataset.splits)
        assert (splits[:30] == splits[30:60]).all()
        assert dataset.remarks[0].startswith("30 pictures are exact copies of others")

    def test_a_second_start_tells_the_same_without_comparing(self, make_request, draw_folder):
        source = draw_folder(dog=10, cat=10)
        (source / "dog/copy.png").write_bytes((source / "cat/000.png").read_bytes())
        steps = []
        first = prepare(make_request(source))
        second = prepare(make_request(source), on_progress=steps.append)
        assert first.remarks == second.remarks
        assert "1 copy has another label" in first.remarks[1]
        assert steps == []

    def test_a_damaged_examination_is_made_anew(self, make_request, draw_folder):
        request = make_request(draw_folder(dog=10, cat=10))
        kept = next(prepare(request).images.parent.glob("examination-*.npz"))
        whole = kept.read_bytes()
        kept.write_bytes(whole[:200])
        prepare(request)
        assert len(kept.read_bytes()) == len(whole)


class TestRunFolder:
    def test_the_tables_name_every_picture(self, make_request, draw_folder, tmp_path):
        source, folder = draw_folder(dog=10, cat=10), tmp_path / "run/data"
        (source / "cat/000.png").write_bytes(b"no picture")
        dataset = prepare(make_request(source, "ReportsProblems"), folder)
        rows = read_csv(folder / "splits.csv")
        assert len(rows) == 19
        assert rows[-1]["id"] == "dog/009.png"
        assert {row["split"] for row in rows} == {"train", "validation", "test"}
        issues = read_csv(folder / "issues.csv")
        assert [(row["id"], row["problem"]) for row in issues] == [
            ("lost.png", "reported"),
            ("cat/000.png", "unreadable"),
        ]
        assert "no picture in a known format" in issues[1]["detail"]
        assert dataset.unreadable == 2
        assert dataset.splits == folder / "splits.npy"

    def test_the_summary_tells_what_was_read(self, make_request, draw_folder, tmp_path):
        dataset = prepare(make_request(draw_folder(dog=20, cat=20), "SaysTest"), tmp_path / "data")
        summary = json.loads((tmp_path / "data/summary.json").read_text())
        assert summary["schema_version"] == 1
        assert summary["pictures"] == 40
        assert summary["fingerprint"] == dataset.fingerprint
        assert summary["image_shape"] == [16, 20, 1]
        assert summary["original"]["modes"] == {"L": 40}
        assert summary["splits"] == {
            "train": {"pictures": 24, "from": "stated"},
            "validation": {"pictures": 6, "from": "held out"},
            "test": {"pictures": 10, "from": "stated"},
        }
        assert summary["classes"][0] == {"name": "cat", "train": 12, "validation": 3, "test": 5}

    def test_strange_names_do_no_harm(self, make_request, tmp_path):
        dataset = prepare(make_request("anything", "Strange"), tmp_path / "data")
        assert dataset.task.class_names == ("=cmd()", "[bold]", "lone \udc80", "red\x1b[31m")
        written = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("*.csv"))
        assert b"\x1b" not in written
        assert b"\n=cmd" not in written
        summary = json.loads((tmp_path / "data/summary.json").read_text())
        assert summary["classes"][3]["name"] == "red\x1b[31m"

    def test_a_refused_source_leaves_no_folder(self, make_request, draw_folder, tmp_path):
        with pytest.raises(DatasetError):
            prepare(make_request(draw_folder(dog=10)), tmp_path / "data")
        assert not (tmp_path / "data").exists()


class TestCache:
    def test_a_second_start_finds_the_set(self, make_request, draw_folder, tmp_path):
        request = make_request(draw_folder(dog=10, cat=10))
        first, second = prepare(request), prepare(request, tmp_path / "data")
        assert (first.cached, second.cached) == (False, True)
        assert (second.images, second.task) == (first.images, first.task)
        assert (np.load(second.splits) == np.load(first.splits)).all()

    def test_a_fingerprint_saves_the_reading(self, make_request, draw_folder):
        source = draw_folder(dog=10, cat=10)
        (source / "state.txt").write_text("1")
        for state in ("1", "1", "2"):
            (source / "state.txt").write_text(state)
            prepare(make_request(source, "Counted"))
        assert source.with_suffix(".reads").read_text().split() == ["read", "read"]

    def test_a_changed_picture_is_decoded_anew(self, make_request, draw_folder):
        source = draw_folder(dog=10, cat=10)
        before = prepare(make_request(source))
        Image.new("L", (20, 16), 255).save(source / "dog/000.png")
        after = prepare(make_request(source))
        assert not after.cached
        assert after.fingerprint != before.fingerprint

    @pytest.mark.parametrize("change", [{"resize": "pad"}, {"image_size": (9, 9)}])
    def test_other_wishes_are_other_sets(self, make_request, draw_folder, change):
        source = draw_folder(dog=10, cat=10)
        prepare(make_request(source))
        assert not prepare(make_request(source, **change)).cached

    def test_another_seed_draws_anew_from_the_same_set(self, make_request, draw_folder):
        source = draw_folder(dog=20, cat=20)
        first, second = prepare(make_request(source)), prepare(make_request(source, seed=1))
        assert second.cached
        assert (np.load(first.splits) != np.load(second.splits)).any()

    def test_a_damaged_set_is_made_anew(self, make_request, draw_folder):
        request = make_request(draw_folder(dog=10, cat=10))
        images = prepare(request).images
        images.write_bytes(images.read_bytes()[:-1])
        assert not prepare(request).cached
        assert prepare(request).cached

    def test_what_a_killed_process_left_is_cleared_away(self, make_request, draw_folder, tmp_path):
        request = make_request(draw_folder(dog=10, cat=10))
        dataset = prepare(request)
        key = dataset.images.parent.name
        dataset.images.unlink()
        for leftover in (key, "another"):
            (tmp_path / f"cache/{leftover}.building-dead").mkdir()
        prepare(request)
        assert not list((tmp_path / "cache").glob("*.building-*"))
        assert dataset.images.is_file()

    def test_what_another_process_is_building_is_left_alone(
        self, make_request, draw_folder, tmp_path
    ):
        being_built = tmp_path / "cache/another.building-now"
        being_built.mkdir(parents=True)
        with FileLock(tmp_path / "cache/another.lock"):
            prepare(make_request(draw_folder(dog=10, cat=10)))
            assert being_built.is_dir()

    def test_a_picture_that_could_not_be_opened_gets_another_try(
        self, make_request, draw_folder, tmp_path
    ):
        source = draw_folder(dog=10, cat=10)
        (source / "state.txt").write_text("the same")
        (source / "dog/link.png").symlink_to(tmp_path / "disk.png")
        assert prepare(make_request(source, "Counted")).unreadable == 1
        Image.new("L", (20, 16)).save(tmp_path / "disk.png")  # the disk is there again
        assert prepare(make_request(source, "Counted")).unreadable == 0

    def test_two_searches_at_once_share_one_set(self, make_request, draw_folder, tmp_path):
        request = make_request(draw_folder(dog=10, cat=10))
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(prepare, [request, request])
        assert first.images == second.images
        assert [first.cached, second.cached].count(False) == 1
        assert np.load(second.images).shape == (20, 16, 20, 1)

    def test_a_cache_folder_that_cannot_be_written(self, make_request, draw_folder, tmp_path):
        (tmp_path / "file").write_text("")
        request = make_request(draw_folder(dog=4, cat=4), cache=tmp_path / "file/cache")
        with pytest.raises(ConfigError, match="cannot be written"):
            prepare(request)


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "kind", "words"),
        [
            ("BadRow", DatasetError, "fashion.csv, row 17, column 3: 300 is no pixel."),
            ("Fails", BrokenPluginError, "failed: KeyError: 'no such thing'"),
            ("Repeats", BrokenPluginError, "yields the id 'cat/000.png' twice"),
            ("Floats", BrokenPluginError, "an array of float64, not of uint8 or uint16"),
            ("Unlabelled", DatasetError, "'a.png' has no label"),
            ("Rambles", DatasetError, "one\ntwo\nthree four five"),
            ("Leaves", BrokenPluginError, "failed: SystemExit: 4"),
            ("Numbers", BrokenPluginError, "yields the id 7, which is no text"),
            ("Dies", DatasetError, "was killed by SIGKILL"),
        ],
    )
    def test_the_one_who_is_to_blame_is_named(self, make_request, draw_folder, name, kind, words):
        with pytest.raises(DatasetError if kind is DatasetError else kind) as caught:
            prepare(make_request(draw_folder(dog=4, cat=4), name))
        assert words in str(caught.value)
        assert len(str(caught.value).splitlines()) <= 3
        assert kind is DatasetError or "drawn_adapters.py" in str(caught.value)

    def test_an_empty_source(self, make_request, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(DatasetError, match="holds no pictures"):
            prepare(make_request(tmp_path / "empty"))

    def test_pictures_none_of_which_can_be_read(self, make_request, tmp_path):
        (tmp_path / "a").mkdir()
        (tmp_path / "a/1.png").write_bytes(b"no picture")
        with pytest.raises(DatasetError, match=r"(?s)None of the 1 pictures .*'1.png'"):
            prepare(make_request(tmp_path / "a"))

    def test_a_class_of_which_nothing_can_be_read_does_not_vanish(self, make_request, draw_folder):
        source = draw_folder(dog=10, cat=10, cow=1)
        (source / "cat/000.png").write_bytes(b"no picture")
        (source / "cow/000.png").write_bytes(b"")
        with pytest.raises(DatasetError, match=r"the class 'cow' can be read\.\n.*data inspect "):
            prepare(make_request(source))

    def test_an_image_size_too_small_to_build_for(self, make_request):
        with pytest.raises(ConfigError, match="at least 8x8 pixels, but got 4x8"):
            make_request("anything", image_size=(4, 8))


class TestProcesses:
    def test_what_an_adapter_prints_goes_to_the_log(
        self, make_request, draw_folder, tmp_path, capfd
    ):
        prepare(make_request(draw_folder(dog=4, cat=4), "Chatty"), log=tmp_path / "log.txt")
        assert "hello from the adapter" in (tmp_path / "log.txt").read_text()
        assert capfd.readouterr() == ("", "")

    def test_the_traceback_of_a_broken_adapter_goes_to_the_log(
        self, make_request, draw_folder, tmp_path
    ):
        with pytest.raises(BrokenPluginError):
            prepare(make_request(draw_folder(dog=4, cat=4), "Fails"), log=tmp_path / "log.txt")
        assert "drawn_adapters.py" in (tmp_path / "log.txt").read_text()

    def test_the_calling_process_imports_nothing_heavy(self):
        code = "import sys, imgcls_automl.data.prepare; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert not {"PIL", "numpy", "sklearn", "keras", "filelock"} & set(done.stdout.split())
