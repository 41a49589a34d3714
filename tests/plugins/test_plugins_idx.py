"""The idx files of the MNIST family, and what is wrong with them."""

from __future__ import annotations

import gzip
import os
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from imgcls_plugins import _idx_files
from imgcls_plugins.fashion_mnist_csv import FashionMnistCsv
from imgcls_plugins.folder import Folder
from imgcls_plugins.idx import Idx
from sklearn.datasets import load_digits

from imgcls_automl.plugin import DatasetAdapter, DatasetError, HasFingerprint, PluginError, Sample

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = np.asarray(load_digits().images[:10] * 15, np.uint8)
LABELS = load_digits().target[:10].astype(np.uint8)
NAMES = {
    "train-images-idx3-ubyte": IMAGES[:6],
    "train-labels-idx1-ubyte": LABELS[:6],
    "t10k-images-idx3-ubyte": IMAGES[6:],
    "t10k-labels-idx1-ubyte": LABELS[6:],
}


def pack(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def write(folder: Path, form: str = "{}") -> str:
    """The four files of MNIST, their names changed."""
    folder.mkdir(exist_ok=True)
    for name, array in NAMES.items():
        path = folder / form.format(name)
        content = pack(array)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(folder)


def read(source: str | Path, **options: str) -> list[Sample]:
    return list(Idx(**options).read(str(source)))


def stack(samples: list[Sample]) -> np.ndarray:
    return np.stack([np.asarray(sample.image) for sample in samples])


@pytest.mark.parametrize("form", ["{}", "{}.gz", "fashion-{}"])
def test_a_folder_states_train_and_test(tmp_path: Path, form: str) -> None:
    samples = read(write(tmp_path, form))
    np.testing.assert_array_equal(stack(samples), IMAGES)
    assert [sample.label for sample in samples] == [str(label) for label in LABELS]
    assert [sample.split for sample in samples] == ["train"] * 6 + ["test"] * 4
    first = form.format("train-images-idx3-ubyte").removesuffix(".gz")
    assert samples[0].id == f"{first}:0"


def test_dots_may_stand_for_dashes(tmp_path: Path) -> None:
    write(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    assert len(read(tmp_path)) == 10


def test_of_a_file_packed_and_unpacked_one_is_read(tmp_path: Path) -> None:
    write(tmp_path, "{}.gz")
    assert len(read(write(tmp_path))) == 10


def test_one_file_of_pictures_finds_its_labels_and_states_nothing(tmp_path: Path) -> None:
    write(tmp_path, "{}.gz")
    samples = read(tmp_path / "t10k-images-idx3-ubyte.gz")
    assert [sample.label for sample in samples] == [str(label) for label in LABELS[6:]]
    assert {sample.split for sample in samples} == {None}


def test_pictures_without_labels(tmp_path: Path) -> None:
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(pack(IMAGES))
    for source in (tmp_path, tmp_path / "t10k-images-idx3-ubyte"):
        assert {(sample.label, sample.split) for sample in read(source)} == {(None, None)}


def test_emnist_is_turned_upright(tmp_path: Path) -> None:
    for word, count in (("train", 6), ("test", 4)):
        sideways = IMAGES[:count].swapaxes(1, 2)
        name = f"emnist-letters-{word}-{{}}-ubyte"
        (tmp_path / name.format("images-idx3")).write_bytes(pack(sideways))
        (tmp_path / name.format("labels-idx1")).write_bytes(pack(LABELS[:count]))
    samples = read(tmp_path)
    assert [sample.split for sample in samples] == ["train"] * 6 + ["test"] * 4
    np.testing.assert_array_equal(stack(samples[:6]), IMAGES[:6])


def test_names_stand_for_labels(tmp_path: Path) -> None:
    words = "zero,one,two,three,four,five,six,seven,eight,nine"
    assert [sample.label for sample in read(write(tmp_path), names=words)] == words.split(",")
    with pytest.raises(DatasetError, match=r"train-labels.*: the label at 2 is 2, but .* 2 names"):
        read(tmp_path, names="zero,one")
    with pytest.raises(PluginError, match="names must be different names"):
        Idx(names="zero,zero")


def test_blocks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_idx_files, "_BLOCK_BYTES", 4 * 64)
    np.testing.assert_array_equal(stack(read(write(tmp_path))), IMAGES)


class TestRefused:
    """Each refusal names the file and what was expected of it."""

    @pytest.mark.parametrize("form", ["{}", "{}.gz"])
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (pack(IMAGES[:6])[:-1], r"6 pictures, 384 bytes, in its header, but only 383 follow"),
            (pack(IMAGES[:6]) + b"x", r"6 pictures, 384 bytes, in its header, but more follow"),
            (pack(IMAGES[:6])[:10], r"ends within its header, after 10 bytes"),
            (pack(LABELS[:6]), r"no idx file of images: it begins with 00 00 08 01, not with 00"),
            (b"", r"it begins with nothing"),
            (b"<html>not found</html>", r"it begins with 3c 68 74 6d"),
            (b"\0\0\x0d\x03" + bytes(12), r"it begins with 00 00 0d 03"),
            (b"\0\0\x08\x03" + bytes(12), r"is damaged: its header tells of 0 x 0 x 0 bytes"),
            (b"\0\0\x08\x03" + b"\xff" * 12, r"is damaged: its header tells of 4,294,967,295 x"),
        ],
    )
    def test_a_file_that_is_wrong(
        self, tmp_path: Path, form: str, content: bytes, message: str
    ) -> None:
        write(tmp_path, form)
        path = tmp_path / form.format("train-images-idx3-ubyte")
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        with pytest.raises(DatasetError, match=message) as refused:
            read(tmp_path)
        assert path.name in str(refused.value)

    def test_labels_that_are_cut_off_or_too_many(self, tmp_path: Path) -> None:
        path = tmp_path / "t10k-labels-idx1-ubyte"
        write(tmp_path)
        path.write_bytes(pack(LABELS[6:])[:-2])
        with pytest.raises(DatasetError, match=r"t10k-labels.* 4 labels, .* but only 2 follow"):
            read(tmp_path)
        path.write_bytes(pack(LABELS[6:]) + b"xy")
        with pytest.raises(DatasetError, match=r"t10k-labels.* 4 labels, .* but more follow"):
            read(tmp_path)

    def test_counts_that_differ(self, tmp_path: Path) -> None:
        write(tmp_path)
        (tmp_path / "train-labels-idx1-ubyte").write_bytes(pack(LABELS[:5]))
        with pytest.raises(DatasetError, match=r"tells of 5 labels, but .* of 6 pictures"):
            read(tmp_path)

    def test_a_bomb_is_refused_before_it_is_unpacked(self, tmp_path: Path) -> None:
        header = bytes([0, 0, 8, 3]) + struct.pack(">3I", 60_000_000, 28, 28)
        path = tmp_path / "train-images-idx3-ubyte.gz"
        path.write_bytes(gzip.compress(header + bytes(1_000_000)))
        with pytest.raises(DatasetError, match=r"gz unpacks from .* 44,860 MiB, .*\n.*gunzip"):
            read(path)

    @pytest.mark.parametrize("keep", [5, 20, 60])
    def test_a_damaged_gzip(self, tmp_path: Path, keep: int) -> None:
        write(tmp_path, "{}.gz")
        path = tmp_path / "train-images-idx3-ubyte.gz"
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(DatasetError, match=r"train-images.* is a damaged gzip file"):
            read(tmp_path)

    def test_labels_of_one_split_only(self, tmp_path: Path) -> None:
        write(tmp_path)
        (tmp_path / "train-labels-idx1-ubyte").unlink()
        with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte has no file of labels"):
            read(tmp_path)

    def test_several_data_sets_in_one_folder(self, tmp_path: Path) -> None:
        write(tmp_path, "emnist-letters-{}")
        with pytest.raises(DatasetError, match=r"several data sets: .*emnist-digits-") as refused:
            read(write(tmp_path, "emnist-digits-{}"))
        assert "--data" in str(refused.value)
        assert "--test-data" in str(refused.value)

    def test_what_is_no_such_file(self, tmp_path: Path) -> None:
        write(tmp_path)
        with pytest.raises(DatasetError, match=r"not called like an idx file of pictures"):
            read(tmp_path / "train-labels-idx1-ubyte")
        with pytest.raises(DatasetError, match=r"There is no file .*absent"):
            read(tmp_path / "absent")
        (tmp_path / "empty").mkdir()
        with pytest.raises(DatasetError, match=r"holds no idx file of pictures"):
            read(tmp_path / "empty")


