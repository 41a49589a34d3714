"""Which folders of a tree are splits and which are classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from imgcls_plugins.folder import Folder
from PIL import Image

from imgcls_automl.plugin import DatasetError, Sample

if TYPE_CHECKING:
    from pathlib import Path


def plant(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(path)


def read(root: Path) -> list[tuple[str, str | None, str | None]]:
    samples = [item for item in Folder().read(str(root)) if isinstance(item, Sample)]
    return [(sample.id, sample.label, sample.split) for sample in samples]


def test_split_folders_hold_class_folders(tmp_path: Path) -> None:
    plant(tmp_path, "test/cats/3.png", "train/cats/1.png", "train/dogs/1.png", "val/cats/2.png")
    assert read(tmp_path) == [
        ("train/cats/1.png", "cats", "train"),
        ("train/dogs/1.png", "dogs", "train"),
        ("val/cats/2.png", "cats", "validation"),
        ("test/cats/3.png", "cats", "test"),
    ]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("VAL", "validation"),
        ("valid", "validation"),
        ("Validation", "validation"),
        ("Test", "test"),
        ("testing", "test"),
    ],
)
def test_the_usual_names_of_splits_in_any_case(tmp_path: Path, name: str, split: str) -> None:
    plant(tmp_path, f"{name}/cats/1.png", f"{name}/dogs/1.png")
    assert read(tmp_path) == [
        (f"{name}/cats/1.png", "cats", split),
        (f"{name}/dogs/1.png", "dogs", split),
    ]


def test_two_names_of_one_split_are_one_split(tmp_path: Path) -> None:
    plant(tmp_path, "train/cats/1.png", "val/cats/1.png", "validation/cats/1.png")
    assert [split for _, _, split in read(tmp_path)] == ["train", "validation", "validation"]


def test_the_match_says_that_splits_were_found_and_outranks_class_folders(tmp_path: Path) -> None:
    plant(tmp_path, "train/cats/1.png", "train/dogs/1.png", "test/cats/1.png")
    match = Folder().match(str(tmp_path))
    assert match is not None
    assert match.score == 0.7
    assert match.reason == (
        "a folder split into train and test, with 2 class folders holding PNG files"
    )


def test_classes_may_be_called_train_and_test(tmp_path: Path) -> None:
    plant(tmp_path, "train/1.png", "test/1.png")
    assert read(tmp_path) == [("test/1.png", "test", None), ("train/1.png", "train", None)]


def test_a_class_called_train_among_others(tmp_path: Path) -> None:
    plant(tmp_path, "car/1.png", "plane/1.png", "train/1.png")
    assert [label for _, label, _ in read(tmp_path)] == ["car", "plane", "train"]


def test_a_nested_class_called_test_among_others(tmp_path: Path) -> None:
    plant(tmp_path, "control/1.png", "test/monday/1.png", "test/2.png")
    assert [label for _, label, _ in read(tmp_path)] == ["control", "test", "test"]


def test_documents_beside_the_splits_are_passed_over(tmp_path: Path) -> None:
    plant(tmp_path, "train/cats/1.png", "train/dogs/1.png")
    (tmp_path / "README.md").write_text("About", encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "val").mkdir()
    assert [label for _, label, _ in read(tmp_path)] == ["cats", "dogs"]


def test_class_folders_beside_splits_are_refused(tmp_path: Path) -> None:
    plant(tmp_path, "train/cats/1.png", "test/cats/1.png", "birds/1.png")
    with pytest.raises(
        DatasetError, match=r"(?s)split folders \(.*beside them birds.*\(train/birds\)"
    ):
        read(tmp_path)


def test_a_flat_test_folder_beside_train_classes_is_refused(tmp_path: Path) -> None:
    plant(tmp_path, "train/cats/1.png", "train/dogs/1.png", "test/1.png")
    with pytest.raises(DatasetError, match=r"(?s)test holds pictures directly.*test/cats/1\.jpg"):
        read(tmp_path)


def test_a_split_with_pictures_of_its_own_is_refused(tmp_path: Path) -> None:
    plant(tmp_path, "train/cats/1.png", "train/stray.png", "test/cats/1.png")
    with pytest.raises(DatasetError, match=r"train holds folders and pictures \(train/stray\.png"):
        read(tmp_path)


def test_a_flat_folder_of_pictures_is_refused_with_the_layout_wanted(tmp_path: Path) -> None:
    root = tmp_path / "pets"
    plant(root, "cat1.png", "dog1.png")
    with pytest.raises(
        DatasetError, match=r"(?s)2 pictures \(.*but no class folders\.\n.*\(pets/cats/1\.jpg\)"
    ):
        read(root)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no pictures and no folders"):
        read(tmp_path)


def test_a_folder_of_documents_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(DatasetError, match="1 files that are no pictures"):
        read(tmp_path)


def test_a_flat_folder_of_other_formats_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.heic").write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"1 pictures in formats that are not read \(1\.heic\)"):
        read(tmp_path)


def test_an_archive_unpacked_into_a_folder_of_its_own_is_pointed_at(tmp_path: Path) -> None:
    plant(tmp_path, "PetImages/Cat/1.png", "PetImages/Dog/1.png")
    with pytest.raises(DatasetError, match=r"(?s)lie in that \(Cat and Dog\).*data: .*PetImages$"):
        read(tmp_path)


def test_names_in_errors_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    plant(tmp_path, "train/cats/1.png", "bad\x1b[31m\nname/1.png")
    with pytest.raises(DatasetError) as refused:
        read(tmp_path)
    assert "\x1b" not in str(refused.value)
    assert "bad\\x1b[31m\\nname" in str(refused.value)
