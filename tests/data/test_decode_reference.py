"""Every mode at every orientation against a reference that is computed without Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgcls_automl.data.decode import decode_image
from imgcls_automl.data.header import read_header
from imgcls_automl.errors import UnreadableImageError

HEIGHT, WIDTH = 24, 36
TOLERANCE = 2  # of 255, on average over a picture

down, right = np.mgrid[0:HEIGHT, 0:WIDTH]
RAMP = (right * 255 / (WIDTH - 1)).round().astype(np.uint8)
COLOUR = np.stack([RAMP, (down * 255 / (HEIGHT - 1)).round().astype(np.uint8), 255 - RAMP], axis=2)
ALPHA = ((down * 7 + right * 5) % 256).astype(np.uint8)
WIDE = (RAMP.astype(np.uint32) * 256 + down).astype(np.uint32)  # 16 bits that are used


def lay_on_white(colour, alpha):
    share = alpha[..., None] / 255
    return colour * share + 255 * (1 - share)


def from_ycbcr(pixels):
    """ITU-R BT.601 at full range, as in JPEG."""
    y, cb, cr = np.moveaxis(pixels.astype(float), 2, 0)
    cb, cr = cb - 128, cr - 128
    return np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=2)


def from_lab(pixels):
    """CIE L*a*b* at D50 to sRGB, by the matrix of the ICC's sRGB profile (Bradford-adapted)."""
    lightness = pixels[..., 0] / 2.55
    a, b = ((pixels[..., band].astype(np.int8).astype(float)) for band in (1, 2))
    fy = (lightness + 16) / 116
    parts = np.stack([fy + a / 500, fy, fy - b / 200], axis=2)
    linear = np.where(parts > 6 / 29, parts**3, (parts - 4 / 29) * 3 * (6 / 29) ** 2)
    xyz = linear * (0.9642, 1.0, 0.8249)
    matrix = [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
    rgb = np.clip(xyz @ np.transpose(matrix), 0, 1)
    return 255 * np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)


def draw_lab():
    """Colours of sRGB in L*a*b*: others have no right answer."""
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    return ImageCms.applyTransform(Image.fromarray(COLOUR), to_lab)


