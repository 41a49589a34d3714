"""Data sets of the library datasets, saved in folders; nothing here connects to anything."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from imgcls_plugins.huggingface import HuggingFace
from PIL import Image

from imgcls_automl.plugin import DatasetAdapter, DatasetError, PluginError, Problem

if TYPE_CHECKING:
    from pathlib import Path


KINDS = ("cat", "dog")


@pytest.fixture(scope="module")
def datasets() -> Any:
    return pytest.importorskip("datasets")


def draw(count: int) -> list[Image.Image]:
    return [Image.fromarray(np.full((8, 8), 20 * number, np.uint8)) for number in range(count)]


def make_split(datasets: Any, labels: list[int]) -> Any:
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])}
    )
    return datasets.Dataset.from_dict({"image": draw(len(labels)), "label": labels}, features)


def read(source: Path, **options: str) -> list[Any]:
    return list(HuggingFace(**options).read(str(source)))


def shade(content: Any) -> int:
    return int(np.asarray(Image.open(io.BytesIO(content))).max())


def test_saved_splits_are_kept_and_classes_named(datasets: Any, tmp_path: Path) -> None:
    parts = {"train": make_split(datasets, [0, 1, 1]), "test": make_split(datasets, [1, -1])}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "pets")
    samples = read(tmp_path / "pets")
    assert [sample.id for sample in samples] == [
        *("train[0]", "train[1]", "train[2]"),
        *("test[0]", "test[1]"),
    ]
    assert [sample.split for sample in samples] == ["train"] * 3 + ["test"] * 2
    assert [sample.label for sample in samples] == ["cat", "dog", "dog", "dog", None]
    assert [shade(sample.image) for sample in samples] == [0, 20, 40, 0, 20]
    match = HuggingFace().match(str(tmp_path / "pets"))
    assert match is not None
    assert "save_to_disk" in match.reason


def test_one_saved_split_states_none_and_names_what_is_missing(
    datasets: Any, tmp_path: Path
) -> None:
    features = datasets.Features({"img": datasets.Image(), "kind": datasets.Value("string")})
    columns = {"img": [draw(1)[0], None], "kind": ["cat", "dog"]}
    datasets.Dataset.from_dict(columns, features).save_to_disk(tmp_path / "pets")
    sample, problem = read(tmp_path / "pets", label_column="kind")
    assert (sample.label, sample.split) == ("cat", None)
    assert problem == Problem(id="row[1]", detail="column 'img' holds no picture")
    with pytest.raises(DatasetError, match="no column 'label'; its columns are img and kind"):
        read(tmp_path / "pets", label_column="label")
    with pytest.raises(DatasetError, match="'kind' holds no pictures; these do: img"):
        read(tmp_path / "pets", image_column="kind")


def test_pictures_beside_their_metadata(
    datasets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "pets"
    folder.mkdir()
    for number, picture in enumerate(draw(2)):
        picture.save(folder / f"{number}.png")
    rows = [{"file_name": f"{number}.png", "label": kind} for number, kind in enumerate(KINDS)]
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    match = HuggingFace().match(str(folder))
    assert match is not None
    assert "metadata" in match.reason
    samples = read(folder)
    assert [(sample.label, sample.split) for sample in samples] == [
        ("cat", "train"),
        ("dog", "train"),
    ]


class TestDownloads:
    def test_nothing_is_downloaded_unless_asked(self, datasets: Any, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"nothing is downloaded.*\n.*download=yes"):
            read(tmp_path / "mnist")

    def test_names_of_the_hub_match_only_then(self) -> None:
        assert HuggingFace().match("ylecun/mnist") is None
        match = HuggingFace(download="yes").match("ylecun/mnist")
        assert match is not None
        assert "download" in match.reason

    def test_the_option_is_yes_or_no(self) -> None:
        with pytest.raises(PluginError, match="must be yes or no, but got 'true'"):
            HuggingFace(download="true")


def test_other_folders_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    assert HuggingFace().match(str(tmp_path)) is None
    assert HuggingFace().match(str(tmp_path / "nothing")) is None


def test_it_keeps_the_contract() -> None:
    assert isinstance(HuggingFace(), DatasetAdapter)
