"""A run's data/summary.json and data/issues.csv name the labels that look wrong to its model."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from imgcls_automl.data.correction_lists import read_exclusions, read_relabels
from imgcls_automl.errors import DatasetError, RunFolderError
from imgcls_automl.files import write_csv
from imgcls_automl.results.data_record import read_data_record
from imgcls_automl.results.suspect_records import record_suspects

if TYPE_CHECKING:
    from pathlib import Path

AUDITED = [["cat/1.png", "copy", "of cat/2.png"], ["'=dog.png", "dark", "mean, 3"]]
FOUND = [
    [
        "cat/3.png",
        "suspicious_label",
        "labelled 'cat' in test, looks like 'dog' (probability 0.9123)",
    ]
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with what its data stage left, and no model yet."""
    (tmp_path / "data").mkdir()
    (tmp_path / "best").mkdir()
    write_csv(tmp_path / "data/issues.csv", ("id", "problem", "detail"), AUDITED)
    summary = {
        "schema_version": 1,
        **{"pictures": 9, "unreadable": 0, "left_out": 0, "issues": {}, "classes": []},
        "checks": {
            "issues": {"copy": 1, "dark": 1},
            "balance": {"effective_classes": 2.0},
            "remarks": [],
        },
    }
    (tmp_path / "data/summary.json").write_text(json.dumps(summary))
    return tmp_path


def suspect(run: Path, *ids: str) -> None:
    rows = [(id_, "test", "cat", "dog", 0.912345) for id_ in ids]
    write_csv(
        run / "best/suspicious_labels.csv",
        ("id", "split", "label", "suggested", "probability"),
        rows,
    )


def read_issues(run: Path) -> list[list[str]]:
    with (run / "data/issues.csv").open(newline="") as file:
        return list(csv.reader(file))[1:]


def count(run: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((run / "data/summary.json").read_text())["checks"]["issues"]
    return found


def test_before_there_is_a_model_nothing_is_said_of_them(run: Path) -> None:
    before = [path.read_bytes() for path in sorted((run / "data").iterdir())]
    record_suspects(run)
    assert [path.read_bytes() for path in sorted((run / "data").iterdir())] == before


def test_each_is_named_with_both_classes_and_how_sure_the_model_is(run: Path) -> None:
    suspect(run, "cat/3.png")
    record_suspects(run)
    assert read_issues(run) == AUDITED + FOUND
    assert count(run) == {"copy": 1, "dark": 1, "suspicious_label": 1}


def test_done_twice_it_changes_nothing(run: Path) -> None:
    suspect(run, "cat/3.png")
    record_suspects(run)
    before = [path.read_bytes() for path in sorted((run / "data").iterdir())]
    record_suspects(run)
    assert [path.read_bytes() for path in sorted((run / "data").iterdir())] == before


def test_those_of_another_model_are_replaced(run: Path) -> None:
    suspect(run, "cat/7.png", "cat/8.png")
    record_suspects(run)
    suspect(run, "cat/3.png")
    record_suspects(run)
    assert read_issues(run) == AUDITED + FOUND
    assert count(run)["suspicious_label"] == 1
    suspect(run)
    record_suspects(run)
    assert read_issues(run) == AUDITED
    assert count(run)["suspicious_label"] == 0


def test_what_reads_the_data_record_counts_them(run: Path) -> None:
    suspect(run, "cat/3.png", "cat/4.png")
    record_suspects(run)
    record = read_data_record(run)
    assert record is not None
    assert record.problems == (("copy", 1), ("dark", 1), ("suspicious label", 2))


def test_issues_csv_is_still_a_list_to_exclude_and_none_to_relabel_by(run: Path) -> None:
    suspect(run, "cat/3.png")
    record_suspects(run)
    excluded = read_exclusions(str(run / "data/issues.csv")).entries
    assert [entry.id for entry in excluded] == ["cat/1.png", "'=dog.png", "cat/3.png"]
    with pytest.raises(DatasetError, match="needs a first line with the columns id and one of"):
        read_relabels(str(run / "data/issues.csv"))


@pytest.mark.parametrize("name", ["issues.csv", "summary.json"])
@pytest.mark.parametrize("content", [None, "", "7"])
def test_a_damaged_file_is_named(run: Path, name: str, content: str | None) -> None:
    suspect(run, "cat/3.png")
    (run / "data" / name).unlink()
    if content is not None:
        (run / "data" / name).write_text(content)
    with pytest.raises(RunFolderError, match=rf"{name} is damaged"):
        record_suspects(run)
