"""CSV files of pictures of any size, and their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from imgcls_plugins.pixel_csv import PixelCsv
from sklearn.datasets import load_digits

from imgcls_automl.plugin import DatasetAdapter, DatasetError, HasFingerprint, PluginError, Sample

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def digits() -> np.ndarray:
    """Ten real pictures, uint8 (10, 8, 8), of the digits 0 to 9."""
    return np.asarray(load_digits().images[:10] * 15, np.uint8)


def write(path: Path, images: np.ndarray, labels: list[str], header: list[str] | None) -> str:
    lines = [",".join(header)] if header else []
    for image, label in zip(images, labels, strict=True):
        lines.append(",".join([label, *map(str, image.ravel())]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def read(source: str, **options: str) -> list[Sample]:
    return list(PixelCsv(**options).read(source))


def test_square_grey_pictures_without_a_header(tmp_path: Path, digits: np.ndarray) -> None:
    source = write(tmp_path / "d.csv", digits, list("0123456789"), None)
    samples = read(source)
    assert [sample.label for sample in samples] == list("0123456789")
    assert samples[0].id == "d.csv:1"
    np.testing.assert_array_equal(np.stack([np.asarray(s.image) for s in samples]), digits)


def test_square_colour_pictures_have_their_channels_last(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 5, 3), np.uint8)
    samples = read(write(tmp_path / "c.csv", images, list("abab"), None))
    np.testing.assert_array_equal(np.stack([np.asarray(s.image) for s in samples]), images)
    assert [sample.label for sample in samples] == list("abab")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [("4x16", (4, 16)), ("4X16x1", (4, 16)), (" 16x4 ", (16, 4)), ("8x8", (8, 8))],
)
def test_a_stated_shape(
    tmp_path: Path, digits: np.ndarray, shape: str, expected: tuple[int, ...]
) -> None:
    source = write(tmp_path / "d.csv", digits, list("0123456789"), None)
    sample = read(source, shape=shape)[3]
    assert isinstance(sample.image, np.ndarray)
    np.testing.assert_array_equal(sample.image, digits[3].reshape(expected))


def test_a_stated_colour_shape(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 2, 6, 3), np.uint8)
    samples = read(write(tmp_path / "c.csv", images, list("ab"), None), shape="2x6x3")
    np.testing.assert_array_equal(samples[1].image, images[1])


@pytest.mark.parametrize("name", ["label", "Class", "TARGET", "y"])
def test_the_label_has_one_of_the_usual_names(
    tmp_path: Path, digits: np.ndarray, name: str
) -> None:
    header = [name, *(f"p{number}" for number in range(64))]
    samples = read(write(tmp_path / "d.csv", digits, list("0123456789"), header))
    assert samples[9].label == "9"
    assert samples[0].id == "d.csv:2"


def test_the_label_has_the_name_the_user_gives(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("a,b,diagnosis,c,d\n1,2,well,3,4\n", encoding="utf-8")
    samples = read(str(path), label="diagnosis")
    assert samples[0].label == "well"
    np.testing.assert_array_equal(samples[0].image, [[1, 2], [3, 4]])


def test_a_header_as_pandas_numbers_it_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("label,0,1,2,3\ncat,9,8,7,6\n", encoding="utf-8")
    assert [(sample.id, sample.label) for sample in read(str(path))] == [("d.csv:2", "cat")]


def as_pandas_writes(path: Path, table: np.ndarray) -> str:
    """Write what `DataFrame(table).to_csv(path, index=False)` does: a header of numbers."""
    lines = [",".join(map(str, row)) for row in (range(table.shape[1]), *table.tolist())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("options", [{}, {"label": "0"}])
def test_a_header_of_nothing_but_counted_numbers_is_no_picture(
    tmp_path: Path, digits: np.ndarray, options: dict[str, str]
) -> None:
    table = np.c_[range(10), digits.reshape(10, 64)]
    samples = read(as_pandas_writes(tmp_path / "d.csv", table), **options)
    assert [sample.id for sample in samples] == [f"d.csv:{line}" for line in range(2, 12)]
    assert [sample.label for sample in samples] == list("0123456789")
    np.testing.assert_array_equal(np.stack([np.asarray(s.image) for s in samples]), digits)


def test_the_label_may_be_any_column_of_a_counted_header(
    tmp_path: Path, digits: np.ndarray
) -> None:
    table = np.c_[digits.reshape(10, 64), range(10)]
    samples = read(as_pandas_writes(tmp_path / "d.csv", table), label="64")
    assert [sample.label for sample in samples] == list("0123456789")
    np.testing.assert_array_equal(samples[3].image, digits[3])


def test_a_counted_header_without_a_label_is_no_picture(tmp_path: Path, digits: np.ndarray) -> None:
    samples = read(as_pandas_writes(tmp_path / "d.csv", digits.reshape(10, 64)))
    assert [sample.label for sample in samples] == [None] * 10
    assert samples[0].id == "d.csv:2"


def test_columns_may_be_counted_from_one(tmp_path: Path, digits: np.ndarray) -> None:
    header = [str(number) for number in range(1, 66)]
    samples = read(write(tmp_path / "d.csv", digits, list("0123456789"), header))
    assert [sample.label for sample in samples] == list("0123456789")


@pytest.mark.parametrize("row", ["0,1,2,3,4", "0,1,2,3", " 0, 1, 2, 3, 4"])
def test_a_counted_row_of_a_tiny_table_may_be_either_and_is_refused(
    tmp_path: Path, row: str
) -> None:
    path = tmp_path / "d.csv"
    path.write_text(f"{row}\n{row}\n", encoding="utf-8")
    with pytest.raises(
        DatasetError, match=r"d\.csv, line 1 counts from 0 to [34].* header or a pi"
    ):
        read(str(path))


def test_of_a_tiny_table_the_user_may_say_that_a_counted_row_is_a_header(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("0,1,2,3,4\n7,9,8,7,6\n", encoding="utf-8")
    samples = read(str(path), label="0")
    assert [(sample.id, sample.label) for sample in samples] == [("d.csv:2", "7")]


@pytest.mark.parametrize("row", ["1,2,3,4,5", "0,1,2,4,3", "0,0,1,2,3", "4,3,2,1,0"])
def test_a_row_that_counts_otherwise_is_a_picture(tmp_path: Path, row: str) -> None:
    path = tmp_path / "d.csv"
    path.write_text(f"{row}\n9,9,9,9,9\n", encoding="utf-8")
    assert [sample.label for sample in read(str(path))] == [row[0], "9"]


def test_a_first_row_of_texts_and_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("cat,a,b,3,4\ndog,1,2,3,4\n", encoding="utf-8")
    with pytest.raises(DatasetError) as refused:
        read(str(path))
    assert str(refused.value) == (
        f"{path}, line 1 is neither a header nor a picture: column 1 ('cat'), column 2 ('a') and "
        "column 3 ('b') hold no number, but column 4 ('3') does.\n"
        "If it is a picture, mend the cells or delete the line; if it is a header, give every "
        "column a name that is no number."
    )
    assert read(str(path), label="cat")[0].label == "dog"


def test_a_first_row_with_a_text_label_is_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("y,4,1,2,3\nn,9,8,7,6\n", encoding="utf-8")
    assert [sample.label for sample in read(str(path))] == ["y", "n"]


def test_labels_are_text_as_written_without_spaces_around(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text('"fox, red",1,1,1,1\n 01 ,2,2,2,2\nthé,3,3,3,3\n', encoding="utf-8")
    assert [sample.label for sample in read(str(path))] == ["fox, red", "01", "thé"]


def test_names_stand_for_whole_number_labels(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("0,1,1,1,1\n1.0,2,2,2,2\n", encoding="utf-8")
    assert [sample.label for sample in read(str(path), names="cat, dog")] == ["cat", "dog"]
    path.write_text("0,1,1,1,1\n2,2,2,2,2\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"line 2, column 1: '2' is no label.*0 to 1.*cat and d"):
        read(str(path), names="cat,dog")


def test_pixels_alone_are_pictures_without_labels(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("1,2,3,4\n5,6,7,8\n", encoding="utf-8")
    samples = read(str(path))
    assert [sample.label for sample in samples] == [None, None]
    np.testing.assert_array_equal(samples[1].image, [[5, 6], [7, 8]])


def test_an_empty_label_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("label,a,b,c,d\ncat,1,1,1,1\n ,1,1,1,1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"line 3, column 1 \(label\): '' is no label"):
        read(str(path))


def test_no_square_asks_for_the_shape(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("label,a,b,c,d,e,f\ncat,1,1,1,1,1,1\n", encoding="utf-8")
    with pytest.raises(
        DatasetError,
        match=r"(?s)line 1 has 6 pixel columns and a label.*--data-option shape=HxW",
    ):
        read(str(path))


def test_a_shape_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("cat,1,1,1,1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"4 pixel columns and a label, but the shape 3x3 wants"):
        read(str(path), shape="3x3")


def test_an_unknown_label_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("a,b,c,d,e\n1,1,1,1,1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"no column is called 'kind'; the columns are a, b, c"):
        read(str(path), label="kind")
    path.write_text("1,1,1,1,1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"no column is called 'kind'; the file has no header"):
        read(str(path), label="kind")


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("label,a,b,a,d\n1,1,1,1,1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"line 1: two columns are called 'a' \(2 and 4\)"):
        read(str(path))


@pytest.mark.parametrize("shape", ["", "8", "0x8", "8x8x4", "8x", "8*8", "-8x8", "8x8x3x1", "٨x٨"])
def test_a_shape_of_another_form_is_refused(shape: str) -> None:
    with pytest.raises(PluginError, match="shape must be HxW or HxWxC"):
        PixelCsv(shape=shape)


@pytest.mark.parametrize("names", ["", "cat,", "cat,cat"])
def test_names_of_another_form_are_refused(names: str) -> None:
    with pytest.raises(PluginError, match="names must be different names"):
        PixelCsv(names=names)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        PixelCsv(colour="yes")  # type: ignore[call-arg]


def test_the_match_says_what_is_seen(tmp_path: Path, digits: np.ndarray) -> None:
    match = PixelCsv().match(write(tmp_path / "d.csv", digits, list("0123456789"), None))
    assert match is not None
    assert match.score == 0.4
    assert match.reason == "a CSV file of grey pictures of 8x8"


def test_any_other_csv_is_matched_weakly_so_that_reading_explains(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("path,label\na.jpg,cat\n", encoding="utf-8")
    match = PixelCsv().match(str(tmp_path / "d.csv"))
    assert match is not None
    assert match.score == 0.1
    (tmp_path / "d.txt").write_text("1,2,3,4,5\n", encoding="utf-8")
    assert PixelCsv().match(str(tmp_path / "d.txt")) is None
    assert PixelCsv().match(str(tmp_path)) is None


def test_the_fingerprint_follows_content_and_options(tmp_path: Path, digits: np.ndarray) -> None:
    source = write(tmp_path / "d.csv", digits, list("0123456789"), None)
    plain = PixelCsv().fingerprint(source)
    assert PixelCsv().fingerprint(source) == plain
    assert PixelCsv(shape="4x16").fingerprint(source) != plain
    write(tmp_path / "d.csv", digits[:9], list("012345678"), None)
    assert PixelCsv().fingerprint(source) != plain


def test_is_an_adapter_with_a_fingerprint() -> None:
    assert isinstance(PixelCsv(), DatasetAdapter)
    assert isinstance(PixelCsv(), HasFingerprint)
