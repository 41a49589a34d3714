"""The built-in digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from imgcls_plugins.digits import Digits
from sklearn.datasets import load_digits

from imgcls_automl.plugin import DatasetAdapter, DatasetError, HasFingerprint

if TYPE_CHECKING:
    from pathlib import Path


def test_reads_all_of_scikit_learns_digits_at_full_range() -> None:
    samples = list(Digits().read("digits"))
    original = load_digits()

    assert [sample.id for sample in samples[:2]] == ["digits:0", "digits:1"]
    assert [sample.label for sample in samples] == [str(digit) for digit in original.target]
    images = np.stack([np.asarray(sample.image) for sample in samples])
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.uint8
    assert images.max() == 255
    np.testing.assert_array_equal(np.rint(images * (16 / 255)), original.images)


def test_states_no_split() -> None:
    assert {sample.split for sample in Digits().read("digits")} == {None}


def test_matches_the_word_digits_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    match = Digits().match("digits")
    assert match is not None
    assert match.score == 1.0
    assert "1,797" in match.reason
    assert Digits().match("digits.csv") is None


def test_a_folder_of_that_name_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert Digits().match("digits") is None


def test_another_source_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"reads only the source 'digits', but got 'letters'"):
        next(Digits().read("letters"))


def test_is_an_adapter_with_a_fingerprint() -> None:
    assert isinstance(Digits(), DatasetAdapter)
    assert isinstance(Digits(), HasFingerprint)
    assert Digits().fingerprint("digits") == Digits().fingerprint("digits")
