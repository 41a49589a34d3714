"""The page of an inspection stands alone, shows pictures by number, and obeys nothing that data wrote."""

from __future__ import annotations

import base64
import hashlib
import io
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from imgcls_automl.augmentation_preview import Preview
from imgcls_automl.data.dataset import DatasetRequest
from imgcls_automl.data.inspection import opened_inspection
from imgcls_automl.pages.data_page import write_data_page
from imgcls_automl.pages.thumbnails import embed_picture

VOID = {"meta", "line", "rect", "img", "br"}
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{ 7*7 }}\x1b[31m'


class Page(HTMLParser):
    """A parsed page: its tags, attributes and text; fails on tags that do not nest."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.attributes, self.text, self._open = [], [], "", []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] != "style":
            self.text += " ".join(data.split()) + " "

    @property
    def ids(self):
        return {value for name, value in self.attributes if name == "id"}

    @property
    def sources(self):
        return [value for name, value in self.attributes if name == "src"]


@pytest.fixture
def pets(tmp_path):
    """Two classes of drawn pictures; one is an exact copy, one blank, one unreadable, one class named by an enemy."""
    draw = np.random.default_rng(0)
    for label, name in (("cat", "cat"), ("enemy", HOSTILE.replace("/", "_"))):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(12):
            pixels = draw.integers(0, 256, (20, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"pets/{name}/{label}{number:02}.png")
    cat = tmp_path / "pets/cat"
    (cat / "twin.png").write_bytes((cat / "cat03.png").read_bytes())
    Image.new("L", (16, 20), 90).save(cat / "blank.png")
    (cat / "bad.png").write_bytes(b"<html>")
    return tmp_path / "pets"


@pytest.fixture
def write(tmp_path):
    """Inspect a source and write its page."""

    def write(source, preview=None, **changes):
        request = DatasetRequest(
            data=(str(source),),
            test_data=None,
            adapter=None,
            options={},
            image_size=None,
            resize="stretch",
            seed=0,
            max_bad=None,
            cache=tmp_path / "cache",
            **changes,
        )
        with opened_inspection(request) as inspection:
            write_data_page(tmp_path / "page.html", inspection, preview)
        return Page(tmp_path / "page.html")

    return write


def test_all_that_was_found_is_shown(write, pets):
    page = write(pets)
    assert page.ids >= {"overview", "classes", "samples", "sizes", "pairs", "odd", "unreadable"}
    assert "A search would take this data" in page.text
    assert "bad.png" in page.text
    assert "cat/twin.png" in page.text
    assert "blank" in page.text


def test_the_page_loads_nothing_and_runs_nothing(write, pets):
    page = write(pets)
    assert not {"script", "link", "iframe", "object", "form", "a"} & set(page.tags)
    assert all(source.startswith("data:image/") for source in page.sources)
    assert not {name for name, _ in page.attributes if name.startswith("on") or name == "href"}
    policy = next(it for _, it in page.attributes if (it or "").startswith("default-src"))
    style = page.source.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; img-src data:; style-src-elem 'sha256-")
    assert digest in policy
    assert "script-src" not in policy


def test_what_data_wrote_is_shown_and_not_obeyed(write, pets):
    page = write(pets)
    assert "<script>alert(1)<_script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "\x1b" not in page.source
    named = [value for name, value in page.attributes if name in ("alt", "title", "aria-label")]
    assert not any("enemy" in value or "script" in value for value in named)


def test_pictures_are_numbered(write, pets):
    page = write(pets)
    numbers = {value for name, value in page.attributes if name == "alt"}
    assert "picture 1" in numbers
    assert all(value.removeprefix("picture ").isdigit() for value in numbers)


def test_a_refusal_is_the_headline(write, tmp_path, pets):
    for path in sorted(pets.glob("[!c]*/*")):
        path.unlink()
    page = write(pets)
    assert "A search would not begin on this data" in page.text


def test_not_one_readable_picture(write, tmp_path):
    (tmp_path / "pets/cat").mkdir(parents=True)
    (tmp_path / "pets/cat/1.png").write_bytes(b"")
    page = write(tmp_path / "pets")
    assert "None of the 1 pictures can be read" in page.text
    assert page.ids == {"overview", "unreadable"}


def test_a_preview_shows_each_picture_and_what_becomes_of_it(write, pets):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 2, 20, 16, 1), dtype=np.uint8)
    preview = Preview(
        space="mine",
        strengths={"horizontal_flip": True, "zoom": 0.15000000000000002},
        originals=pixels[0],
        changed=pixels[1:],
    )
    page = write(pets, preview)
    assert "What mine does to training pictures" in page.text
    assert "horizontal flip, zoom 0.15 ." in " ".join(page.text.split())
    assert sum(value == "changed" for name, value in page.attributes if name == "alt") == 8


def test_a_space_that_changes_nothing_is_said_to(write, pets):
    pixels = np.zeros((1, 1, 20, 16, 1), np.uint8)
    preview = Preview(space="mine", strengths={}, originals=pixels[0], changed=pixels)
    assert "it trains on them as they are" in write(pets, preview).text


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (32, 3)])
def test_small_pictures_are_kept_pixel_for_pixel(side, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, channels), dtype=np.uint8)
    encoded = embed_picture(pixels).removeprefix("data:image/png;base64,")
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)
