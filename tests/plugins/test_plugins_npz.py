"""Pictures and labels in .npz files, and what is wrong with them."""

from __future__ import annotations

import logging
import os
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from imgcls_plugins import _source_files
from imgcls_plugins import npz as npz_module
from imgcls_plugins.npz import Npz
from sklearn.datasets import load_digits

from imgcls_automl.plugin import DatasetAdapter, DatasetError, HasFingerprint, PluginError, Sample

if TYPE_CHECKING:
    from pathlib import Path

GREY = np.asarray(load_digits().images[:10] * 15, np.uint8)
LABELS = load_digits().target[:10]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "digits.npz"


def save(file: Path, **arrays: Any) -> str:
    np.savez(file, **arrays)
    return str(file)


def read(source: str, **options: str) -> list[Sample]:
    return list(Npz(**options).read(source))


def stack(samples: list[Sample]) -> np.ndarray:
    return np.stack([np.asarray(sample.image) for sample in samples])


def test_pictures_and_labels_as_they_are(file: Path) -> None:
    samples = read(save(file, images=GREY, labels=LABELS))
    assert [sample.id for sample in samples][::9] == ["images[0]", "images[9]"]
    assert [sample.label for sample in samples] == [str(label) for label in LABELS]
    assert {sample.split for sample in samples} == {None}
    np.testing.assert_array_equal(stack(samples), GREY)


@pytest.mark.parametrize(
    ("images", "labels"),
    [("x_{}", "y_{}"), ("X_{}", "Y_{}"), ("{}_images", "{}_labels"), ("{}_x", "{}_y")],
)
def test_names_state_splits(file: Path, images: str, labels: str) -> None:
    arrays = {}
    for number, word in enumerate(("test", "train", "val")):
        arrays[images.format(word)] = GREY[number : number + 2]
        arrays[labels.format(word)] = LABELS[number : number + 2]
    samples = read(save(file, **arrays))
    assert [sample.split for sample in samples] == [
        *["train", "train", "validation", "validation", "test", "test"]
    ]
    assert [sample.label for sample in samples] == ["1", "2", "2", "3", "0", "1"]


def test_arrays_of_other_names_can_be_named(file: Path) -> None:
    source = save(file, left=GREY, kind=LABELS, x_train=GREY[:2])
    assert len(read(source, images="left", labels="kind")) == 10
    assert read(source, images="left")[0].label is None


def test_compressed_or_of_fortrans_order_is_the_same(file: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), np.uint8)
    np.savez_compressed(file, images=np.asfortranarray(images), labels=LABELS[:6])
    np.testing.assert_array_equal(stack(read(str(file))), images)


def test_blocks_make_no_difference(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz_module, "_BLOCK_BYTES", 200)
    samples = read(save(file, images=GREY, labels=LABELS))
    assert [sample.label for sample in samples] == [str(label) for label in LABELS]
    np.testing.assert_array_equal(stack(samples), GREY)


def test_pictures_without_labels(file: Path) -> None:
    assert {sample.label for sample in read(save(file, images=GREY))} == {None}


