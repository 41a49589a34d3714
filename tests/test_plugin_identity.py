"""Whether a plugin is the one that a run began with: its package's version, or its file's content."""

from __future__ import annotations

import pytest

from imgcls_automl.errors import ConfigError
from imgcls_automl.plugin_identity import identify_plugin, is_same_plugin, refuse_changed_plugin
from imgcls_automl.registry import SEARCH_SPACES, PluginInfo, find


@pytest.fixture
def write_space(tmp_path):
    def write(text, folder="here"):
        path = tmp_path / folder / "space.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return identify_plugin(find(SEARCH_SPACES, f"{path}:Space"))

    return write


def packaged(version):
    info = PluginInfo(
        name="wide", group=SEARCH_SPACES, value="p:W", distribution="pack", version=version
    )
    return identify_plugin(info)


def test_a_file_is_the_same_wherever_it_lies(write_space):
    assert is_same_plugin(write_space("x = 1"), write_space("x = 1", folder="there"))


def test_a_file_of_other_content_is_refused_with_both(write_space):
    before = write_space("x = 1")
    with pytest.raises(ConfigError, match="The search space has changed") as caught:
        refuse_changed_plugin("search space", before, write_space("x = 2"))
    assert str(caught.value).count("space.py:Space (sha256 ") == 2
    assert "--fork" in str(caught.value)


def test_a_run_of_an_older_version_says_nothing_of_files(write_space):
    before = write_space("x = 1")
    del before["sha256"]
    refuse_changed_plugin("search space", before, write_space("x = 2"))


def test_a_package_of_another_version_is_refused_with_both():
    with pytest.raises(ConfigError, match=r"it was pack 1\.0, and is pack 1\.1"):
        refuse_changed_plugin("search space", packaged("1.0"), packaged("1.1"))


def test_the_same_version_passes():
    refuse_changed_plugin("search space", packaged("1.0"), packaged("1.0"))
