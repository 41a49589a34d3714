"""IMGCLS_AUTOML_PLUGINS: which plugins may be used."""

from __future__ import annotations

import pytest

from imgcls_automl.errors import BlockedPluginError, ConfigError, UnknownPluginError
from imgcls_automl.plugin_filter import VARIABLE, read_filter
from imgcls_automl.registry import DATASETS, discover, find, survey


@pytest.mark.parametrize(
    ("text", "through"),
    [
        ("", {"folder", "idx", "slides"}),
        ("folder, idx", {"folder", "idx"}),
        ("-idx", {"folder", "slides"}),
        ("imgcls-automl", {"folder", "idx"}),
        ("imgcls_automl,-idx", {"folder"}),
        ("idx,-idx", set()),
        ("-acme.slides", {"folder", "idx"}),
        ("nobody", set()),
    ],
)
def test_names_and_packages_are_allowed_or_blocked(monkeypatch, text, through):
    monkeypatch.setenv(VARIABLE, text)
    owners = {"folder": "imgcls-automl", "idx": "imgcls-automl", "slides": "Acme-Slides"}
    let_through = read_filter().lets_through
    assert {name for name, owner in owners.items() if let_through(name, owner)} == through


def test_a_lone_minus_is_refused(monkeypatch):
    monkeypatch.setenv(VARIABLE, "folder,-")
    with pytest.raises(ConfigError, match="IMGCLS_AUTOML_PLUGINS must be names with commas"):
        discover(DATASETS)


def test_a_blocked_plugin_is_asked_nothing_and_told_apart_from_an_unknown_one(monkeypatch):
    monkeypatch.setenv(VARIABLE, "-idx")
    assert "idx" not in [info.name for info in discover(DATASETS)]
    assert ("idx", "blocked") in [(info.name, status) for info, status in survey(DATASETS)]
    with pytest.raises(BlockedPluginError, match=r"'idx' .* is blocked: IMGCLS_AUTOML_PLUGINS is"):
        find(DATASETS, "idx")
    with pytest.raises(UnknownPluginError):
        find(DATASETS, "idy")
