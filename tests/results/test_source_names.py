"""Sources are called by their names alone, and by slugs where an identifier is wanted."""

from __future__ import annotations

import pytest

from imgcls_automl.results.records import read_run
from imgcls_automl.results.source_names import make_slug, name_data, name_test_data


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("/home/ann/photos/", "photos"),
        (["/a/one.csv", "two.csv"], "one.csv, two.csv"),
        ("keras.datasets.mnist:load_data", "keras.datasets.mnist:load_data"),
        (".", "."),
        (None, "pictures"),
    ],
)
def test_folders_are_left_out(run_folder, given, told):
    run = read_run(run_folder.write_run(config={"data": given, "test_data": None}).path)
    assert name_data(run) == told
    assert name_test_data(run) == ""


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("fashion-mnist_test.csv.gz", "fashion-mnist-test"),
        ("My Pets (2)", "my-pets-2"),
        (".hidden", "hidden"),
        ("写真", "pictures"),
        ("a" * 500, "a" * 80),
    ],
)
def test_slugs_are_lower_case_words(name, slug):
    assert make_slug(name) == slug
