"""The package of a new plugin: whole, named as asked, and nothing is overwritten."""

from __future__ import annotations

import ast
import tomllib

import pytest

from imgcls_automl.errors import ConfigError
from imgcls_automl.plugin_packages import NewPlugin, write_package
from imgcls_automl.registry import DATASETS, SEARCH_SPACES

KINDS = {"dataset": ("adapter", DATASETS), "space": ("space", SEARCH_SPACES)}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_whole_package_with_its_entry_point(tmp_path, kind):
    module, group = KINDS[kind]
    folder = write_package(NewPlugin(name="blood_smear", kind=kind), tmp_path / "new")
    assert folder == tmp_path / "new/imgcls-blood-smear"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        *("pyproject.toml", "README.md", "LICENSE", ".gitignore", ".github/workflows/test.yml"),
        *("src/imgcls_blood_smear/__init__.py", f"src/imgcls_blood_smear/{module}.py"),
        f"tests/test_{module}.py",
    }
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    entry = {"blood_smear": f"imgcls_blood_smear.{module}:BloodSmear"}
    assert project["entry-points"] == {group: entry}
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text())
    assert not [
        path for path in folder.rglob("*.*") if path.is_file() and "$name" in path.read_text()
    ]
    assert "${{ matrix.python }}" in (folder / ".github/workflows/test.yml").read_text()


@pytest.mark.parametrize(
    "name", ["", "Label", "1st", "a-b", "a__b", "_a", "../a", "class", "a.b", "ä", "a" * 41]
)
def test_a_name_that_cannot_be_one_is_refused(name):
    with pytest.raises(ConfigError, match="must be lower-case letters"):
        NewPlugin(name=name, kind="dataset")


@pytest.mark.parametrize(
    ("name", "owner"), [("folder", "imgcls-automl"), ("plugins", "package of")]
)
def test_a_name_that_is_taken_is_refused(name, owner):
    with pytest.raises(ConfigError, match=f"taken: .*{owner}"):
        NewPlugin(name=name, kind="dataset")


def test_a_folder_that_is_there_stays_as_it_is(tmp_path):
    plugin = NewPlugin(name="mine", kind="space")
    folder = write_package(plugin, tmp_path)
    (folder / "README.md").write_text("changed")
    with pytest.raises(ConfigError, match="imgcls-mine exists already"):
        write_package(plugin, tmp_path)
    assert (folder / "README.md").read_text() == "changed"
