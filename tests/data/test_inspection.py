"""An inspection tells what there is and what is wrong with it; what stops a search does not stop it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from imgcls_automl.data.inspection import opened_inspection
from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.data.sights import MOST_SAMPLES, PAIRS
from imgcls_automl.errors import DatasetError


@pytest.fixture
def inspect(make_request):
    """Inspect a source, read by an adapter of `drawn_adapters.py`."""

    def inspect(source, name="Pictures", **changes):
        with opened_inspection(make_request(source, name, **changes)) as inspection:
            return inspection

    return inspect


def spoil(folder, count):
    for number in range(count):
        (folder / f"spoilt{number:02}.png").write_bytes(b"<html>404</html>")


class TestWhatThereIs:
    def test_the_summary_is_that_of_a_search(self, inspect, make_request, draw_folder, tmp_path):
        source = draw_folder(cat=12, dog=20)
        prepare_dataset(make_request(source), folder=tmp_path / "run/data", log=None)
        summary = json.loads((tmp_path / "run/data/summary.json").read_text())
        told = json.loads(json.dumps(inspect(source).to_json()))
        lasting = set(summary) - {"seconds", "cached"}
        assert {name: told[name] for name in lasting} == {name: summary[name] for name in lasting}
        assert told["cached"] is True
        assert told["refusal"] is None
        assert told["findings"] == told["unreadable_pictures"] == []

    def test_json_holds_it_all(self, inspect, draw_folder):
        source = draw_folder(cat=12, dog=12)
        spoil(source / "cat", 2)
        assert json.loads(json.dumps(inspect(source).to_json()))["unreadable"] == 2


class TestWhatIsWrong:
    def test_every_unreadable_picture_is_told_and_none_stops_it(self, inspect, draw_folder):
        source = draw_folder(cat=12, dog=12)
        spoil(source / "cat", 30)
        inspection = inspect(source)
        assert [it.id for it in inspection.unreadable] == [
            f"cat/spoilt{n:02}.png" for n in range(30)
        ]
        assert "30 of 54 pictures cannot be read, and at most 10" in inspection.refusal
        assert inspection.summary["pictures"] == 24

    def test_max_bad_decides_what_a_search_would_do(self, inspect, draw_folder):
        source = draw_folder(cat=12, dog=12)
        spoil(source / "cat", 30)
        assert inspect(source, max_bad=30).refusal is None

    def test_not_one_readable_picture(self, inspect, draw_folder):
        source = draw_folder(cat=0)
        spoil(source / "cat", 15)
        inspection = inspect(source)
        assert len(inspection.unreadable) == inspection.summary["unreadable"] == 15
        assert (inspection.summary["pictures"], inspection.dataset) == (0, None)
        assert "None of the 15 pictures can be read" in inspection.refusal

    def test_a_class_of_which_nothing_can_be_read(self, inspect, draw_folder):
        source = draw_folder(cat=12, dog=12, cow=0)
        spoil(source / "cow", 1)
        inspection = inspect(source)
        cow = {"name": "cow", "train": 0, "validation": 0, "test": 0}
        assert cow in inspection.summary["classes"]
        assert "'cow' can be read" in inspection.refusal
        assert "data inspect" not in inspection.refusal

    def test_a_single_picture(self, inspect, draw_folder):
        inspection = inspect(draw_folder(cat=1))
        assert inspection.summary["pictures"] == 1
        assert "of one class" in inspection.refusal

    def test_groups_that_cannot_be_split(self, inspect, draw_folder):
        inspection = inspect(draw_folder(cat=4, dog=4), "Patients")
        assert "too few groups" in inspection.refusal
        assert inspection.summary["splits"]["train"]["pictures"] == 8

    def test_a_source_that_is_not_there_is_an_error(self, inspect):
        with pytest.raises(DatasetError, match="no_such"):
            inspect("no_such", name=None)


class TestSights:
    def test_each_class_has_a_few_samples_spread_over_it(self, inspect, draw_folder):
        sights = inspect(draw_folder(cat=5, dog=40)).sights
        assert [(it.name, it.total, len(it.places)) for it in sights.classes] == [
            ("cat", 5, 5),
            ("dog", 40, MOST_SAMPLES),
        ]
        dogs = [sights.captions[place].id for place in sights.classes[1].places]
        assert (dogs[0], dogs[-1]) == ("dog/000.png", "dog/039.png")

    def test_look_alikes_are_paired_the_gravest_first(self, inspect, draw_folder):
        source = draw_folder(cat=12, dog=12)
        (source / "cat/copy.png").write_bytes((source / "cat/003.png").read_bytes())
        (source / "dog/copy.png").write_bytes((source / "cat/005.png").read_bytes())
        sights = inspect(source).sights
        kinds = [pair.kind for pair in sights.pairs]
        assert kinds == sorted(kinds, key=PAIRS.index) == ["copy, other class", "copy"]
        names = {
            sights.captions[place].id for place in (sights.pairs[0].left, sights.pairs[0].right)
        }
        assert names == {"cat/005.png", "dog/copy.png"}

    def test_near_look_alikes_are_paired_the_closest_first(self, inspect, draw_folder):
        source = draw_folder(cat=12, dog=12)
        for name, change in (("far", 6), ("near", 1)):
            pixels = np.asarray(Image.open(source / "cat/003.png")).copy()
            pixels[0, :2] ^= change
            Image.fromarray(pixels).save(source / f"dog/{name}.png")
        sights = inspect(source).sights
        assert {pair.kind for pair in sights.pairs[:2]} == {"near copy, other class"}
        named = [{sights.captions[at].id for at in (it.left, it.right)} for it in sights.pairs[:2]]
        assert named == [{"cat/003.png", "dog/near.png"}, {"cat/003.png", "dog/far.png"}]
        assert 0 < sights.pairs[0].difference < sights.pairs[1].difference
        assert sights.pairs_in_all == len(sights.pairs) == 3

    def test_histograms_count_every_picture(self, inspect, draw_folder):
        source = draw_folder(cat=12, dog=12)
        Image.fromarray(np.full((60, 50), 255, np.uint8)).save(source / "cat/large.png")
        sights = inspect(source).sights
        assert (sights.widths.low, sights.widths.high) == (20, 50)
        for histogram in (sights.widths, sights.heights, sights.brightness):
            assert sum(histogram.counts) == 25
        assert (sights.widths.counts[-1], sights.brightness.counts[-1]) == (1, 1)

    def test_odd_pictures_are_gathered_by_what_is_odd(self, inspect, draw_folder):
        source = draw_folder(cat=12, dog=12)
        Image.new("L", (20, 16), 90).save(source / "cat/blank.png")
        (odd,) = inspect(source).sights.odd
        assert (odd.name, odd.total) == ("blank", 1)
