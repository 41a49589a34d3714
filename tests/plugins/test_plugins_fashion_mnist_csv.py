"""Fashion-MNIST's CSV files: one alone, and the two in a folder."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest
from imgcls_plugins.fashion_mnist_csv import CLASS_NAMES, FashionMnistCsv
from imgcls_plugins.folder import Folder
from imgcls_plugins.pixel_csv import PixelCsv
from sklearn.datasets import load_digits

from imgcls_automl.plugin import DatasetAdapter, DatasetError, HasFingerprint

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ",".join(["label", *(f"pixel{number}" for number in range(1, 785))])


def pictures(count: int) -> np.ndarray:
    """scikit-learn's digits, made 28x28: uint8 (count, 28, 28)."""
    small = load_digits().images[:count] * (255 / 16)
    grown = small.repeat(3, axis=1).repeat(3, axis=2).astype(np.uint8)
    return np.pad(grown, ((0, 0), (2, 2), (2, 2)))


def rows(count: int, first_label: int = 0) -> list[str]:
    return [
        ",".join(map(str, [(first_label + number) % 10, *picture.ravel()]))
        for number, picture in enumerate(pictures(count))
    ]


def write(path: Path, lines: list[str], end: str = "\n") -> Path:
    data = (end.join(lines) + end).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.fixture
def fashion(tmp_path: Path) -> Path:
    return write(tmp_path / "fashion.csv", [HEADER, *rows(20)])


def test_reads_pictures_and_class_names(fashion: Path) -> None:
    samples = list(FashionMnistCsv().read(str(fashion)))
    assert [sample.label for sample in samples] == [*CLASS_NAMES, *CLASS_NAMES]
    assert {sample.split for sample in samples} == {None}
    images = np.stack([np.asarray(sample.image) for sample in samples])
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, pictures(20))


def test_an_id_is_the_line_that_an_editor_shows(fashion: Path) -> None:
    sample = list(FashionMnistCsv().read(str(fashion)))[7]
    assert sample.id == "fashion.csv:9"
    line = fashion.read_text().splitlines()[9 - 1]
    assert line == rows(20)[7]


@pytest.mark.parametrize("name", ["fashion.csv", "fashion.csv.gz"])
@pytest.mark.parametrize("header", [HEADER, HEADER.upper(), None])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_header_line_ends_and_packing_make_no_difference(
    tmp_path: Path, name: str, header: str | None, end: str
) -> None:
    lines = [header, *rows(5)] if header else rows(5)
    path = write(tmp_path / name, lines, end)
    samples = list(FashionMnistCsv().read(str(path)))
    assert [sample.label for sample in samples] == list(CLASS_NAMES[:5])
    assert samples[0].id == f"{name}:{2 if header else 1}"
    np.testing.assert_array_equal(np.stack([np.asarray(s.image) for s in samples]), pictures(5))


@pytest.mark.parametrize("start", [0, 1], ids=["with labels", "without labels"])
def test_a_header_that_pandas_counted_is_no_picture(tmp_path: Path, start: int) -> None:
    header = ",".join(map(str, range(785 - start)))
    lines = [header, *(",".join(row.split(",")[start:]) for row in rows(5))]
    samples = list(FashionMnistCsv().read(str(write(tmp_path / "fashion.csv", lines))))
    assert [s.label for s in samples] == ([None] * 5 if start else list(CLASS_NAMES[:5]))
    np.testing.assert_array_equal(np.stack([np.asarray(s.image) for s in samples]), pictures(5))


def test_a_first_row_of_texts_and_numbers_is_refused(tmp_path: Path) -> None:
    cells = rows(1)[0].split(",")
    lines = [",".join([*cells[:300], *("x" * 485)]), *rows(2)]
    with pytest.raises(DatasetError, match=r"line 1 is neither .*column 301 \('x'\), .*482 more"):
        list(FashionMnistCsv().read(str(write(tmp_path / "fashion.csv", lines))))


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "fashion.csv"
    path.write_text("\n".join(rows(2)), encoding="utf-8-sig")
    assert len(list(FashionMnistCsv().read(str(path)))) == 2


