"""Whether a plugin is the one that a run began with: its package's version, or its file's content."""

from __future__ import annotations

import json
import sys

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


class TestModules:
    """A space that no package registers, named as `package.module:Name`."""

    @pytest.fixture
    def identify(self, tmp_path, monkeypatch):
        package = tmp_path / "my_package"
        package.mkdir()
        (package / "__init__.py").write_text("raise RuntimeError('a search runs no plugin code')")
        monkeypatch.chdir(tmp_path)

        def identify(text):
            (package / "spaces.py").write_text(text)
            return identify_plugin(find(SEARCH_SPACES, "my_package.spaces:Space"))

        return identify

    def test_one_of_other_content_is_refused(self, identify):
        before = identify("x = 1")
        with pytest.raises(ConfigError, match=r"my_package\.spaces:Space \(sha256 "):
            refuse_changed_plugin("search space", before, identify("x = 2"))

    def test_one_of_the_same_content_passes_wherever_it_is_found(
        self, identify, tmp_path, monkeypatch
    ):
        before = identify("x = 1")
        monkeypatch.chdir("/")
        monkeypatch.syspath_prepend(tmp_path)
        now = identify("x = 1")
        assert now["sha256"] is not None
        refuse_changed_plugin("search space", before, now)

    def test_a_run_of_an_older_version_says_nothing_of_its_content(self, identify):
        before = {**identify("x = 1"), "sha256": None}
        refuse_changed_plugin("search space", before, identify("x = 2"))

    def test_an_installed_one_is_found_without_being_imported(self):
        record = identify_plugin(find(SEARCH_SPACES, "this.s:Zen"))
        assert record["sha256"] is None
        assert identify_plugin(find(SEARCH_SPACES, "json.tool:main"))["sha256"] is not None
        assert "this" not in sys.modules

    def test_one_that_is_nowhere_has_no_content(self):
        assert identify_plugin(find(SEARCH_SPACES, "no_such.module:Space"))["sha256"] is None


class TestEditablePackages:
    """Their version stays while their files change."""

    @pytest.fixture
    def install(self, tmp_path, monkeypatch):
        """A package as an installer notes it, its files in a folder of the user's."""
        monkeypatch.syspath_prepend(tmp_path)

        def install(text, editable=True):
            noted = tmp_path / "wide_package-1.0.dist-info"
            noted.mkdir(exist_ok=True)
            (noted / "METADATA").write_text("Name: wide-package\nVersion: 1.0\n")
            url = {"url": tmp_path.as_uri(), "dir_info": {"editable": editable}}
            (noted / "direct_url.json").write_text(json.dumps(url))
            (tmp_path / "wide_package.py").write_text(text)
            info = PluginInfo(
                name="wide",
                group=SEARCH_SPACES,
                value="wide_package:Wide",
                distribution="wide-package",
                version="1.0",
            )
            return identify_plugin(info)

        return install

    def test_other_content_is_refused_though_the_version_is_the_same(self, install):
        before = install("x = 1")
        with pytest.raises(ConfigError, match=r"it was wide-package 1\.0 \(sha256 .* and is wide"):
            refuse_changed_plugin("search space", before, install("x = 2"))

    def test_of_one_that_is_not_editable_the_version_says_enough(self, install):
        before = install("x = 1", editable=False)
        assert before["sha256"] is None
        refuse_changed_plugin("search space", before, install("x = 2", editable=False))

    def test_a_run_begun_before_it_became_editable_goes_on(self, install):
        before = install("x = 1", editable=False)
        refuse_changed_plugin("search space", before, install("x = 1"))
