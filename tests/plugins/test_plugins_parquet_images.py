"""Pictures inside Parquet files, and what is wrong with them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from imgcls_plugins.image_csv import ImageCsv
from imgcls_plugins.parquet_images import ParquetImages
from PIL import Image
from pyarrow import parquet

from imgcls_automl.plugin import DatasetAdapter, DatasetError, HasFingerprint, Problem

if TYPE_CHECKING:
    from pathlib import Path


def draw_png(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8), shade).save(file, "png")
    return file.getvalue()


PNGS = [draw_png(shade) for shade in (0, 60, 120, 180)]


def save(path: Path, metadata: dict[str, Any] | None = None, **columns: list[Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if metadata is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps(metadata)})
    parquet.write_table(table, path, row_group_size=2)
    return str(path)


def as_structs(pngs: list[bytes]) -> list[dict[str, Any]]:
    """A column as Hugging Face writes pictures."""
    return [{"bytes": png, "path": None} for png in pngs]


def name_classes(*names: str) -> dict[str, Any]:
    return {"info": {"features": {"label": {"_type": "ClassLabel", "names": list(names)}}}}


def read(source: str | Path, **options: str) -> list[Any]:
    return list(ParquetImages(**options).read(str(source)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pets.parquet"


@pytest.mark.parametrize("column", [PNGS, as_structs(PNGS)])
def test_bytes_and_labels_row_by_row(file: Path, column: list[Any]) -> None:
    samples = read(save(file, image=column, label=["cat", "dog", "cat", "dog"]))
    assert [sample.id for sample in samples] == [f"pets.parquet:{row}" for row in (1, 2, 3, 4)]
    assert [sample.image for sample in samples] == PNGS
    assert [sample.label for sample in samples] == ["cat", "dog", "cat", "dog"]


def test_whole_numbers_are_named_by_the_files_own_metadata(file: Path) -> None:
    labels = [1, 0, 0, 1]
    assert [it.label for it in read(save(file, image=PNGS, label=labels))] == ["1", "0", "0", "1"]
    source = save(file, name_classes("cat", "dog"), image=PNGS, label=labels)
    assert [it.label for it in read(source)] == ["dog", "cat", "cat", "dog"]


def test_shards_state_splits_by_their_names_or_folders(tmp_path: Path) -> None:
    save(tmp_path / "data/train-00000-of-00002.parquet", image=PNGS[:1], label=["a"])
    save(tmp_path / "data/train-00001-of-00002.parquet", image=PNGS[1:2], label=["b"])
    save(tmp_path / "data/validation/0.parquet", image=PNGS[2:3], label=["a"])
    save(tmp_path / "data/test.parquet", image=PNGS[3:], label=["b"])
    assert [(it.id, it.split) for it in read(tmp_path)] == [
        ("data/test.parquet:1", "test"),
        ("data/train-00000-of-00002.parquet:1", "train"),
        ("data/train-00001-of-00002.parquet:1", "train"),
        ("data/validation/0.parquet:1", "validation"),
    ]


def test_columns_state_splits_and_groups(file: Path) -> None:
    columns = {"split": ["train", "test", None, "val"], "patient": ["p", "q", "q", None]}
    samples = read(save(file, image=PNGS, label=list("abab"), **columns))
    assert [it.split for it in samples] == ["train", "test", None, "validation"]
    assert [it.group for it in samples] == ["p", "q", "q", None]
    assert {it.split for it in read(file, split_column="")} == {None}


def test_columns_of_other_names_can_be_named(file: Path) -> None:
    source = save(file, left=PNGS, right=PNGS[::-1], kind=["a", "b", "a", "b"])
    with pytest.raises(DatasetError, match=r"which of left and right .*\n.*image_column=NAME"):
        read(source)
    first, *_ = read(source, image_column="right", label_column="kind")
    assert (first.image, first.label) == (PNGS[3], "a")


class TestProblems:
    def test_a_row_without_a_picture_or_a_label_is_named_and_the_others_are_read(
        self, file: Path
    ) -> None:
        column = as_structs(PNGS)
        column[1]["bytes"] = None
        _, second, third, fourth = read(save(file, image=column, label=["a", "b", None, "b"]))
        assert second == Problem(id="pets.parquet:2", detail="column 'image' holds no picture")
        assert third == Problem(id="pets.parquet:3", detail="column 'label' holds no label")
        assert fourth.label == "b"

    def test_a_file_without_any_label_is_read_to_be_predicted(self, file: Path) -> None:
        source = save(file, name_classes("cat"), image=PNGS, label=[-1] * 4)
        assert {sample.label for sample in read(source)} == {None}

    @pytest.mark.parametrize(
        ("columns", "options", "message"),
        [
            ({"label": [1]}, {}, "no column of bytes; its columns are label"),
            ({"image": PNGS[:1]}, {"label_column": "y"}, "not one column called 'y'"),
            ({"image": ["1.png"]}, {"image_column": "image"}, "'image' holds string"),
            ({"image": PNGS[:1], "split": ["left"]}, {}, "'left' is no split"),
        ],
    )
    def test_what_cannot_be_read_is_named(
        self, file: Path, columns: dict[str, Any], options: dict[str, str], message: str
    ) -> None:
        with pytest.raises(DatasetError, match=message):
            read(save(file, **columns), **options)

    def test_a_label_beyond_the_names(self, file: Path) -> None:
        source = save(file, name_classes("cat"), image=PNGS[:2], label=[0, 1])
        with pytest.raises(DatasetError, match="there is no class 1; the file names 1"):
            read(source)

    def test_a_damaged_or_missing_file(self, file: Path) -> None:
        with pytest.raises(DatasetError, match=r"no file .*pets\.parquet"):
            read(file)
        file.write_bytes(b"PAR1 and no more")
        with pytest.raises(DatasetError, match="cannot be read as Parquet"):
            read(file)
        (file.parent / "empty").mkdir()
        with pytest.raises(DatasetError, match="no Parquet file in"):
            read(file.parent / "empty")


class TestMatch:
    def test_it_says_what_it_would_read(self, file: Path) -> None:
        source = save(file, image=PNGS, label=list("abab"))
        score, reason = ParquetImages().match(source) or (0, "")
        assert reason == "a Parquet file: pictures in 'image', labels in 'label'"
        other = ImageCsv().match(source)
        assert other is None or other.score < score
        _, reason = ParquetImages().match(str(file.parent)) or (0, "")
        assert reason.startswith("a folder of 1 Parquet files: pictures in 'image'")

    def test_a_table_of_paths_is_another_adapters(self, file: Path) -> None:
        source = save(file, image=["1.png", "2.png"], label=["a", "b"])
        ours, theirs = ParquetImages().match(source), ImageCsv().match(source)
        assert ours is not None
        assert theirs is not None
        assert ours.score < theirs.score

    def test_other_files_and_folders_are_not_its_own(self, tmp_path: Path) -> None:
        (tmp_path / "table.csv").write_text("image,label\n")
        assert ParquetImages().match(str(tmp_path / "table.csv")) is None
        assert ParquetImages().match(str(tmp_path)) is None
        assert ParquetImages().match("digits") is None


def test_the_fingerprint_follows_content_place_and_options(tmp_path: Path) -> None:
    save(tmp_path / "train/0.parquet", image=PNGS, label=list("abab"))
    before = ParquetImages().fingerprint(str(tmp_path))
    assert ParquetImages().fingerprint(str(tmp_path)) == before
    assert ParquetImages(label_column="").fingerprint(str(tmp_path)) != before
    (tmp_path / "train").rename(tmp_path / "test")
    assert ParquetImages().fingerprint(str(tmp_path)) != before


def test_it_keeps_the_contract() -> None:
    assert isinstance(ParquetImages(), DatasetAdapter)
    assert isinstance(ParquetImages(), HasFingerprint)
