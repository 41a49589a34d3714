"""Whatever lies under a picture's name is decoded or refused with a reason, and every one is accounted for."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from hostile_pictures import (
    BOMB,
    SUFFIXES,
    flip,
    make_bombs,
    make_damaged,
    make_guests,
    make_sound,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imgcls_automl.data.decode import decode_image
from imgcls_automl.data.header import read_header
from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.errors import DatasetError, UnreadableImageError

# Pillow warns of damaged metadata while it goes on.
pytestmark = pytest.mark.filterwarnings("ignore")
SHAPE = (16, 16, 3)
READ = ("JPEG", "MPO", "PNG", "BMP", "GIF", "WEBP", "TIFF")

as_drawn = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def try_to_decode(picture, resize="stretch"):
    """The reason why it cannot be decoded; None where it was, to the right shape."""
    try:
        # A flipped byte may make a size of megapixels, which would only take time here.
        pixels = decode_image(picture, shape=SHAPE, resize=resize, max_pixels=1_000_000)
    except UnreadableImageError as error:
        reason = str(error)
        assert reason
        assert reason.isprintable()
        assert len(reason) < 300
        return reason
    assert pixels.shape == SHAPE
    assert pixels.dtype == np.uint8
    return None


class TestInProcess:
    def test_there_are_a_thousand(self):
        assert len(make_damaged()) >= 1000

    def test_every_damaged_picture_is_decoded_or_refused(self):
        reasons = {name: try_to_decode(picture) for name, picture in make_damaged().items()}
        refused = [name for name, reason in reasons.items() if reason is not None]
        assert len(refused) > len(make_damaged()) / 2
        assert len(refused) < len(make_damaged())  # a flipped pixel is no reason

    def test_a_sound_picture_is_read_in_the_formats_that_are_and_no_other(self):
        for name, picture in make_sound().items():
            is_read = name.startswith(READ) and not name.startswith("JPEG2000")
            assert (try_to_decode(picture) is None) == is_read, name

    @pytest.mark.parametrize("name", make_guests())
    def test_what_is_no_picture_is_called_by_its_name(self, name):
        content, words = make_guests()[name]
        assert words in try_to_decode(content)

    @pytest.mark.parametrize("kind", SUFFIXES)
    @pytest.mark.parametrize(
        "look", [read_header, lambda it: decode_image(it, shape=SHAPE, resize="pad")]
    )
    def test_a_bomb_is_refused_by_the_size_that_it_states(self, kind, look):
        # Decoding would end in another reason: nothing lies behind the header.
        with pytest.raises(UnreadableImageError) as refused:
            look(make_bombs()[kind])
        assert str(refused.value) == (
            f"{BOMB}x{BOMB} are 268 megapixels, and at most 200 are decoded (--max-pixels)"
        )

    def test_the_limit_can_be_moved(self):
        picture = make_sound()["PNG-L"]
        assert read_header(picture, max_pixels=24 * 32).width == 32
        with pytest.raises(UnreadableImageError, match=r"32x24 are 0\.000768 megapixels"):
            read_header(picture, max_pixels=24 * 32 - 1)

    def test_arrays_are_held_to_it_too(self):
        pixels = np.zeros((24, 32, 3), np.uint8)
        assert read_header(pixels, max_pixels=24 * 32).width == 32
        decode_image(pixels, shape=SHAPE, resize="stretch", max_pixels=24 * 32)
        with pytest.raises(UnreadableImageError, match=r"32x24 are .* \(--max-pixels\)"):
            read_header(pixels, max_pixels=24 * 32 - 1)
        with pytest.raises(UnreadableImageError, match=r"32x24 are .* \(--max-pixels\)"):
            decode_image(pixels, shape=SHAPE, resize="stretch", max_pixels=24 * 32 - 1)

    @as_drawn
    @given(st.binary(max_size=300))
    def test_any_bytes(self, content):
        try_to_decode(content)

    @as_drawn
    @given(
        name=st.deferred(lambda: st.sampled_from(sorted(make_sound()))),
        places=st.lists(st.integers(0, 2**32), max_size=8),
        keep=st.floats(0, 1),
    )
    def test_any_damage(self, name, places, keep):
        damaged = flip(make_sound()[name], places)
        try_to_decode(damaged[: round(keep * len(damaged))])

    @as_drawn
    @given(
        size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
        shape=st.tuples(st.integers(8, 64), st.integers(8, 64), st.sampled_from([1, 3])),
        resize=st.sampled_from(["stretch", "pad", "crop"]),
    )
    def test_any_size_is_fitted_to_any_other(self, size, shape, resize):
        assert decode_image(np.zeros(size, np.uint8), shape=shape, resize=resize).shape == shape

    @pytest.mark.parametrize(
        "exif", [b"Exif\0\0garbage!", b"Exif\0\0MM\0", b"Exif\0\0II*\0\xff\xff\xff\xff"]
    )
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_damaged_metadata_costs_no_picture(self, tmp_path, kind, exif):
        path = tmp_path / f"picture.{kind.lower()}"
        Image.new("RGB", (16, 16), "red").save(path, exif=exif)
        assert try_to_decode(path) is None


@pytest.fixture
def hostile_folder(tmp_path, monkeypatch):
    """All of them in two class folders, with sound pictures in the second; cwd, HOME and TMPDIR empty."""
    root = tmp_path / "pictures"
    files = dict(make_damaged())
    files |= {f"guest-{name}": content for name, (content, _) in make_guests().items()}
    files |= {f"bomb-{kind}": content for kind, content in make_bombs().items()}
    for number, (name, content) in enumerate(sorted(files.items())):
        folder = root / ("even", "odd")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        suffix = name[5:] if name.startswith("bomb-") else SUFFIXES[number % len(SUFFIXES)]
        (folder / f"{name.replace(';', '')}.{suffix}").write_bytes(content)
    for name in ("cwd", "home", "tmp", "run"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return root


def listing(folder):
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class TestIngest:
    def test_each_picture_is_in_the_set_or_listed_with_its_reason(
        self, hostile_folder, make_request, tmp_path
    ):
        before = listing(hostile_folder)
        request = make_request(
            hostile_folder, name=None, max_bad=10_000, max_pixels=1_000_000, image_size=(8, 8)
        )
        dataset = prepare_dataset(
            request, folder=tmp_path / "run/data", log=tmp_path / "run/log.txt"
        )
        kept = {row["id"] for row in read_csv(tmp_path / "run/data/splits.csv")}
        issues = read_csv(tmp_path / "run/data/issues.csv")
        left_out = {row["id"] for row in issues if row["problem"] == "unreadable"}
        every = {str(path.relative_to(hostile_folder)) for path in hostile_folder.rglob("*.*")}
        assert kept | left_out == every
        assert not kept & left_out
        assert dataset.unreadable == len(left_out)
        assert all(row["detail"] for row in issues)
        self.check_disguised(issues, kept, tmp_path)
        assert listing(hostile_folder) == before
        assert not [path for name in ("cwd", "home", "tmp") for path in (tmp_path / name).iterdir()]
        assert {path.name for path in tmp_path.iterdir()} == {
            *("pictures", "cwd", "home", "tmp"), "cache", "run",
        }  # fmt: skip
        assert "Traceback" not in (tmp_path / "run/log.txt").read_text()
        self.check_default_limit(request, len(left_out))

    def check_disguised(self, issues, kept, tmp_path):
        disguised = {row["id"]: row["detail"] for row in issues if row["problem"] == "disguised"}
        assert disguised.keys() <= kept
        assert any(
            detail == "named .jpg, but it is a PNG file, and was read as one"
            for detail in disguised.values()
        )
        summary = json.loads((tmp_path / "run/data/summary.json").read_text())
        assert summary["issues"]["disguised"] == len(disguised)
        assert summary["issues"]["unreadable"] == summary["unreadable"]

    def check_default_limit(self, request, bad):
        with pytest.raises(DatasetError) as refused:
            prepare_dataset(replace(request, max_bad=None), folder=None, log=None)
        assert f"{bad} of" in str(refused.value)
        assert f"--max-bad {bad}" in str(refused.value)
        assert len(str(refused.value).splitlines()) <= 3
