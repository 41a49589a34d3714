"""Arrays that a user's function returns, and what is wrong with them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from imgcls_plugins.keras_dataset import KerasDataset

from imgcls_automl.plugin import DatasetAdapter, DatasetError, PluginError, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEAD = """
import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
x, y = (digits.images * 15).astype("uint8")[:10], digits.target[:10]


def load_data():
"""

Write = Callable[[str], str] if TYPE_CHECKING else object


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a module with a function of this body, beside the user's data; gives the reference."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(body: str) -> str:
        (tmp_path / "my_pictures.py").write_text(f"{HEAD}    {body}\n")
        sys.modules.pop("my_pictures", None)
        return "my_pictures:load_data"

    yield write
    sys.modules.pop("my_pictures", None)


def read(source: str, **options: str) -> list[Sample]:
    return list(KerasDataset(**options).read(source))


def test_pictures_and_labels_without_splits(write: Write) -> None:
    samples = read(write("return x, y"))
    assert [sample.id for sample in samples][::9] == ["x[0]", "x[9]"]
    assert [sample.label for sample in samples] == [str(number) for number in range(10)]
    assert {sample.split for sample in samples} == {None}
    first = np.asarray(samples[0].image)
    assert (first.shape, first.dtype, first.max()) == ((8, 8), np.uint8, 225)


def test_two_pairs_are_train_and_test_as_of_keras_datasets(write: Write) -> None:
    # Labels of keras.datasets.cifar10 are a column.
    samples = read(write("return (x[:6], y[:6, None]), (x[6:], y[6:, None])"))
    assert [sample.split for sample in samples] == ["train"] * 6 + ["test"] * 4
    assert [sample.id for sample in samples][5:7] == ["x_train[5]", "x_test[0]"]
    assert [sample.label for sample in samples] == [str(number) for number in range(10)]


def test_of_three_pairs_the_second_is_for_validation(write: Write) -> None:
    samples = read(write("return (x[:4], y[:4]), (x[4:7], y[4:7]), (x[7:], y[7:])"))
    assert [it.split for it in samples] == ["train"] * 4 + ["validation"] * 3 + ["test"] * 3


@pytest.mark.parametrize(
    "body",
    [
        "return x[:3], [0, 1, 1], ['cat', 'dog']",
        "return (x[:2], y[:2]), (x[2:3], [1]), ['cat', 'dog']",
        "return x[:3], ['cat', 'dog', 'dog']",
        "return list(x[:3]), np.array(['cat', 'dog', 'dog'])",
    ],
)
def test_classes_may_have_names(write: Write, body: str) -> None:
    assert [sample.label for sample in read(write(body))] == ["cat", "dog", "dog"]


def test_the_users_names_win(write: Write) -> None:
    source = write("return x[:2], [0, 1], ['cat', 'dog']")
    assert [it.label for it in read(source, names="mouse,horse")] == ["mouse", "horse"]


def test_floats_are_brought_to_bytes(write: Write) -> None:
    samples = read(write("return x / 255.0, y"))
    assert np.asarray(samples[0].image).max() == 225
    white = read(write("return digits.images[:10], y"), white="16")
    assert np.asarray(white[0].image).max() == 239


def test_each_split_has_the_range_of_its_numbers(write: Write) -> None:
    samples = read(write("return (x[:5] / 255.0, y[:5]), (x[5:], y[5:])"))
    assert max(np.asarray(it.image).max() for it in samples[:5]) == 240
    assert max(np.asarray(it.image).max() for it in samples[5:]) == 240


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("return x", "gave a ndarray, which holds no such pairs"),
            ("return x, y, y", "gave a tuple of 3"),
            ("return x, y[:5]", r"y is int64 of the shape \(5,\), but there are 10"),
            ("return x, np.eye(10)", r"y\.argmax\(1\)"),
            ("return x.reshape(10, -1), y", r"x is uint8 of the shape \(10, 64\)"),
            ("return (x[:0], y[:0]), (x, y)", r"x_train is uint8 of the shape \(0, 8, 8\)"),
            ("return x[:1], [3], ['cat']", r"y\[0\] is 3, but its list of class names has 1"),
            ("return x - 300.0, y", r"x\[0, 0, 0\] is -300.0, which is no pixel"),
            ("raise OSError('no network')", "my_pictures:load_data failed: OSError: no network"),
        ],
    )
    def test_what_a_function_gives(self, write: Write, body: str, message: str) -> None:
        with pytest.raises(DatasetError, match=message):
            read(write(body))

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("no_such_module:load", "cannot be imported: ModuleNotFoundError"),
            ("my_pictures:lod_data", "has no attribute 'lod_data'"),
            ("my_pictures:digits", "is a Bunch, not a function"),
            ("data.csv", "does not name a function"),
        ],
    )
    def test_what_the_user_names(self, write: Write, source: str, message: str) -> None:
        write("return x, y")
        with pytest.raises(DatasetError, match=message):
            read(source)

    def test_options(self) -> None:
        with pytest.raises(PluginError, match="white must be a number above zero"):
            KerasDataset(white="bright")


class TestMatch:
    def test_a_function_of_a_module_that_is_there(self, write: Write) -> None:
        match = KerasDataset().match(write("raise SystemExit"))
        assert match is not None
        assert "function" in match.reason
        assert "my_pictures" not in sys.modules

    @pytest.mark.parametrize(
        "source", ["digits", "no_such_module:load", "a.csv", "c:/data", "x:y:z", "s3://bucket"]
    )
    def test_other_sources_are_not_its_own(self, source: str) -> None:
        assert KerasDataset().match(source) is None


def test_it_keeps_the_contract() -> None:
    assert isinstance(KerasDataset(), DatasetAdapter)