class TestLabels:
    @pytest.mark.parametrize(
        ("labels", "expected"),
        [
            (np.array(["cat", " dog "]), ["cat", "dog"]),
            (np.array([b"cat", b"d\xc3\xb6g"]), ["cat", "dög"]),
            (np.array([[3], [4]], np.uint8), ["3", "4"]),
            (np.array([1.0, 2.0]), ["1", "2"]),
            (np.array([True, False]), ["1", "0"]),
            (np.array([-1, 1], ">i8"), ["-1", "1"]),
        ],
    )
    def test_of_many_kinds(self, file: Path, labels: np.ndarray, expected: list[str]) -> None:
        samples = read(save(file, images=GREY[:2], labels=labels))
        assert [sample.label for sample in samples] == expected

    def test_class_names_stand_for_numbers(self, file: Path) -> None:
        names = np.array(["zero", "one", "two"])
        source = save(file, images=GREY[:3], labels=LABELS[:3], class_names=names)
        assert [sample.label for sample in read(source)] == ["zero", "one", "two"]

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            (LABELS[:3], r"labels has 3 labels for the 4 pictures of images"),
            (np.eye(4), r"shape \(4, 4\), but .* one label a picture.*\n.*labels\.argmax\(1\)"),
            (np.array([0, 1, np.nan, 1]), r"labels\[2\] is nan, which is no label"),
            (np.array([0, 1.5, 1, 1]), r"labels\[1\] is 1\.5, which is no label"),
            (np.array(["a", "", "b", "b"]), r"labels\[1\] is empty"),
            (np.array([b"a", b"\xff", b"b", b"b"]), r"labels\[1\] is no UTF-8 text"),
            (np.array([1j, 2, 3, 4]), r"holds complex128, which are no labels"),
        ],
    )
    def test_that_are_none(self, file: Path, labels: np.ndarray, message: str) -> None:
        with pytest.raises(DatasetError, match=message):
            read(save(file, images=GREY[:4], labels=labels))

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            (np.array(["a", "b"]), r"labels\[2\] is 2, but class_names has 2 names, for 0 to 1"),
            (np.array(["a", "b", "a"]), r"class_names has an empty name, or one twice"),
            (np.arange(3), r"class_names is to be one row of texts, but is int64"),
        ],
    )
    def test_class_names_that_do_not_fit(self, file: Path, names: np.ndarray, message: str) -> None:
        with pytest.raises(DatasetError, match=message):
            read(save(file, images=GREY[:3], labels=LABELS[:3], class_names=names))

    def test_of_some_pictures_only(self, file: Path) -> None:
        source = save(file, x_train=GREY, y_train=LABELS, x_test=GREY)
        with pytest.raises(DatasetError, match=r"x_test has no labels beside it"):
            read(source)


