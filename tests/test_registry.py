"""Finding plugins without importing them, loading one of them, naming who is to blame."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from imgcls_automl.errors import (
    BrokenPluginError,
    ConfigError,
    DuplicatePluginError,
    PluginError,
    PluginVersionError,
    UnknownPluginError,
)
from imgcls_automl.plugin_kinds import find_plugin
from imgcls_automl.registry import DATASETS, EXECUTORS, SEARCH_SPACES, discover, find, load

ADAPTER = '''
from imgcls_automl.plugin import Match, PluginError, Sample

class Slides:
    """An adapter as a third party would write it."""

    def __init__(self, *, stain="any"):
        if stain == "blue":
            raise PluginError("stain must be any or red, but got blue.")
        if stain == "green":
            raise KeyError(stain)
        self.stain = stain

    def match(self, source):
        return Match(0.9, "slides") if source.endswith(".slides") else None

    def read(self, source):
        yield Sample(id="1", image=b"", label="cell")

class TooNew(Slides):
    api_version = 2

class NoReader:
    def match(self, source):
        return None

class Outer:
    class Inner(Slides):
        pass

not_a_class = 3
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install packages into a folder of our own: metadata and modules, as pip leaves them."""
    site = tmp_path / "site-packages"
    site.mkdir()

    def install(distribution, version, entries, *, group=DATASETS, modules=None):
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        lines = [f"{name} = {value}" for name, value in entries.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
        for name, code in (modules or {}).items():
            (site / f"{name}.py").write_text(code)
        monkeypatch.syspath_prepend(site)
        return site

    yield install
    for name in [name for name in sys.modules if name.startswith("slides_")]:
        del sys.modules[name]


def install_slides(package, name="slides", value="slides_plugin:Slides"):
    package("acme-slides", "1.2", {name: value}, modules={"slides_plugin": ADAPTER})


def load_slides(**options):
    return load(find(DATASETS, "slides"), options)


class TestDiscover:
    def test_an_installed_package_is_found_with_its_version(self, package):
        install_slides(package)
        info = next(info for info in discover(DATASETS) if info.name == "slides")
        assert (info.distribution, info.version) == ("acme-slides", "1.2")
        assert (info.kind, info.origin) == ("dataset adapter", "acme-slides 1.2")

    def test_each_group_has_its_own_plugins(self, package):
        install_slides(package)
        assert "slides" not in [info.name for info in discover(SEARCH_SPACES)]

    def test_an_executor_is_found_and_imported_but_not_made(self, package):
        entries, code = {"cluster": "slides_cluster:Cluster"}, "class Cluster:\n    pass\n"
        package("acme-cluster", "0.3", entries, group=EXECUTORS, modules={"slides_cluster": code})
        (info,) = discover(EXECUTORS)
        assert (info.kind, info.origin) == ("executor", "acme-cluster 0.3")
        assert load(info, {}).__name__ == "Cluster"
        with pytest.raises(ConfigError, match="'cluster' is an executor"):
            find_plugin("cluster", None)

    def test_ours_are_registered_like_anyones(self):
        adapters = [info.name for info in discover(DATASETS)]
        assert adapters == sorted(adapters)
        assert {"digits", "fashion_mnist_csv", "folder", "pixel_csv"} <= set(adapters)
        assert {"idx", "image_csv", "npz"} <= set(adapters)
        (space,) = [info for info in discover(SEARCH_SPACES) if info.name == "cnn_small"]
        assert space.distribution == "imgcls-automl"

    def test_no_plugin_is_imported_so_a_broken_one_costs_nobody_anything(self, package):
        entries = {"broken": "slides_broken:Gone"}
        site = package("acme-broken", "0.1", entries, modules={"slides_broken": "raise SystemExit"})
        code = """
            import sys
            from imgcls_automl.registry import DATASETS, SEARCH_SPACES, discover, find
            print(find(DATASETS, "broken").name, len(discover(SEARCH_SPACES)) > 0)
            print(*sys.modules)
        """
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"import sys; sys.path.append({str(site)!r})\n{textwrap.dedent(code)}",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        answer, modules = done.stdout.splitlines()
        assert answer == "broken True"
        plugins = {"slides_broken", "imgcls_plugins", "imgcls_search_spaces"}
        assert not plugins & set(modules.split())


class TestFind:
    def test_an_unknown_name_is_answered_with_the_nearest_and_all_there_are(self):
        with pytest.raises(UnknownPluginError) as caught:
            find(SEARCH_SPACES, "cnn_smal")
        message = str(caught.value)
        assert message.startswith("There is no search space called 'cnn_smal'.")
        assert "Did you mean 'cnn_small'?" in message
        assert (
            "Installed: cnn_augmented, cnn_deep, cnn_small, fast, resnet_small, transfer" in message
        )
        assert "imgcls-automl spaces list" in message
        assert message.count("\n") <= 2

    def test_a_name_like_no_other_gets_no_guess(self):
        with pytest.raises(UnknownPluginError) as caught:
            find(DATASETS, "zzz")
        assert "Did you mean" not in str(caught.value)
        assert "imgcls-automl datasets list" in str(caught.value)

    def test_a_name_registered_twice_names_both_packages(self, package):
        install_slides(package)
        package("other-slides", "3.0", {"slides": "slides_other:Slides"})
        with pytest.raises(DuplicatePluginError) as caught:
            find(DATASETS, "slides")
        assert "acme-slides 1.2 and other-slides 3.0" in str(caught.value)

    def test_a_duplicate_stops_nobody_who_names_another(self, package):
        install_slides(package)
        package("other-slides", "3.0", {"slides": "slides_other:Slides"})
        assert find(DATASETS, "folder").name == "folder"

    def test_a_duplicate_can_still_be_named_by_its_class(self, package):
        install_slides(package)
        package("other-slides", "3.0", {"slides": "slides_other:Slides"})
        assert load(find(DATASETS, "slides_plugin:Slides"), {}).stain == "any"


class TestLoad:
    def test_the_class_is_called_with_the_users_options(self, package):
        install_slides(package)
        assert load_slides().stain == "any"
        assert load_slides(stain="red").stain == "red"

    def test_a_nested_class_can_be_named(self, package):
        install_slides(package, value="slides_plugin:Outer.Inner")
        assert load_slides().match("a.slides").score == 0.9

    def test_a_plugin_speaks_to_the_user_with_its_own_error(self, package):
        install_slides(package)
        with pytest.raises(PluginError, match=r"^stain must be any or red, but got blue\.$"):
            load_slides(stain="blue")

    @pytest.mark.parametrize(
        ("options", "cause"),
        [
            ({"stian": "red"}, "with stian=red: TypeError: .*unexpected keyword argument 'stian'"),
            ({"stain": "green"}, "with stain=green: KeyError: 'green'"),
        ],
    )
    def test_options_that_it_refuses_are_told_with_its_package(self, package, options, cause):
        install_slides(package)
        with pytest.raises(BrokenPluginError, match=cause) as caught:
            load_slides(**options)
        assert "'slides' (acme-slides 1.2) could not be made" in str(caught.value)

    def test_a_plugin_for_another_api_is_told_apart(self, package):
        install_slides(package, value="slides_plugin:TooNew")
        with pytest.raises(PluginVersionError, match=r"speaks plugin API 2, but .* speaks 1"):
            load_slides()

    @pytest.mark.parametrize(
        ("code", "cause"),
        [
            ("import slides_missing_library", "ModuleNotFoundError: No module named 'slides_miss"),
            ("1 / 0", "ZeroDivisionError: division by zero"),
            ("def (", "SyntaxError: "),
            ("raise RuntimeError('a\\n\\nb')", "RuntimeError: a b$"),
        ],
    )
    def test_one_that_cannot_be_imported_is_told_with_its_cause(self, package, code, cause):
        package("acme", "0.1", {"slides": "slides_b:S"}, modules={"slides_b": code})
        with pytest.raises(BrokenPluginError, match=cause) as caught:
            load_slides()
        assert "'slides' (acme 0.1) cannot be imported" in str(caught.value)

    @pytest.mark.parametrize("name", ["Gone", "Slides.Gone", "not_a_class"])
    def test_a_class_that_is_not_there_is_named(self, package, name):
        install_slides(package, value=f"slides_plugin:{name}")
        with pytest.raises(BrokenPluginError, match=f"slides_plugin has no class '{name}'"):
            load_slides()

    def test_a_class_that_lacks_a_method_is_told_what_it_needs(self, package):
        install_slides(package, value="slides_plugin:NoReader")
        with pytest.raises(BrokenPluginError, match="needs the methods match and read"):
            load_slides()

    def test_an_adapter_is_no_space(self, package):
        install_slides(package)
        with pytest.raises(BrokenPluginError, match="needs the methods suggest and build"):
            load(find(SEARCH_SPACES, "slides_plugin:Slides"), {})


class TestReferences:
    """A class that no package registers, as its author tries it out."""

    def test_a_file_and_a_class(self, tmp_path):
        file = tmp_path / "my slides.py"
        file.write_text(ADAPTER)
        info = find(DATASETS, f"{file}:Slides")
        assert info.origin == f"{file}:Slides"
        assert load(info, {"stain": "red"}).stain == "red"

    def test_a_file_relative_to_the_current_folder(self, tmp_path, monkeypatch):
        (tmp_path / "mine.py").write_text(ADAPTER)
        monkeypatch.chdir(tmp_path)
        assert load(find(DATASETS, "mine.py:Slides"), {}).stain == "any"

    def test_a_file_that_imports_what_lies_beside_it(self, tmp_path, monkeypatch):
        (tmp_path / "slides_parts.py").write_text(ADAPTER)
        (tmp_path / "whole.py").write_text("from slides_parts import Slides")
        monkeypatch.setattr(sys, "path", [*sys.path])
        assert load(find(DATASETS, f"{tmp_path}/whole.py:Slides"), {}).stain == "any"

    def test_a_module_beside_the_current_folder(self, tmp_path, monkeypatch):
        (tmp_path / "slides_mine.py").write_text(ADAPTER)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", [*sys.path])
        assert load(find(DATASETS, "slides_mine:Slides"), {}).stain == "any"

    def test_an_installed_module(self):
        assert load(find(SEARCH_SPACES, "imgcls_search_spaces.cnn_small:CnnSmall"), {})

    def test_a_dataclass_in_a_file(self, tmp_path):
        lines = ["import dataclasses", ADAPTER, "@dataclasses.dataclass", "class D(Slides):"]
        (tmp_path / "d.py").write_text("\n".join([*lines, "    stain: str = 'any'"]))
        assert load(find(DATASETS, f"{tmp_path}/d.py:D"), {"stain": "red"}).stain == "red"

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(BrokenPluginError, match=f"there is no file {tmp_path}/gone.py"):
            load(find(DATASETS, f"{tmp_path}/gone.py:Slides"), {})

    def test_a_missing_module_is_named(self):
        with pytest.raises(BrokenPluginError, match="No module named 'slides_nowhere'"):
            load(find(DATASETS, "slides_nowhere:Slides"), {})


class TestHyperModels:
    """KerasTuner's are told by what they are, and wrapped."""

    FILE = """
    import keras_tuner

    class Own(keras_tuner.HyperModel):
        def build(self, hp):
            return None

    made = Own()

    def function(hp):
        return None
    """

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["Own", "made", "function"])
    def test_classes_instances_and_build_functions_become_spaces(self, tmp_path, name):
        file = tmp_path / "models.py"
        file.write_text(textwrap.dedent(self.FILE))
        space = load(find(SEARCH_SPACES, f"{file}:{name}"), {})
        assert type(space).__name__ == "HyperModelSpace"

    @pytest.mark.slow
    def test_kerastuner_s_own_are_found_by_their_module(self):
        reference = "keras_tuner.applications:HyperResNet"
        assert type(load(find(SEARCH_SPACES, reference), {})).__name__ == "HyperModelSpace"
