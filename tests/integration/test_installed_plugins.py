"""Plugin packages in a fresh environment: one that is searched with, and those that the tutorial writes."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from fresh_environment import OFFLINE, ROOT, FreshEnvironment, build_wheel
from PIL import Image
from sklearn.datasets import load_digits

PAGE = ROOT / "docs/writing-a-plugin.md"

# A search, and two packages built, installed and tested: minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, environment):
    """An environment with the wheel and the example plugin, both built and installed offline."""
    folder = tmp_path_factory.mktemp("fresh")
    # Built from a copy: tools leave files beside what they build.
    example = shutil.copytree(ROOT / "tests/example_plugin", folder / "example_plugin")
    made = FreshEnvironment(folder / "environment", environment)
    made.install(build_wheel(folder), Path(example))
    return made


@pytest.fixture
def sheet(tmp_path):
    """Digits 0 and 1 as a contact sheet, a row each."""
    digits = load_digits()
    rows = [np.hstack(digits.images[digits.target == digit][:60]) for digit in (0, 1)]
    file = tmp_path / "sheet.png"
    Image.fromarray((np.vstack(rows) * 15).astype(np.uint8)).save(file)
    file.with_suffix(".classes").write_text("zero\none\n")
    return file


def test_the_installed_wheel_is_what_runs(fresh):
    done = fresh.run("python", "-c", "import imgcls_automl; print(imgcls_automl.__file__)")
    assert done.stdout.startswith(str(fresh.packages))


def test_a_search_on_its_adapter_with_its_space_names_it_in_the_leaderboard(fresh, sheet, tmp_path):
    fresh.run(
        *("imgcls-automl", "search", "--space", "one_convolution", "--data", str(sheet)),
        *("--trials", "1", "--epochs", "1", "--preset", "fast", "--out", "run"),
        cwd=tmp_path,
    )
    with (tmp_path / "run/leaderboard.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["state"], row["space"]) == ("complete", "one_convolution")
    assert row["plugin"] == "imgcls-example 0.3.0"
    used = json.loads((tmp_path / "run/run.json").read_text())["plugins"]["adapter"]
    assert (used["name"], used["origin"]) == ("contact_sheet", "imgcls-example 0.3.0")


def test_the_tutorial_goes_from_nothing_to_two_tested_plugins(fresh, tmp_path):
    commands = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    offline = f'pip() {{ python -m pip "$@" {" ".join(OFFLINE)}; }}'
    script = "\n".join(["set -eux", offline, *commands])
    done = fresh.run("bash", "-c", script, cwd=tmp_path)
    assert done.stdout.count("15 passed") == 1  # the adapter: its contract, and a test of its own
    assert "label_file" in done.stdout
    assert "15 kept" in done.stdout
    for package in ("imgcls-label-file", "imgcls-tiny-net"):
        assert (tmp_path / package / ".github/workflows/test.yml").is_file()
        example = next((tmp_path / package / "src").rglob("[as][dp]a*.py"))
        assert len(example.read_text().splitlines()) < 30