class TestPixels:
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_floats_up_to_one_and_up_to_255_come_out_alike(
        self, file: Path, dtype: type, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        full = np.asarray(np.rint(GREY / GREY.max() * 255), np.uint8)
        small = read(save(file, images=(full / 255).astype(dtype), labels=LABELS))
        large = read(save(file, images=full.astype(dtype), labels=LABELS))
        np.testing.assert_array_equal(stack(small), full)
        np.testing.assert_array_equal(stack(large), full)
        assert "up to 1: read as 0-1" in caplog.text
        assert "up to 255: read as 0-255" in caplog.text

    def test_rounding_beyond_white_is_white(self, file: Path) -> None:
        images = np.full((2, 8, 8), 1.0001)
        images[0, 0, 0] = -1e-7
        assert np.asarray(read(save(file, images=images))[1].image).min() == 255

    @pytest.mark.parametrize("dtype", [np.int16, np.int64, np.uint64])
    def test_whole_numbers_are_bytes(self, file: Path, dtype: type) -> None:
        assert stack(read(save(file, images=GREY.astype(dtype)))).dtype == np.uint8
        with pytest.raises(DatasetError, match=r"up to 2400, more than the 255 .*\n.*white=4095"):
            read(save(file, images=GREY.astype(dtype) * 10))

    @pytest.mark.parametrize("order", "<>")
    def test_16_bits_are_read_as_such(self, file: Path, order: str) -> None:
        wide = GREY.astype(f"{order}u2") * 100
        samples = read(save(file, images=wide))
        assert stack(samples).dtype == np.uint16
        np.testing.assert_array_equal(stack(samples), wide)

    @pytest.mark.parametrize(("times", "white"), [(1, 255), (16, 4095), (50, 16383)])
    def test_16_bits_that_may_be_fewer_are_left_to_the_user(
        self, file: Path, times: int, white: int
    ) -> None:
        wide = GREY.astype(np.uint16) * times
        source = save(file, images=wide)
        message = rf"uint16 up to {240 * times}, .*\n.*white={white}, or white=65535"
        with pytest.raises(DatasetError, match=message):
            read(source)
        for said in (white, 65535):
            pixels = stack(read(source, white=str(said)))
            np.testing.assert_array_equal(pixels, np.rint(wide * (255 / said)))

    def test_each_split_has_the_range_of_its_numbers(self, file: Path) -> None:
        arrays = {
            "x_train": (GREY / 255).astype(np.float32),
            "x_val": GREY.astype(np.uint16) * 257,
            "x_test": GREY,
        }
        samples = read(save(file, **arrays))
        np.testing.assert_array_equal(stack(samples[:10]), GREY)
        np.testing.assert_array_equal(stack(samples[10:20]), arrays["x_val"])
        np.testing.assert_array_equal(stack(samples[20:]), GREY)

    def test_a_dark_split_of_16_bits_has_the_range_of_the_others(self, file: Path) -> None:
        wide = GREY.astype(np.uint16)
        samples = read(save(file, x_train=wide * 257, x_test=wide))
        np.testing.assert_array_equal(stack(samples[10:]), wide)

    def test_booleans_are_black_and_white(self, file: Path) -> None:
        assert set(stack(read(save(file, images=GREY > 99))).ravel()) == {0, 255}

    def test_the_value_of_white_can_be_said(self, file: Path) -> None:
        original = load_digits().images[:10]
        with pytest.raises(DatasetError, match=r"float64 up to 16, neither 0-1 nor 0-255"):
            read(save(file, images=original))
        samples = read(str(file), white="16")
        np.testing.assert_array_equal(stack(samples), np.rint(original * 255 / 16))

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (-0.5, r"images\[3, 2, 1\] is -0\.5, which is no pixel"),
            (np.nan, r"images\[3, 2, 1\] is nan, which is no pixel"),
            (np.inf, r"images\[3, 2, 1\] is inf, which is no pixel"),
            (256.0, r"holds float64 up to 256, which are no pixels"),
        ],
    )
    def test_that_are_none(
        self, file: Path, monkeypatch: pytest.MonkeyPatch, value: float, message: str
    ) -> None:
        monkeypatch.setattr(npz_module, "_BLOCK_BYTES", 8 * 64 * 2)
        images = GREY / 255
        images[3, 2, 1] = value
        with pytest.raises(DatasetError, match=message):
            read(save(file, images=images))

    def test_of_two_ranges_are_refused(self, file: Path) -> None:
        source = save(file, x_train=GREY / 255, x_test=GREY * 1.0)
        with pytest.raises(DatasetError, match=r"x_test goes up to 240, but x_train only to"):
            read(source)

    @pytest.mark.parametrize(
        ("shape", "message"),
        [
            ((2, 3, 8, 9), r"channels seem to come before.*\n.*np\.moveaxis\(images, 1, -1\)"),
            ((2, 1, 8, 3), r"channels seem to come before"),
            ((2, 64), r"each picture is a row of 64 pixels.*\n.*images\.reshape\(-1, H, W\)"),
            ((2, 8, 8, 2), r"shape \(2, 8, 8, 2\)\.\nPictures are"),
            ((5,), r"shape \(5,\)\.\nPictures are"),
            ((0, 8, 8), r"there is no picture in it"),
        ],
    )
    def test_of_a_shape_that_is_none_of_pictures(
        self, file: Path, shape: tuple[int, ...], message: str
    ) -> None:
        with pytest.raises(DatasetError, match=message):
            read(save(file, images=np.zeros(shape, np.uint8)))

    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_channels_come_last(self, file: Path, channels: int) -> None:
        images = np.zeros((2, 8, 9, channels), np.uint8)
        assert stack(read(save(file, images=images))).shape == images.shape


