"""Checking a plugin from outside: of which kind it is, what hangs, what dies, and what follows."""

from __future__ import annotations

import pytest

from imgcls_automl.errors import BrokenPluginError, ConfigError, UnknownPluginError
from imgcls_automl.plugin_checks import PluginCheck, check_plugin
from imgcls_automl.plugin_kinds import find_plugin
from imgcls_automl.plugin_loading import try_loading
from imgcls_automl.registry import DATASETS, SEARCH_SPACES, find

CODE = """
import os, time

class Adapter:
    def match(self, source): return None
    def read(self, source): return iter(())

class Hangs(Adapter):
    def match(self, source): time.sleep(600)

class Dies(Adapter):
    def match(self, source): os._exit(9)

class NeedsAnOption(Adapter):
    def __init__(self, *, table): pass

class Space:
    def suggest(self, trial, task): pass
    def build(self, model, task): pass

class Both(Space, Adapter): pass
"""


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The reference of a class of `CODE`."""
    file = tmp_path_factory.mktemp("plugins") / "odd.py"
    file.write_text(CODE)
    return lambda name: f"{file}:{name}"


class TestTheKind:
    @pytest.mark.parametrize(
        ("name", "group"), [("digits", DATASETS), ("cnn_small", SEARCH_SPACES)]
    )
    def test_an_installed_plugin_has_one(self, name, group):
        assert find_plugin(name, None).group == group

    @pytest.mark.parametrize(("name", "group"), [("Adapter", DATASETS), ("Space", SEARCH_SPACES)])
    def test_a_class_is_known_by_its_methods(self, reference, name, group):
        assert find_plugin(reference(name), None).group == group

    def test_a_class_that_may_be_either_needs_a_word(self, reference):
        with pytest.raises(ConfigError, match="--kind dataset, or --kind space"):
            find_plugin(reference("Both"), None)
        assert find_plugin(reference("Both"), "space").group == SEARCH_SPACES

    def test_what_is_not_there_is_named(self, reference):
        with pytest.raises(UnknownPluginError, match=r"'digit'. Did you mean 'digits'\?"):
            find_plugin("digit", None)
        with pytest.raises(BrokenPluginError, match=r"cannot be imported: .*no class 'Gone'"):
            find_plugin(reference("Gone"), None)


class TestAPromiseThatDoesNotReturn:
    @pytest.mark.parametrize(
        ("name", "says"),
        [("Hangs", "It does not end: stopped after 1 s"), ("Dies", "exited with code 9")],
    )
    def test_it_is_named_and_what_follows_is_not_asked(self, reference, name, says):
        info = find(DATASETS, reference(name))
        check = PluginCheck(info=info, options={}, source="anything")
        findings = {it.name: it for it in check_plugin(check, promise_seconds=1.0)}
        assert findings["loads"].state == "holds"
        states = [it.state for it in findings.values()]
        broken = states.index("broken")
        assert set(states[broken + 1 :]) == {"not checked"}
        (culprit,) = [it for it in findings.values() if it.state == "broken"]
        assert says in culprit.detail
        assert f"after {culprit.name!r} did not hold" in list(findings.values())[-1].detail


class TestLoading:
    def test_options_are_given(self, reference):
        info = find(DATASETS, reference("NeedsAnOption"))
        assert "missing 1 required keyword-only argument" in try_loading(info, {}).cause
        assert try_loading(info, {"table": "x"}).cause == ""