def test_the_label_is_found_by_name_anywhere(tmp_path: Path) -> None:
    lines = [",".join([*line.split(",")[1:], line.split(",")[0]]) for line in [HEADER, *rows(3)]]
    samples = list(FashionMnistCsv().read(str(write(tmp_path / "fashion.csv", lines))))
    assert [sample.label for sample in samples] == list(CLASS_NAMES[:3])
    np.testing.assert_array_equal(np.stack([np.asarray(s.image) for s in samples]), pictures(3))


@pytest.mark.parametrize("start", [0, 1], ids=["with header", "without header"])
def test_without_a_label_column_pictures_have_no_label(tmp_path: Path, start: int) -> None:
    lines = [line.partition(",")[2] for line in [HEADER, *rows(3)]][start:]
    samples = list(FashionMnistCsv().read(str(write(tmp_path / "fashion.csv", lines))))
    assert [sample.label for sample in samples] == [None, None, None]
    np.testing.assert_array_equal(samples[2].image, pictures(3)[2])


def test_labels_may_be_written_as_floats(tmp_path: Path) -> None:
    path = write(tmp_path / "fashion.csv", [rows(1)[0].replace("0,", "0.0,", 1)])
    assert [sample.label for sample in FashionMnistCsv().read(str(path))] == ["T-shirt/top"]


@pytest.mark.parametrize("label", ["10", "-1", "3.5", "nan", "", "Sneaker", "1_0"])
def test_a_label_that_is_no_class_is_refused_with_its_place(fashion: Path, label: str) -> None:
    lines = fashion.read_text().splitlines()
    lines[4] = f"{label},{lines[4].partition(',')[2]}"
    write(fashion, lines)
    with pytest.raises(
        DatasetError, match=r"fashion\.csv, line 5, column 1 \(label\): '.*' is no class.*9 \(Ankle"
    ):
        list(FashionMnistCsv().read(str(fashion)))


def test_a_wrong_number_of_columns_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "fashion.csv", ["0,1,2,3", "1,2,3,4"])
    with pytest.raises(DatasetError, match=r"line 1 has 4 columns, .* a label 0-9 and 784 pixels"):
        list(FashionMnistCsv().read(str(path)))


def split_folder(root: Path, train: str, test: str) -> Path:
    write(root / train, [HEADER, *rows(4)])
    write(root / test, [HEADER, *rows(2, first_label=8)])
    return root


@pytest.mark.parametrize("train", ["fashion-mnist_train.csv", "fashion-mnist_train.csv.gz"])
@pytest.mark.parametrize("test", ["fashion-mnist_test.csv", "fashion-mnist_test.csv.gz"])
def test_a_folder_of_both_files_states_both_splits(tmp_path: Path, train: str, test: str) -> None:
    samples = list(FashionMnistCsv().read(str(split_folder(tmp_path, train, test))))
    assert [sample.split for sample in samples] == ["train"] * 4 + ["test"] * 2
    assert samples[0].id == f"{train}:2"
    assert samples[4].id == f"{test}:2"
    assert samples[5].label == "Ankle boot"


def test_a_folder_of_both_files_outranks_class_folders(tmp_path: Path) -> None:
    split_folder(tmp_path, "fashion-mnist_train.csv", "fashion-mnist_test.csv")
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"")
    ours, theirs = FashionMnistCsv().match(str(tmp_path)), Folder().match(str(tmp_path))
    assert ours is not None
    assert theirs is not None
    assert ours.score > theirs.score >= 0.6


def test_a_folder_of_one_file_is_not_ours(tmp_path: Path) -> None:
    write(tmp_path / "fashion-mnist_train.csv", rows(1))
    assert FashionMnistCsv().match(str(tmp_path)) is None
    with pytest.raises(DatasetError, match=r"does not hold both"):
        list(FashionMnistCsv().read(str(tmp_path)))


