"""One picture of any format becomes the pixels a model takes."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgcls_automl.data.decode import decode_image
from imgcls_automl.data.header import read_header
from imgcls_automl.errors import UnreadableImageError

GREY, COLOUR = (4, 6, 1), (4, 6, 3)


def encode(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decode(picture, shape=COLOUR, resize="stretch"):
    return decode_image(picture, shape=shape, resize=resize)


def half_and_half(size=(6, 4), left="red", right="blue"):
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


class TestFormats:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF"])
    def test_each_format_gives_its_pixels(self, kind):
        pixels = decode(encode(Image.new("RGB", (6, 4), (200, 40, 90)), kind))
        assert pixels.shape == COLOUR
        assert pixels.dtype == np.uint8
        assert np.abs(pixels.astype(int) - (200, 40, 90)).max() <= 4

    def test_a_file_and_its_bytes_give_the_same(self, tmp_path):
        path = tmp_path / "picture.png"
        half_and_half().save(path)
        assert (decode(path) == decode(path.read_bytes())).all()

    def test_only_the_first_frame_of_an_animation_is_taken(self):
        frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "lime")]
        picture = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
        assert (decode(picture) == (255, 0, 0)).all()
        assert "animated" in read_header(picture).conversions

    def test_formats_that_run_programs_are_not_opened(self):
        with pytest.raises(UnreadableImageError, match="a PostScript file, which is not read"):
            decode(encode(Image.new("RGB", (6, 4)), "EPS"))


class TestModes:
    def test_what_is_transparent_becomes_white_and_shows_no_hidden_colour(self):
        image = half_and_half().convert("RGBA")
        image.putalpha(Image.new("L", image.size, 0))
        assert (decode(encode(image)) == 255).all()

    def test_half_transparent_black_becomes_middle_grey(self):
        assert decode(encode(Image.new("LA", (6, 4), (0, 128))), GREY)[0, 0, 0] == 127

    def test_a_palette_with_a_transparent_entry_is_laid_on_white(self):
        image = half_and_half().convert("P")
        picture = encode(image, transparency=image.getpixel((0, 0)))
        assert decode(picture)[0, 0].tolist() == [255, 255, 255]
        assert decode(picture)[0, 5].tolist() == [0, 0, 255]

    def test_sixteen_bits_are_scaled_and_not_cut_off(self):
        wide = np.array([[0, 257, 32_768, 65_535]], dtype=np.uint16)
        picture = encode(Image.fromarray(wide))
        expected = [0, 1, 128, 255]
        assert decode(picture, (1, 4, 1))[0, :, 0].tolist() == expected
        assert decode(wide, (1, 4, 1))[0, :, 0].tolist() == expected

    def test_thirty_two_bits_are_taken_for_sixteen(self):
        wide = np.array([[-5, 65_535, 1_000_000, 257]], dtype=np.int32)
        picture = encode(Image.fromarray(wide), "TIFF")
        assert decode(picture, (1, 4, 1))[0, :, 0].tolist() == [0, 255, 255, 1]

    def test_one_bit_becomes_black_and_white(self):
        image = half_and_half(left="white", right="black").convert("1")
        assert np.unique(decode(encode(image), GREY)).tolist() == [0, 255]

    def test_cmyk_becomes_rgb(self):
        picture = encode(Image.new("CMYK", (6, 4), (0, 255, 255, 0)), "JPEG")
        red, green, blue = decode(picture)[0, 0].astype(int)
        assert red > 200
        assert max(green, blue) < 60

    def test_floating_point_is_refused(self):
        picture = encode(Image.fromarray(np.zeros((4, 6), dtype=np.float32)), "TIFF")
        with pytest.raises(UnreadableImageError, match="no known range"):
            decode(picture)

    def test_grey_arrays_stay_as_they_are(self):
        pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
        assert (decode(pixels, GREY)[:, :, 0] == pixels).all()
        assert (decode(pixels[:, :, None], GREY)[:, :, 0] == pixels).all()

    def test_a_grey_array_fills_three_channels(self):
        pixels = np.arange(24, dtype=np.uint8).reshape(4, 6, 1)
        assert (decode(pixels, COLOUR) == np.repeat(pixels, 3, axis=2)).all()
        assert (decode(pixels[:, :, 0], COLOUR) == np.repeat(pixels, 3, axis=2)).all()

    def test_an_array_with_alpha_is_laid_on_white(self):
        assert (decode(np.zeros((4, 6, 4), dtype=np.uint8)) == 255).all()


class TestOrientation:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
    def test_a_picture_taken_sideways_is_turned_upright(self, kind):
        upright = half_and_half((64, 32))
        exif = Image.Exif()
        exif[0x0112] = 6  # turn by a quarter to the right to see it
        picture = encode(upright.transpose(Image.Transpose.ROTATE_90), kind, exif=exif)
        header = read_header(picture)
        assert (header.height, header.width) == (32, 64)
        assert "exif_rotated" in header.conversions
        pixels = decode(picture, (32, 64, 3))
        assert pixels[16, 8, 0] > 200
        assert pixels[16, 56, 2] > 200

    def test_exif_data_behind_the_pixels_of_a_png_count(self):
        pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
        exif, file = Image.Exif(), io.BytesIO()
        exif[0x0112] = 6
        Image.fromarray(pixels).save(file, "png", exif=exif)
        early = file.getvalue()
        start = early.index(b"eXIf") - 4
        end = start + 12 + int.from_bytes(early[start : start + 4], "big")
        late = early[:start] + early[end:-12] + early[start:end] + early[-12:]  # before IEND
        for data in (early, late):
            shown = decode_image(data, shape=(12, 8, 3), resize="stretch")
            assert (shown == np.rot90(pixels, -1)).all()

    def test_an_orientation_that_does_not_exist_is_ignored(self):
        exif = Image.Exif()
        exif[0x0112] = 99
        assert decode(encode(half_and_half(), "PNG", exif=exif)).shape == COLOUR


class TestResizing:
    def test_stretch_fills_the_whole_shape(self):
        pixels = decode(encode(half_and_half((60, 20))), (8, 8, 3))
        assert pixels[:, 0, 0].min() == 255
        assert pixels[:, 7, 2].min() == 255

    def test_pad_keeps_the_aspect_and_adds_black(self):
        pixels = decode(encode(Image.new("L", (60, 20), 200)), (12, 12, 1), "pad")
        assert (pixels[4:8] == 200).all()
        assert not pixels[:4].any()
        assert not pixels[8:].any()

    def test_crop_keeps_the_aspect_and_the_middle(self):
        image = Image.new("L", (60, 20), 0)
        image.paste(255, (20, 0, 40, 20))
        assert (decode(encode(image), (10, 10, 1), "crop")[:, 1:-1] == 255).all()

    def test_shrinking_averages_instead_of_skipping(self):
        checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
        pixels = decode(checks.astype(np.uint8), (8, 8, 1))
        assert np.abs(pixels.astype(int) - 127).max() <= 2

    def test_a_large_jpeg_is_shrunk_like_any_other(self):
        image = half_and_half((1600, 1200))
        by_jpeg = decode(encode(image, "JPEG", quality=95), (32, 32, 3)).astype(int)
        by_png = decode(encode(image), (32, 32, 3)).astype(int)
        assert np.abs(by_jpeg - by_png).max() <= 12


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("picture", "reason"),
        [(b"", "empty"), (b"not a picture", "no picture in a known format")],
    )
    def test_the_reason_is_given(self, picture, reason):
        with pytest.raises(UnreadableImageError, match=reason):
            decode(picture)

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(UnreadableImageError, match="No such file"):
            decode(tmp_path / "lost.png")

    def test_a_named_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(UnreadableImageError, match="not a file"):
            decode(tmp_path / "pipe.png")

    def test_a_truncated_file_is_refused_rather_than_half_black(self):
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        with pytest.raises(UnreadableImageError, match="truncated"):
            decode(encode(Image.fromarray(noise), "JPEG")[:2000])

    def test_any_damage_ends_in_the_same_error(self):
        whole = encode(half_and_half((64, 64)))
        draws = np.random.default_rng(0)
        for _ in range(200):
            damaged = bytearray(whole)
            for position in draws.integers(8, len(whole), 4):
                damaged[position] = draws.integers(256)
            with warnings.catch_warnings(), contextlib.suppress(UnreadableImageError):
                warnings.simplefilter("ignore")
                assert decode(bytes(damaged)).shape == COLOUR

    def test_a_picture_of_over_200_megapixels_is_not_decoded(self):
        picture = encode(Image.new("1", (20_000, 10_100)))
        with pytest.raises(UnreadableImageError, match="202 megapixels"):
            decode(picture)

    def test_a_picture_of_100_megapixels_raises_no_warning(self):
        limit = Image.MAX_IMAGE_PIXELS
        assert decode(encode(Image.new("1", (10_000, 10_000))), GREY).shape == GREY
        assert limit == Image.MAX_IMAGE_PIXELS

    def test_pictures_are_opened_at_once_and_the_limit_of_pillow_put_back(self, monkeypatch):
        both_open = threading.Barrier(2)
        really_open = Image.open

        def open_together(*arguments: Any, **options: Any) -> Image.Image:
            both_open.wait(30)
            assert Image.MAX_IMAGE_PIXELS is None
            return really_open(*arguments, **options)

        monkeypatch.setattr(Image, "open", open_together)
        limit = Image.MAX_IMAGE_PIXELS
        pictures = [encode(half_and_half((64, 64)))] * 2
        with ThreadPoolExecutor(2) as pool:
            assert [one.shape for one in pool.map(decode, pictures)] == [COLOUR] * 2
        assert limit == Image.MAX_IMAGE_PIXELS