class TestMatch:
    def test_a_folder_is_told_by_the_names_in_it(self, tmp_path: Path) -> None:
        source = write(tmp_path, "{}.gz")
        match = Idx().match(source)
        assert match is not None
        assert match.reason == (
            "a folder of idx files: test (4 pictures of 8x8) and train (6 pictures of 8x8)"
        )
        folder = Folder().match(source)
        assert folder is not None
        assert match.score == 0.92 > folder.score
        assert FashionMnistCsv().match(source) is None

    def test_a_file_is_told_by_its_name(self, tmp_path: Path) -> None:
        write(tmp_path)
        match = Idx().match(str(tmp_path / "t10k-images-idx3-ubyte"))
        assert match is not None
        assert match == (0.88, "an idx file: 4 pictures of 8x8")

    def test_it_never_fails(self, tmp_path: Path) -> None:
        (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b broken")
        match = Idx().match(str(tmp_path))
        assert match is not None
        assert "no pictures that can be read" in match.reason
        os.mkfifo(tmp_path / "t10k-images-idx3-ubyte")
        sources = [tmp_path / "t10k-images-idx3-ubyte", tmp_path / "absent", "a\0b", "x" * 5000]
        for source in sources:
            assert Idx().match(str(source)) is None

    def test_other_folders_are_not_ours(self, tmp_path: Path) -> None:
        (tmp_path / "train-images-idx3-ubyte").mkdir()
        (tmp_path / "train-images.zip").write_bytes(b"")
        assert Idx().match(str(tmp_path)) is None


def test_the_fingerprint_follows_content_and_options(tmp_path: Path) -> None:
    source = write(tmp_path)
    before = Idx().fingerprint(source)
    assert Idx().fingerprint(source) == before
    assert Idx(names="a,b").fingerprint(source) != before
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(pack(LABELS[:6][::-1]))
    assert Idx().fingerprint(source) != before


def test_is_an_adapter_with_a_fingerprint() -> None:
    assert isinstance(Idx(), DatasetAdapter)
    assert isinstance(Idx(), HasFingerprint)
