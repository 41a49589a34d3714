"""The arrows of docs/architecture.md, proven from the source and from running processes.

The rules stand at the top as data. An import counts wherever it is written, inside functions and
under TYPE_CHECKING too, unless a rule is about what loading a module costs.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "imgcls_automl": ROOT / "imgcls_automl",
    "imgcls_search_spaces": ROOT / "search_spaces/imgcls_search_spaces",
    "imgcls_plugins": ROOT / "plugins/imgcls_plugins",
}

FRAMEWORKS = {"jax", "keras", "keras_tuner", "tensorflow", "torch"}
HEAVY = FRAMEWORKS | {"PIL", "jinja2", "optuna", "pandas", "plotly", "pyarrow", "sklearn"}
SCREENS = {"rich", "typer"}
# Python's own door shows the same progress as the command line: from within `search`.
SHOWN_BY = {"imgcls_automl": {"imgcls_automl.cli.screens"}}

# What answers `--help`, or is imported by every plugin: loads none of these, in a real process.
LIGHT = {
    "imgcls_automl": HEAVY | SCREENS | {"numpy"},
    "imgcls_automl.errors": HEAVY | SCREENS | {"numpy"},
    "imgcls_automl.plugin": HEAVY | SCREENS | {"numpy"},
    "imgcls_automl.registry": HEAVY | SCREENS | {"numpy"},
    "imgcls_automl.testing": HEAVY | SCREENS | {"numpy"},
    "imgcls_automl.plugin_checks": HEAVY | SCREENS | {"numpy"},
    "imgcls_automl.cli.main": HEAVY | {"numpy"},
    # The search process, in which no framework can take the study down.
    "imgcls_automl.run": FRAMEWORKS | SCREENS,
}

# Loaded only in child processes: these may import a framework as they load.
CHILD_ONLY = (
    "imgcls_automl.hypermodels",
    "imgcls_automl.training",
    "imgcls_automl.executors.worker",
    "imgcls_automl.executors.remote_trial",
)

# Imported only inside functions, by a command that needs them: these may load heavy libraries.
ON_DEMAND = (
    "imgcls_automl.engine",
    "imgcls_automl.results.evaluation",
    "imgcls_automl.results.metrics",
    "imgcls_automl.results.testing",
)

# The layers that run on whatever backend there is.
BACKEND_AGNOSTIC = ("imgcls_automl.engine", "imgcls_automl.training")
NEVER_BY_NAME = {"PIL", "jax", "sklearn", "tensorflow", "torch"}
# An epoch is one compiled program on JAX: inside functions of this module.
NAMED_AFTER_ALL = {"imgcls_automl.training.epochs": {"jax"}}

# What may be imported of our own packages by the modules that plugin authors depend on.
INNERMOST = {"imgcls_automl.errors": set(), "imgcls_automl.plugin": {"imgcls_automl.errors"}}
PLUGIN_API = "imgcls_automl.plugin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import: of what, and whether loading the module runs it."""

    target: str
    at_load: bool

    @property
    def library(self) -> str:
        return self.target.partition(".")[0]


def is_within(module: str, *layers: str) -> bool:
    return any(module == layer or module.startswith(f"{layer}.") for layer in layers)


def find_modules() -> dict[str, Path]:
    """Map the dotted names of all our modules to their files."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join([package, *parts]).removesuffix(".__init__")] = path
    return found


class ImportReader(ast.NodeVisitor):
    """Collects a module's imports, `importlib.import_module("...")` included."""

    def __init__(self) -> None:
        self.imports: list[Import] = []
        self._at_load = True

    def visit_Import(self, node):
        for alias in node.names:
            self._add(alias.name)

    def visit_ImportFrom(self, node):
        assert node.level == 0, f"line {node.lineno}: write imports in full"
        for alias in node.names:
            name = f"{node.module}.{alias.name}"
            self._add(name if name in MODULES else node.module)

    def visit_Call(self, node):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in ("import_module", "__import__") and isinstance(node.args[0], ast.Constant):
            self._add(node.args[0].value)
        self.generic_visit(node)

    def visit_If(self, node):
        if "TYPE_CHECKING" in ast.unparse(node.test):
            self._visit_later(node)
        else:
            self.generic_visit(node)

    def _visit_later(self, node):
        before, self._at_load = self._at_load, False
        self.generic_visit(node)
        self._at_load = before

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_later  # noqa: N815

    def _add(self, target):
        self.imports.append(Import(target=target, at_load=self._at_load))