def score(path: Path) -> float:
    match = FashionMnistCsv().match(str(path))
    return match.score if match else 0.0


@pytest.mark.parametrize("name", ["fashion.csv", "Fashion-MNIST_train.csv.gz", "fmnist.csv"])
def test_a_file_named_so_is_matched_strongly(tmp_path: Path, name: str) -> None:
    assert score(write(tmp_path / name, [HEADER, *rows(3)])) == 0.9


@pytest.mark.parametrize("lines", [[HEADER, *rows(2)], rows(2)], ids=["header", "no header"])
def test_a_file_of_that_shape_is_matched_before_pixel_csv(tmp_path: Path, lines: list[str]) -> None:
    path = write(tmp_path / "train.csv", lines)
    theirs = PixelCsv().match(str(path))
    assert theirs is not None
    assert score(path) > theirs.score


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("mnist_train.csv", HEADER),
        ("train.csv", ",".join(["label", *(f"pixel{number}" for number in range(784))])),
        ("train.csv", ",".join(["label", *(f"{n // 28}x{n % 28}" for n in range(784))])),
    ],
)
def test_digits_of_the_same_shape_are_left_to_pixel_csv(
    tmp_path: Path, name: str, header: str
) -> None:
    path = write(tmp_path / name, [header, *rows(2)])
    theirs = PixelCsv().match(str(path))
    assert theirs is not None
    assert 0 < score(path) < theirs.score


def test_other_files_are_not_matched(tmp_path: Path, fashion: Path) -> None:
    assert score(write(tmp_path / "letters.csv", [rows(1)[0].replace("0,", "25,", 1)])) == 0
    assert score(write(tmp_path / "small.csv", ["0,1,2,3,4"])) == 0
    assert score(fashion.rename(tmp_path / "fashion.txt")) == 0
    assert score(tmp_path / "fashion-absent.csv") == 0


def test_a_file_named_so_with_a_wrong_label_is_still_ours_to_refuse(tmp_path: Path) -> None:
    lines = [HEADER, *rows(3), rows(1)[0].replace("0,", "12,", 1)]
    path = write(tmp_path / "fashion.csv", lines)
    assert score(path) == 0.9
    with pytest.raises(DatasetError, match=r"line 5, column 1 \(label\): '12' is no class"):
        list(FashionMnistCsv().read(str(path)))


@pytest.mark.parametrize("wrong", [1, 5])
def test_a_few_wrong_labels_do_not_make_it_another_kind_of_file(tmp_path: Path, wrong: int) -> None:
    mistaken = [row.replace(row.partition(",")[0], "13", 1) for row in rows(wrong)]
    path = write(tmp_path / "train.csv", [HEADER, *rows(60), *mistaken])
    theirs = PixelCsv().match(str(path))
    assert theirs is not None
    assert score(path) > theirs.score
    with pytest.raises(DatasetError, match=r"line 62, column 1 \(label\): '13' is no class"):
        list(FashionMnistCsv().read(str(path)))


def test_a_file_named_so_with_wrong_columns_is_matched_to_be_explained(tmp_path: Path) -> None:
    path = write(tmp_path / "fashion.csv", ["0,1,2"])
    theirs = PixelCsv().match(str(path))
    assert theirs is not None
    assert score(path) > theirs.score


def test_the_fingerprint_follows_content_and_name(tmp_path: Path, fashion: Path) -> None:
    first = FashionMnistCsv().fingerprint(str(fashion))
    assert FashionMnistCsv().fingerprint(str(fashion)) == first
    moved = fashion.rename(tmp_path / "other.csv")
    assert FashionMnistCsv().fingerprint(str(moved)) != first
    write(moved, [HEADER, *rows(19)])
    assert FashionMnistCsv().fingerprint(str(moved)) != first


def test_is_an_adapter_with_a_fingerprint() -> None:
    assert isinstance(FashionMnistCsv(), DatasetAdapter)
    assert isinstance(FashionMnistCsv(), HasFingerprint)
