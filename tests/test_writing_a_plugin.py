"""The examples of docs/writing-a-plugin.md, taken from the page and used as an author would."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import FixedTrial
from PIL import Image

from imgcls_automl.errors import DatasetError
from imgcls_automl.plugin import Candidate, HasBaselines, ImageTask, Problem
from imgcls_automl.registry import DATASETS, SEARCH_SPACES, find, load

PAGE = Path(__file__).parents[1] / "docs/writing-a-plugin.md"


@pytest.fixture
def examples(tmp_path):
    """The page's Python files, in a folder under the names that they give themselves."""
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        name = re.match(r'"""(\w+\.py):', code)[1]
        (tmp_path / name).write_text(code, encoding="utf-8")
    return tmp_path


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    Image.new("L", (8, 8), 200).save(folder / "1.png")
    (folder / "labels.tsv").write_text("1.png\tbright\n2.png\tdark\n")
    return folder


def test_the_adapter_reads_pictures_and_tells_what_is_missing(examples, scans):
    adapter = load(find(DATASETS, f"{examples}/adapter.py:LabelFile"), {})
    assert adapter.match(str(scans)).score == 0.9
    assert adapter.match(str(examples)) is None
    sample, problem = adapter.read(str(scans))
    assert (sample.id, sample.image, sample.label) == ("1.png", scans / "1.png", "bright")
    assert problem == Problem(
        id="2.png", detail=f"there is no such file ({scans}/labels.tsv, line 2)"
    )


def test_the_adapter_takes_its_option_and_names_a_bad_line(examples, scans):
    (scans / "other.tsv").write_text("1.png bright\n")
    options = {"table": "other.tsv"}
    adapter = load(find(DATASETS, f"{examples}/adapter.py:LabelFile"), options)
    with pytest.raises(DatasetError, match=r"other\.tsv, line 1: .* but got '1\.png bright'"):
        list(adapter.read(str(scans)))


def test_its_tests_pass(examples):
    # Without what needs Keras: the package that the tutorial writes is tested whole.
    chosen = "LabelFile or methods or json or seed or baselines"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", chosen, f"--basetemp={examples}/tmp", "."],
        cwd=examples,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "18 passed" in done.stdout


@pytest.mark.slow
def test_the_space_draws_its_baseline_and_builds_it(examples):
    space = load(find(SEARCH_SPACES, f"{examples}/space.py:OneLayer"), {})
    task = ImageTask(image_shape=(8, 8, 1), class_names=("a", "b", "c"), class_counts=(5, 5, 5))
    assert isinstance(space, HasBaselines)
    (params,) = space.baselines(task)
    candidate = space.suggest(FixedTrial(params), task)
    assert isinstance(candidate, Candidate)
    logits = space.build(candidate.model, task)(np.zeros((2, 8, 8, 1), "float32"))
    assert logits.shape == (2, 3)