def read_imports(path: Path) -> list[Import]:
    reader = ImportReader()
    reader.visit(ast.parse(path.read_text(encoding="utf-8")))
    return reader.imports


MODULES = find_modules()
IMPORTS = {module: read_imports(path) for module, path in MODULES.items()}


def find_loaded(module: str) -> set[str]:
    """All modules that loading one of ours loads with it, as far as our own source tells."""
    loaded: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in loaded:
            continue
        loaded.add(name)
        parts = name.split(".")
        waiting += [".".join(parts[:end]) for end in range(1, len(parts))]
        waiting += [found.target for found in IMPORTS.get(name, []) if found.at_load]
    return loaded


def every_module_but(*layers: str) -> list[str]:
    return [module for module in sorted(MODULES) if not is_within(module, *layers)]


@pytest.mark.parametrize("module", LIGHT)
def test_importing_what_must_be_light_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not LIGHT[module] & set(done.stdout.split())


@pytest.mark.parametrize("module", INNERMOST)
def test_what_plugin_authors_import_stands_on_nothing_of_ours(module):
    ours = {found.target for found in IMPORTS[module] if found.library in PACKAGES}
    assert ours <= INNERMOST[module]


@pytest.mark.parametrize("module", every_module_but("imgcls_automl"))
def test_our_own_plugins_use_of_the_core_only_what_anyones_do(module):
    core = {found.target for found in IMPORTS[module] if found.library == "imgcls_automl"}
    assert core <= {PLUGIN_API}


@pytest.mark.parametrize("module", every_module_but("imgcls_search_spaces", "imgcls_plugins"))
def test_the_core_imports_no_plugin_by_name(module):
    libraries = {found.library for found in IMPORTS[module]}
    assert not libraries & {"imgcls_search_spaces", "imgcls_plugins"}


@pytest.mark.parametrize("module", every_module_but("imgcls_automl.cli"))
def test_nobody_imports_the_command_line_nor_draws_screens(module):
    used = {it.target for it in IMPORTS[module] if is_within(it.target, "imgcls_automl.cli")}
    assert used <= SHOWN_BY.get(module, set())
    assert not {found.library for found in IMPORTS[module]} & SCREENS


@pytest.mark.parametrize("module", [m for m in sorted(MODULES) if is_within(m, *BACKEND_AGNOSTIC)])
def test_engine_and_training_name_no_backend(module):
    at_load = {found.library for found in IMPORTS[module] if found.at_load}
    ever = {found.library for found in IMPORTS[module]} - NAMED_AFTER_ALL.get(module, set())
    assert not (at_load | ever) & NEVER_BY_NAME


@pytest.mark.parametrize("module", every_module_but(*CHILD_ONLY))
def test_only_child_processes_load_a_framework(module):
    assert not find_loaded(module) & FRAMEWORKS


@pytest.mark.parametrize("module", every_module_but(*CHILD_ONLY, *ON_DEMAND))
def test_heavy_libraries_are_imported_by_the_functions_that_need_them(module):
    assert not find_loaded(module) & HEAVY


def test_the_wheel_has_the_three_packages_and_no_other_name():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {ROOT / folder for folder in folders} == set(PACKAGES.values())
    for folder in (ROOT / "search_spaces", ROOT / "plugins"):
        assert not (folder / "__init__.py").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is_and_that_it_is_typed(package):
    folder = PACKAGES[package]
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert (folder / "py.typed").exists()


def test_every_module_opens_with_its_purpose_in_one_line():
    for module, path in MODULES.items():
        source = path.read_text(encoding="utf-8")
        if not source:  # an __init__.py that only makes a folder a package
            continue
        docstring = ast.get_docstring(ast.parse(source))
        assert docstring, module
        assert docstring.splitlines()[0].endswith("."), module
