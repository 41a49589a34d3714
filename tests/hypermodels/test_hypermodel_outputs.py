"""The network of logits says what the HyperModel's own model says, however that ends."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.plugin import ImageTask

PAIR = ImageTask(image_shape=(8, 8, 1), class_names=("a", "b"), class_counts=(9, 9))
IMAGES = np.random.default_rng(0).random((5, 8, 8, 1), "float32")


def make(*layers, loss=None, images=(8, 8, 1)):
    import keras

    model = keras.Sequential([keras.Input(images), keras.layers.Flatten(), *layers])
    if loss is not None:
        model.compile("sgd", loss)
    return model


def ask(model, task):
    """Probabilities by the network of logits, and the outputs of the model itself."""
    from imgcls_automl.hypermodels.outputs import make_network
    from imgcls_automl.training.scoring import softmax

    network = make_network(model, task)
    assert network.compute_output_shape((None, 8, 8, 1)) == (None, task.num_classes)
    logits = np.asarray(network.predict_on_batch(IMAGES))
    return softmax(logits), np.asarray(model.predict_on_batch(IMAGES))


def dense(units, activation=None):
    import keras

    return keras.layers.Dense(units, activation, kernel_initializer="he_normal")


def test_probabilities_stay_what_they_are(digits_task):
    named, theirs = ask(make(dense(10, "softmax")), digits_task)
    np.testing.assert_allclose(named, theirs, atol=1e-6)


def test_a_softmax_of_its_own_is_seen(digits_task):
    import keras

    named, theirs = ask(make(dense(10), keras.layers.Softmax()), digits_task)
    np.testing.assert_allclose(named, theirs, atol=1e-6)


def test_logits_are_logits(digits_task):
    from imgcls_automl.training.scoring import softmax

    named, theirs = ask(make(dense(10)), digits_task)
    np.testing.assert_allclose(named, softmax(theirs), atol=1e-6)


def test_a_loss_on_probabilities_tells_of_them_where_no_activation_does(digits_task):
    import keras

    last = keras.layers.Rescaling(1.0)
    model = make(dense(10, "softmax"), last, loss="categorical_crossentropy")
    named, theirs = ask(model, digits_task)
    np.testing.assert_allclose(named, theirs, atol=1e-6)


def test_a_sigmoid_a_class_is_shared_out(digits_task):
    named, theirs = ask(make(dense(10, "sigmoid")), digits_task)
    np.testing.assert_allclose(named, theirs / theirs.sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_one_output_for_two_classes_becomes_two(activation):
    named, theirs = ask(make(dense(1, activation)), PAIR)
    second = theirs if activation else 1 / (1 + np.exp(-theirs))
    np.testing.assert_allclose(named[:, 1:], second, atol=1e-6)


def test_a_lambda_is_dissolved_so_that_the_saved_model_loads_safely(digits_task, tmp_path):
    import keras

    images = keras.Input((8, 8, 1))
    halves = keras.layers.Lambda(lambda x: sum(x[:, :, i] for i in range(8)), name="halves")
    x = keras.layers.Flatten()(halves(images))
    model = keras.Model(images, dense(10, "softmax")(x))
    from imgcls_automl.hypermodels.outputs import make_network

    network = make_network(model, digits_task)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    np.testing.assert_allclose(
        np.exp(loaded.predict_on_batch(IMAGES)), model.predict_on_batch(IMAGES), atol=1e-6
    )


def test_training_the_model_trains_the_network(digits_task):
    from imgcls_automl.hypermodels.outputs import make_network

    model = make(dense(10, "softmax"), loss="categorical_crossentropy")
    network = make_network(model, digits_task)
    before = network.get_weights()
    model.train_on_batch(IMAGES, np.eye(10, dtype="float32")[:5])
    assert not np.array_equal(network.get_weights()[0], before[0])
    np.testing.assert_array_equal(network.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize(
    ("units", "loss", "targets"),
    [
        (10, "categorical_crossentropy", "one_hot"),
        (10, "sparse_categorical_crossentropy", "index"),
        (10, "mse", "one_hot"),
        (10, None, "index"),
        (1, "binary_crossentropy", "binary"),
    ],
)
def test_labels_are_given_as_the_loss_takes_them(units, loss, targets, digits_task):
    from imgcls_automl.hypermodels.outputs import choose_targets

    assert choose_targets(make(dense(units), loss=loss), digits_task) == targets


def test_a_loss_may_be_an_object_or_a_function(digits_task):
    import keras

    from imgcls_automl.hypermodels.outputs import choose_targets, gives_probabilities

    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = make(dense(10), loss=logits)
    assert (choose_targets(model, digits_task), gives_probabilities(model)) == ("index", False)
    model = make(dense(10), loss=keras.losses.categorical_crossentropy)
    assert (choose_targets(model, digits_task), gives_probabilities(model)) == ("one_hot", True)


def test_other_pictures_than_those_of_the_data_are_refused(digits_task):
    from imgcls_automl.hypermodels.outputs import make_network

    with pytest.raises(ValueError, match=r"takes pictures of shape \(28, 28, 1\), but those"):
        make_network(make(dense(10), images=(28, 28, 1)), digits_task)