class TestHostile:
    def test_python_objects_are_never_unpickled(self, file: Path, tmp_path: Path) -> None:
        class Bomb:
            def __reduce__(self) -> Any:
                return os.mkdir, (str(tmp_path / "harm"),)

        for arrays in (
            {"images": GREY, "labels": np.array([Bomb()] * 10, object)},
            {"images": np.array([Bomb()] * 10, object)},
            {"images": GREY, "labels": LABELS, "class_names": np.array([Bomb()], object)},
        ):
            with pytest.raises(DatasetError, match=r"holds Python objects.*\n.*np\.array\(list"):
                read(save(file, **arrays))
        assert not (tmp_path / "harm").exists()

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all" * 99])
    def test_what_is_no_archive(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        with pytest.raises(DatasetError, match=r"cannot be read as an \.npz file"):
            read(str(file))

    @pytest.mark.parametrize("at", [0.2, 0.5, 0.9])
    def test_a_flipped_byte_is_noticed(self, file: Path, at: float) -> None:
        np.savez_compressed(
            file, images=np.random.default_rng(0).integers(0, 256, (50, 8, 8), np.uint8)
        )
        content = bytearray(file.read_bytes())
        content[int(len(content) * at)] ^= 0xFF
        file.write_bytes(content)
        with pytest.raises(DatasetError, match=r"digits\.npz"):
            read(str(file))

    @pytest.mark.parametrize(
        ("shape", "message"),
        [
            ("(99, 8, 8)", r"images is cut off: .* 99 rows, but row 10 is not whole"),
            ("(1, 99999999, 99999999)", r"a row would take more than 1 GiB"),
            ("(99999999999999999999, 8, 8)", r"cut off"),
            ("(10, 8", r"cannot be read as an \.npz file"),
            ("()", r"is a single value"),
        ],
    )
    def test_a_header_that_lies(self, file: Path, shape: str, message: str) -> None:
        text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
        header = text.ljust(117).encode() + b"\n"
        member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("images.npy", member + GREY.tobytes())
        with pytest.raises(DatasetError, match=message):
            read(str(file))

    def test_a_bomb_is_refused_before_it_is_unpacked(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        np.savez_compressed(file, images=np.zeros((100, 256, 256), np.uint8))
        assert len(read(str(file))) == 100
        monkeypatch.setattr(_source_files, "BOMB_BYTES", 1 << 20)
        with pytest.raises(DatasetError, match=r"images unpacks .* 6 MiB, .*\n.*numpy\.savez"):
            read(str(file))
        assert read(save(file, images=np.zeros((100, 256, 256), np.uint8)))

    def test_what_is_no_file(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.npz")
        for name, message in (("pipe.npz", "is a pipe"), ("none.npz", "no file"), ("", "a folder")):
            with pytest.raises(DatasetError, match=message):
                read(str(tmp_path / name))
            assert Npz().match(str(tmp_path / name)) is None


class TestNames:
    def test_no_known_name_lists_what_there_is(self, file: Path) -> None:
        with pytest.raises(DatasetError, match=r"no array called .*; it has a and b\.\n.*images=N"):
            read(save(file, a=GREY, b=LABELS))

    def test_a_name_that_nobody_has(self, file: Path) -> None:
        source = save(file, a=GREY)
        with pytest.raises(DatasetError, match=r"no array called 'c'; it has a\.\n.*images=NAME"):
            read(source, images="c")
        with pytest.raises(DatasetError, match=r"labels=a needs images=NAME beside it"):
            read(source, labels="a")

    @pytest.mark.parametrize("white", ["", "0", "-1", "nan", "inf", "bright"])
    def test_a_value_of_white_that_is_none(self, white: str) -> None:
        with pytest.raises(PluginError, match="white must be a number above zero"):
            Npz(white=white)


class TestMatch:
    def test_the_reason_tells_what_is_in_it(self, file: Path) -> None:
        match = Npz().match(save(file, x_train=GREY, y_train=LABELS, x_test=GREY, y_test=LABELS))
        assert match is not None
        assert match.score == 0.85
        assert match.reason == (
            "an .npz file: 10 pictures in 'x_train' and 10 pictures in 'x_test' (uint8 of 8x8)"
        )

    def test_any_other_archive_is_ours_so_that_reading_explains(self, file: Path) -> None:
        match = Npz().match(save(file, weights=GREY))
        assert match is not None
        assert match.score == 0.15

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + b"\xff" * 18])
    def test_it_never_fails(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        match = Npz().match(str(file))
        assert match is not None
        assert match.score == 0.15


def test_the_fingerprint_follows_content_and_options(file: Path) -> None:
    source = save(file, images=GREY, labels=LABELS)
    before = Npz().fingerprint(source)
    assert Npz().fingerprint(source) == before
    assert Npz(white="99").fingerprint(source) != before
    save(file, images=GREY[:9], labels=LABELS[:9])
    assert Npz().fingerprint(source) != before


def test_is_an_adapter_with_a_fingerprint() -> None:
    assert isinstance(Npz(), DatasetAdapter)
    assert isinstance(Npz(), HasFingerprint)
