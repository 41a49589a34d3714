"""A data set that is not the one a run began with: refused with the difference, before the run's folder is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imgcls_automl.data.earlier import refuse_changed_data
from imgcls_automl.errors import ConfigError


@pytest.fixture
def earlier(digits):
    """What run.json holds of scikit-learn's digits."""
    return {
        "fingerprint": digits.fingerprint,
        "corrections": digits.corrections,
        "class_names": list(digits.task.class_names),
        "image_shape": list(digits.task.image_shape),
        "split_sizes": list(digits.split_sizes),
        "plugin": digits.plugin,
    }


def refuse(earlier, dataset):
    with pytest.raises(ConfigError) as caught:
        refuse_changed_data(earlier, dataset)
    assert "resume RUN --fork" in str(caught.value)
    return str(caught.value)


def test_the_same_set_passes(earlier, digits):
    refuse_changed_data(earlier, digits)


def test_of_classes_that_came_and_went_the_names_are_told(earlier, digits):
    names = [*earlier["class_names"][:-1], "ten"]
    told = refuse({**earlier, "class_names": names, "fingerprint": "f" * 64}, digits)
    assert "it lacks the classes 'ten'; it has gained the classes '9'" in told


def test_of_pictures_that_came_or_went_the_number_is_told(earlier, digits):
    total = sum(digits.split_sizes)
    sizes = [earlier["split_sizes"][0] + 3, *earlier["split_sizes"][1:]]
    told = refuse({**earlier, "split_sizes": sizes, "fingerprint": "f" * 64}, digits)
    assert f"it had {total + 3:,} pictures, and has {total:,}" in told


def test_else_that_the_content_is_another(earlier, digits):
    told = refuse({**earlier, "fingerprint": "f" * 64}, digits)
    assert "pictures as before, but other pixels, labels or ids" in told
    assert f"(fingerprint {'f' * 12}, now {digits.fingerprint[:12]})" in told


def test_another_version_of_the_adapter_is_told(earlier, digits):
    told = refuse(earlier, replace(digits, plugin="pack 2.0"))
    assert f"The dataset adapter has changed since this run began: it was {digits.plugin}" in told


def test_nothing_of_the_run_s_data_folder_is_rewritten(cache, tmp_path, digits, earlier):
    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.prepare import prepare_dataset

    request = DatasetRequest(
        data=("digits",),
        test_data=None,
        adapter=None,
        options={},
        image_size=None,
        resize="stretch",
        seed=0,
        max_bad=None,
        cache=cache,
        earlier={**earlier, "fingerprint": "f" * 64},
    )
    (tmp_path / "splits.csv").write_text("as it was")
    with pytest.raises(ConfigError, match="The data has changed"):
        prepare_dataset(request, folder=tmp_path, log=None)
    assert [(it.name, it.read_text()) for it in tmp_path.iterdir()] == [("splits.csv", "as it was")]
