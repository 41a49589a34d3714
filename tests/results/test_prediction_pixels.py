"""Prediction sees the very pixels that training saw, whatever the picture's format and the way of fitting."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from imgcls_automl.data.dataset import RESIZE_MODES, DatasetRequest
from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.data.spool import Spool
from imgcls_automl.results.decoded_batches import decode_batches
from imgcls_automl.results.predicting import SavedModel
from imgcls_automl.results.prediction_sources import Source, list_pictures
from imgcls_automl.results.testing import describe_preprocessing


@pytest.fixture
def album(tmp_path):
    """Two class folders with a picture of each kind, of several shapes."""
    draw = np.random.default_rng(0)
    sideways = Image.Exif()
    sideways[0x0112] = 6
    for label in ("cat", "dog"):
        folder = tmp_path / "album" / label
        folder.mkdir(parents=True)
        noise = Image.fromarray(draw.integers(0, 256, (40, 60, 4), dtype=np.uint8))
        wide = draw.integers(0, 65_536, (33, 21)).astype(np.uint16)
        noise.save(folder / "alpha.png")
        noise.convert("RGB").save(folder / "sideways.jpg", exif=sideways)
        noise.convert("RGB").resize((900, 300)).save(folder / "large.jpg")
        noise.convert("CMYK").save(folder / "print.jpg")
        noise.convert("RGB").quantize(32).save(folder / "palette.gif")
        noise.convert("L").convert("1").save(folder / "bits.tif")
        Image.fromarray(wide).save(folder / "wide.png")
    return tmp_path / "album"


@pytest.mark.parametrize("resize", RESIZE_MODES)
def test_training_and_prediction_decode_alike(album, tmp_path, resize):
    request = DatasetRequest(
        data=(str(album),),
        test_data=None,
        adapter="folder",
        options={},
        image_size=(24, 16),
        resize=resize,
        seed=0,
        max_bad=0,
        cache=tmp_path / "cache",
    )
    dataset = prepare_dataset(request, folder=tmp_path / "data", log=None)
    with (tmp_path / "data/splits.csv").open(newline="", encoding="utf-8") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    trained = dict(zip(ids, np.load(dataset.images), strict=True))

    wanted = describe_preprocessing(dataset, flips=False)
    model = SavedModel(
        path=tmp_path / "model.keras",
        class_names=dataset.task.class_names,
        image_shape=(wanted["height"], wanted["width"], wanted["channels"]),
        resize=wanted["resize"],
    )
    with Spool(tmp_path) as spool:
        source = Source(place=str(album), adapter=None)
        pictures, problems = list_pictures([source], {}, model.class_names, spool)
        assert not problems
        (batch,) = (it for it in decode_batches(pictures, spool, model, 100) if it.pictures)
    assert len(batch.pictures) == len(trained) == 14
    for picture, pixels in zip(batch.pictures, batch.pixels, strict=False):
        name = str(picture.id).removeprefix(f"{album}/")
        assert (pixels == trained[name]).all(), name
