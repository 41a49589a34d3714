"""The plugin API: what its values accept, and how a plugin's class is told from another."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import pytest

from imgcls_automl import plugin
from imgcls_automl.plugin import (
    Augmentation,
    Candidate,
    DatasetAdapter,
    Extent,
    HasBaselines,
    HasExtent,
    HasFingerprint,
    HasInitialise,
    ImageTask,
    Match,
    Problem,
    Sample,
    SearchSpace,
    Training,
)

VALUES = [
    Sample(id="cats/1.jpg", image=Path("cats/1.jpg"), label="cat"),
    Problem(id="cats/2.jpg", detail="truncated"),
    ImageTask(image_shape=(8, 8, 1), class_names=("a",), class_counts=(1,)),
    Augmentation(),
    Training(),
    Candidate(model={}),
]


def test_all_that_is_promised_is_there():
    for name in plugin.__all__:
        assert hasattr(plugin, name), name
    assert plugin.API_VERSION == 1


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
class TestEveryValue:
    def test_cannot_be_changed(self, value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, dataclasses.fields(value)[0].name, None)

    def test_takes_its_fields_by_name_only(self, value):
        # So that version 1 can grow.
        with pytest.raises(TypeError, match="positional"):
            type(value)("something")

    def test_crosses_to_another_process(self, value):
        twin = pickle.loads(pickle.dumps(value))
        assert repr(twin) == repr(value)


class TestSample:
    def test_a_picture_to_be_predicted_needs_no_label(self):
        sample = Sample(id="1", image=b"", label=None)
        assert (sample.label, sample.split, sample.group) == (None, None, None)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"id": ""}, r"Sample.id must be a text that is not empty, but got ''"),
            ({"id": 17}, r"Sample.id must be a text that is not empty, but got 17"),
            ({"label": 3}, r"Sample.label must be a text or None, but got 3 \(a.png\)"),
            ({"split": "val"}, r"Sample.split must be one of .*validation.*, but got 'val'"),
        ],
    )
    def test_a_wrong_field_is_named_with_what_was_received(self, wrong, message):
        with pytest.raises(ValueError, match=message):
            Sample(**{"id": "a.png", "image": b"", "label": "cat", **wrong})


class TestImageTask:
    def test_counts_the_classes_and_the_training_pictures(self):
        task = ImageTask(image_shape=(8, 8, 1), class_names=("a", "b"), class_counts=(3, 4))
        assert (task.num_classes, task.train_size) == (2, 7)

    def test_needs_one_count_a_class(self):
        with pytest.raises(ValueError, match="2 names and 1 counts"):
            ImageTask(image_shape=(8, 8, 1), class_names=("a", "b"), class_counts=(3,))


class TestTraining:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("batch_size", 0),
            ("optimizer", "lion"),
            ("learning_rate", -1e-3),
            ("learning_rate", float("nan")),
            ("weight_decay", 11.0),
            ("schedule", "linear"),
            ("label_smoothing", 1.0),
            ("frozen_epochs", -1),
        ],
    )
    def test_a_value_out_of_range_is_refused_by_name(self, field, value):
        with pytest.raises(ValueError, match=rf"Training\.{field} must be .*, but got"):
            Training(**{field: value})

    @pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
    @pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "constant"])
    def test_every_documented_choice_is_taken(self, optimizer, schedule):
        training = Training(optimizer=optimizer, schedule=schedule)
        assert (training.optimizer, training.schedule) == (optimizer, schedule)


class TestAugmentation:
    def test_everything_is_off_by_default(self):
        assert not any(dataclasses.astuple(Augmentation()))

    @pytest.mark.parametrize("field", ["rotation", "zoom", "translation", "erasing", "mixup"])
    def test_a_negative_strength_is_refused_by_name(self, field):
        with pytest.raises(ValueError, match=rf"Augmentation\.{field} must be between 0.0 and"):
            Augmentation(**{field: -0.1})


class TestCandidate:
    def test_a_model_holds_what_json_keeps_exactly(self):
        model = {"blocks": 3, "batch_norm": True, "dropout": 0.1, "activation": "relu"}
        assert Candidate(model=model).model == model

    @pytest.mark.parametrize("model", [{"filters": [32, 64]}, {"head": None}, {3: "three"}])
    def test_anything_else_is_refused_with_its_type(self, model):
        with pytest.raises(ValueError, match="must map texts to bool, int, float or str, but got"):
            Candidate(model=model)


class Adapter:
    def match(self, source):
        return Match(0.5, f"a {source}")

    def read(self, source):
        yield Sample(id="1", image=b"", label=source)

    def fingerprint(self, source):
        return source

    def extent(self, source):
        return Extent(pictures=1, size=4)


class Space:
    def suggest(self, trial, task):
        return Candidate(model={"units": trial.suggest_int("units", 1, 9)})

    def build(self, model, task):
        raise NotImplementedError

    def baselines(self, task):
        return [{"units": 3}]

    def initialise(self, model, images):
        raise NotImplementedError


class TestProtocols:
    def test_a_class_needs_no_base_of_ours(self):
        for protocol in (DatasetAdapter, HasFingerprint, HasExtent):
            assert isinstance(Adapter(), protocol)
        for protocol in (SearchSpace, HasBaselines, HasInitialise):
            assert isinstance(Space(), protocol)

    def test_what_lacks_a_method_is_told_apart(self):
        for protocol in (DatasetAdapter, HasFingerprint, HasExtent):
            assert not isinstance(Space(), protocol)
        for protocol in (SearchSpace, HasBaselines, HasInitialise):
            assert not isinstance(Adapter(), protocol)
