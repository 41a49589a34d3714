"""Training one candidate on real digits: what it learns, that it repeats, when it stops, what it keeps."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from networks import Frozen, Linear, Normalised, Plain, Wide, candidate

from imgcls_automl.plugin import ImageTask

ALL_CHANGES = {
    **{"horizontal_flip": True, "rotation": 0.05, "zoom": 0.1, "translation": 0.1},
    **{"erasing": 0.5, "mixup": 0.2},
}


def losses(progress):
    return [(epoch.metrics["loss"], epoch.metrics["val_loss"]) for epoch in progress.epochs]


def predict(network, pictures, indices):
    return network.predict_on_batch(pictures.images[indices].astype("float32") / 255.0)


def test_it_learns_to_read_digits(train):
    _, progress = train(epochs=10)
    assert progress.best.score > 0.9
    assert progress.stopped is None
    assert [epoch.number for epoch in progress.epochs] == list(range(1, 11))


def test_every_epoch_is_measured(train):
    _, progress = train()
    for epoch in progress.epochs:
        names = {"loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1"}
        assert set(epoch.metrics) == names
        assert epoch.score == epoch.metrics["val_accuracy"]
        assert 0 < epoch.seconds < 60


def test_it_shows_in_every_epoch_that_steps_are_made(train):
    shown = []
    train(epochs=3, on_steps=lambda: shown.append(True))
    assert len(shown) >= 3


class TestRepeating:
    CHOSEN = candidate(dropout=0.3, label_smoothing=0.1, augmentation=ALL_CHANGES)

    def test_the_same_seed_gives_the_same_losses(self, train, pictures):
        from imgcls_automl.training.program import Programs

        runs = [train(chosen=self.CHOSEN, on=Programs(pictures)) for _ in range(2)]
        assert losses(runs[0][1]) == losses(runs[1][1])
        for one, two in zip(runs[0][0].get_weights(), runs[1][0].get_weights(), strict=True):
            assert np.array_equal(one, two)

    def test_another_seed_gives_others(self, train):
        assert losses(train()[1]) != losses(train(seed=2)[1])

    def test_a_compiled_step_used_before_leaves_no_trace(self, train, pictures):
        from imgcls_automl.training.program import Programs

        fresh = train(chosen=self.CHOSEN, on=Programs(pictures))
        used = Programs(pictures)
        strengths = {**ALL_CHANGES, "mixup": 0.4}
        train(
            chosen=candidate(
                dropout=0.6, learning_rate=0.1, label_smoothing=0.3, augmentation=strengths
            ),
            on=used,
            class_weight="balanced",
            seed=7,
        )
        assert losses(train(chosen=self.CHOSEN, on=used)[1]) == losses(fresh[1])

    def test_resident_and_streamed_pictures_train_alike(self, train, digits):
        from imgcls_automl.training.pictures import Pictures
        from imgcls_automl.training.program import Programs

        streamed = Pictures(digits, resident_bytes=0)
        assert not streamed.resident
        np.testing.assert_allclose(
            losses(train(on=Programs(streamed))[1]), losses(train()[1]), rtol=1e-4
        )


class TestEnding:
    def test_overfitting_stops_it_and_the_best_epoch_s_weights_are_kept(self, train, pictures):
        few = pictures.indices("train")[:48]
        validation = pictures.indices("validation")
        network, progress = train(
            chosen=candidate(learning_rate=0.02, schedule="constant", batch_size=16),
            epochs=60,
            train=few,
            metric="log_loss",
        )
        scores = [epoch.score for epoch in progress.epochs]
        assert progress.stopped == "no improvement"
        assert progress.best.score == min(scores)
        assert len(scores) == progress.best.number + 30
        network.set_weights(progress.best_weights)
        logits = predict(network, pictures, validation).astype("float64")
        likelihood = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        loss = -likelihood[np.arange(len(validation)), pictures.labels[validation]].mean()
        assert loss == pytest.approx(progress.best.score, rel=1e-4)

    def test_whoever_watches_may_stop_it(self, train):
        _, progress = train(epochs=9, watch=lambda epoch: "pruned" if epoch.number == 2 else None)
        assert (progress.stopped, len(progress.epochs)) == ("pruned", 2)

    def test_the_deadline_stops_it_in_the_middle(self, train):
        begun = time.time()
        _, progress = train(epochs=2000, deadline=begun + 2)
        assert progress.stopped == "timeout"
        assert time.time() < begun + 6
        assert len(progress.epochs) < 2000

    def test_a_loss_that_is_not_finite_ends_it(self, train):
        from imgcls_automl.training.progress import NotFiniteError

        wild = candidate(optimizer="sgd", learning_rate=100.0, schedule="constant")
        with pytest.raises(NotFiniteError, match="not finite in epoch 1"):
            train(Linear(), wild)

    def test_a_refit_has_no_validation_and_keeps_its_last_weights(self, train):
        _, progress = train(validation=np.zeros(0, "int32"))
        assert [epoch.score for epoch in progress.epochs] == [None, None]
        assert progress.best is None


def test_a_network_of_another_shape_is_refused(train):
    with pytest.raises(ValueError, match=r"logits of shape \(None, 10\).*\(None, 11\)"):
        train(Wide())


class TestFreezing:
    @pytest.mark.parametrize(
        ("frozen_epochs", "epochs", "moves"), [(0, 2, False), (2, 2, False), (1, 2, True)]
    )
    def test_layers_built_untrainable_thaw_after_the_frozen_epochs(
        self, train, frozen_epochs, epochs, moves
    ):
        from imgcls_automl.training.fitting import build_network

        chosen = candidate(frozen_epochs=frozen_epochs)
        network, progress = train(Frozen(), chosen, epochs=epochs)
        task = ImageTask(
            image_shape=(8, 8, 1), class_names=tuple("0123456789"), class_counts=(1,) * 10
        )
        built = build_network(Frozen(), chosen, task, seed=1, precision="float32")
        before, after = (one.get_layer("hidden").kernel.numpy() for one in (built, network))
        assert np.array_equal(before, after) is not moves
        assert [epoch.number for epoch in progress.epochs] == list(range(1, epochs + 1))


def test_statistics_of_the_pictures_count_in_training(train, pictures):
    network, progress = train(Normalised(), epochs=3)
    validation = pictures.indices("validation")
    named = predict(network, pictures, validation).argmax(axis=1)
    assert np.mean(named == pictures.labels[validation]) == pytest.approx(progress.epochs[-1].score)


class TestClassWeights:
    @pytest.fixture
    def eights(self, digits, tmp_path):
        """Is it an eight? One in ten is, and only some pixels tell."""
        from imgcls_automl.training.pictures import Pictures

        labels = (np.load(digits.labels) == 8).astype("int32")
        np.save(tmp_path / "labels.npy", labels)
        train = labels[np.load(digits.splits) == 0]
        task = ImageTask(
            image_shape=(8, 8, 1),
            class_names=("other", "eight"),
            class_counts=(int(np.sum(train == 0)), int(np.sum(train == 1))),
        )
        return Pictures(
            replace(digits, labels=tmp_path / "labels.npy", task=task), resident_bytes=1 << 30
        )

    @pytest.mark.parametrize("option", ["class_weight", "sampling"])
    def test_balance_finds_more_of_a_rare_class(self, train, eights, option):
        from imgcls_automl.training.program import Programs

        validation = eights.indices("validation")
        rare = validation[eights.labels[validation] == 1]
        found = {}
        for how in ("none", "balanced"):
            network, _ = train(
                chosen=candidate(learning_rate=0.002),
                on=Programs(eights),
                epochs=3,
                **{option: how},
            )
            found[how] = np.mean(predict(network, eights, rare).argmax(axis=1) == 1)
        assert found["balanced"] > found["none"] + 0.2


def test_smoothed_labels_leave_doubt(train, pictures):
    validation = pictures.indices("validation")
    margins = []
    for smoothing in (0.0, 0.5):
        network, _ = train(Plain(), candidate(label_smoothing=smoothing), epochs=8)
        logits = np.sort(predict(network, pictures, validation), axis=1)
        margins.append(np.mean(logits[:, -1] - logits[:, -2]))
    assert margins[1] < margins[0] / 2
