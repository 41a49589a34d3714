"""`spaces show`: a space as it shows itself, and what is told where it cannot."""

from __future__ import annotations

import json

import pytest

BROKEN = """
import os

class Raising:
    def suggest(self, trial, task):
        raise KeyError("filters")
    def build(self, model, task): ...

class Dying(Raising):
    def suggest(self, trial, task):
        os._exit(3)
"""


@pytest.mark.slow
def test_it_tells_parameters_baselines_and_the_network_at_a_shape(imgcls, tiny_space):
    done = imgcls(
        "spaces", "show", tiny_space, "--shape", "8x8x3", "--classes", "4", "--json", timeout=240
    )
    told = json.loads(done.stdout)
    assert (told["schema_version"], told["plugin"]["value"]) == (1, tiny_space)
    [parameter] = told["parameters"]
    assert (parameter["name"], parameter["low"], parameter["log"]) == ("learning_rate", 1e-3, True)
    weights = (8 * 8 * 3 + 1) * 8 + (8 + 1) * 4
    assert told["baselines"] == [{"parameters": {"learning_rate": 0.01}, "weights": weights}]
    assert sum(layer["weights"] for layer in told["layers"]) == told["weights"] == weights
    assert [layer["shape"] for layer in told["layers"]][0::3] == ["8x8x3", "4"]


@pytest.mark.parametrize(
    ("name", "words"), [("Raising", "KeyError: 'filters'"), ("Dying", "exited with code 3")]
)
def test_a_broken_space_costs_only_its_own_process(imgcls, tmp_path, name, words):
    file = tmp_path / "broken.py"
    file.write_text(BROKEN)
    done = imgcls("spaces", "show", f"{file}:{name}")
    assert (done.returncode, done.stdout) == (5, "")
    assert words in done.stderr
    assert "for its author to mend" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("cnn_smal",), 5, "Did you mean 'cnn_small'?"),
        (("cnn_small", "--shape", "28"), 2, "height x width x channels"),
        (("cnn_small", "--shape", "28x28x2"), 2, "height x width x channels"),
        (("cnn_small", "--shape", "4x4x1"), 2, "8 to 1024 pixels"),
        (("cnn_small", "--classes", "1"), 2, "--classes"),
        (("cnn_small", "--space-option", "depth"), 2, "name=value"),
    ],
)
def test_a_wrong_command_line_is_told(imgcls, arguments, code, words):
    done = imgcls("spaces", "show", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert 1 <= len(done.stderr.splitlines()) <= 3