def draw_palette(extra=()):
    """64 colours, four of them in `extra` shades of alpha, as (picture, its colours)."""
    indices = ((down // 3) * 8 + right * 8 // WIDTH).astype(np.uint8)
    colours = np.random.default_rng(3).integers(0, 256, (64, 3)).astype(np.uint8)
    image = Image.fromarray(indices)
    image.putpalette(colours.tobytes())
    return image, colours[indices], np.isin(indices, extra)


def make_modes():
    """mode: (picture, format, reference (H, W, 3) or (H, W), what is counted)."""
    palette, palette_colours, _ = draw_palette()
    seen, seen_colours, hidden = draw_palette(extra=(9, 10))
    levels = bytes(0 if index in (9, 10) else 255 for index in range(64))
    bits = (RAMP > 100) ^ (down % 5 == 0)
    with_alpha = np.dstack([COLOUR, ALPHA])
    cmyk = np.dstack([COLOUR, RAMP // 3])
    lab, ycbcr = draw_lab(), Image.fromarray(COLOUR).convert("YCbCr")
    ink = (255.0 - cmyk[..., :3]) * (255.0 - cmyk[..., 3:]) / 255
    sixteen = Image.frombytes("I;16B", (WIDTH, HEIGHT), WIDE.astype(">u2").tobytes())
    return {
        "1": (Image.fromarray(bits), "PNG", bits * 255, None),
        "L": (Image.fromarray(RAMP), "PNG", RAMP, None),
        "LA": (
            Image.fromarray(np.dstack([RAMP, ALPHA]), "LA"),
            "PNG",
            lay_on_white(RAMP[..., None], ALPHA)[..., 0],
            "alpha_on_white",
        ),
        "P": (palette, "PNG", palette_colours, "palette"),
        "P with transparency": (
            seen,
            "PNG",
            np.where(hidden[..., None], 255, seen_colours),
            "alpha_on_white",
            {"transparency": levels},
        ),
        "RGB": (Image.fromarray(COLOUR), "WEBP", COLOUR, None, {"lossless": True}),
        "RGBA": (
            Image.fromarray(with_alpha),
            "PNG",
            lay_on_white(COLOUR, ALPHA),
            "alpha_on_white",
        ),
        "RGBX": (Image.fromarray(with_alpha, "RGBX"), "TIFF", COLOUR, None),
        "CMYK": (Image.fromarray(cmyk, "CMYK"), "TIFF", ink, "cmyk"),
        "YCbCr": (ycbcr, "TIFF", from_ycbcr(np.asarray(ycbcr)), None),
        "LAB": (lab, "TIFF", from_lab(np.asarray(lab)), None),
        "I;16": (Image.fromarray(WIDE.astype(np.uint16)), "PNG", WIDE / 257, "16_bit"),
        "I;16B": (sixteen, "TIFF", WIDE / 257, "16_bit"),
        "I": (
            Image.fromarray(WIDE.astype(np.int32) * 2 - 20_000),
            "TIFF",
            (WIDE.astype(float) * 2 - 20_000).clip(0, 65_535) / 257,
            "16_bit",
        ),
    }  # fmt: skip


MODES = make_modes()
# How a picture has to be stored for the EXIF orientation to bring it upright (TIFF 6.0, page 36).
STORE = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: np.swapaxes(upright, 0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(np.swapaxes(upright, 0, 1), 2),
    8: lambda upright: np.rot90(upright, -1),
}


def store(image, kind, orientation, **options):
    """Encode a picture as a camera that was held that way does."""
    turned = image
    if orientation > 1:  # by Pillow, pixel by pixel, because arrays do not know palettes
        positions = STORE[orientation](np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH))
        turned = image.resize(positions.shape[::-1])
        source, target = image.load(), turned.load()
        for (row, column), position in np.ndenumerate(positions):
            target[column, row] = source[int(position) % WIDTH, int(position) // WIDTH]
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    turned.save(buffer, kind, exif=exif, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", STORE)
@pytest.mark.parametrize("mode", MODES)
def test_the_pixels_are_those_of_the_reference(mode, orientation):
    image, kind, expected, counted, *options = MODES[mode]
    picture = store(image, kind, orientation, **(options[0] if options else {}))
    header = read_header(picture)
    assert (header.height, header.width) == (HEIGHT, WIDTH)
    assert ("exif_rotated" in header.conversions) == (orientation > 1)
    assert counted is None or counted in header.conversions
    assert header.channels == (1 if expected.ndim == 2 else 3)
    pixels = decode_image(picture, shape=(HEIGHT, WIDTH, header.channels), resize="stretch")
    reference = np.clip(expected, 0, 255).reshape(pixels.shape)
    assert np.abs(pixels - reference).mean() < TOLERANCE


@pytest.mark.parametrize("mode", MODES)
def test_a_model_of_grey_pictures_takes_colour_too(mode):
    image, kind, expected, _, *options = MODES[mode]
    picture = store(image, kind, 1, **(options[0] if options else {}))
    pixels = decode_image(picture, shape=(HEIGHT, WIDTH, 1), resize="stretch")[..., 0]
    reference = np.clip(expected, 0, 255)
    if reference.ndim == 3:
        reference = reference @ (0.299, 0.587, 0.114)  # ITU-R BT.601
    assert np.abs(pixels - reference).mean() < TOLERANCE


def test_floating_point_is_refused_at_any_orientation():
    picture = store(Image.fromarray(RAMP.astype(np.float32)), "TIFF", 6)
    with pytest.raises(UnreadableImageError, match="no known range"):
        decode_image(picture, shape=(HEIGHT, WIDTH, 1), resize="stretch")
