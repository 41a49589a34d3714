"""The command itself: help at once, versions, lists, and what a wrong command line is told."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

import imgcls_automl

COMMANDS = (
    "search",
    "resume",
    "leaderboard",
    "report",
    "data",
    "spaces",
    "datasets",
    "plugins",
    "doctor",
)


class TestHelp:
    def test_it_takes_less_than_three_tenths_of_a_second(self, command, environment):
        def measure():
            before = os.times()
            subprocess.run([command, "--help"], env=environment, capture_output=True, check=True)
            after = os.times()
            return sum(after[2:4]) - sum(before[2:4])  # of children, user + system

        assert min(measure() for _ in range(5)) < 0.3

    def test_it_names_every_command(self, imgcls):
        done = imgcls("--help")
        assert done.returncode == 0
        assert done.stderr == ""
        assert all(f"\n  {name}" in done.stdout for name in COMMANDS)

    def test_search_s_lists_every_option_with_its_default(self, imgcls):
        from imgcls_automl.config import flag, options

        text = imgcls("search", "--help").stdout
        assert all(flag(option.name) in text for option in options())
        assert all(name in text for name in ("--config", "--dry-run", "--json", "--quiet"))
        words = " ".join(text.split())
        assert "[default: medium]" in words
        assert "[required]" in words

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_explains_itself(self, imgcls, name):
        done = imgcls(name, "-h")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage: imgcls-automl " + name)


def test_the_version_is_the_package_s(imgcls):
    assert imgcls("--version").stdout == f"imgcls-automl {imgcls_automl.__version__}\n"


class TestAWrongCommandLine:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("serch",), "No such command 'serch'"),
            (("search", "--trails", "3"), "No such option: --trails"),
            (("search", "--trials"), "--trials"),
            (("search", "--space", "cnn_small"), "--data is missing"),
            (("search", "--data", "digits"), "--space is missing"),
            (("search", "--space", "s", "--data", "d", "--trials", "0"), "--trials must be"),
            (
                ("search", "--space", "s", "--data", "d", "--config", "no.toml"),
                "cannot read no.toml",
            ),
            (("resume", "nowhere"), "nowhere is no run folder"),
            (("resume", "nowhere", "--timeout", "soon"), "--timeout must be a time"),
            (("resume", "nowhere", "--workers", "0"), "--workers must be a whole number"),
            (("leaderboard", "nowhere"), "nowhere"),
            (("leaderboard",), "RUN"),
            (("report", "nowhere"), "nowhere"),
            (("leaderboard", "nowhere", "--format", "xml"), "table, csv, json, md"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_it_is_told_in_a_few_lines_with_code_2(self, imgcls, arguments, words):
        done = imgcls(*arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("imgcls-automl: ")
        assert words in done.stderr
        assert 1 <= len(done.stderr.splitlines()) <= 3

    def test_an_environment_variable_is_named(self, imgcls):
        done = imgcls(
            *("search", "--space", "s", "--data", "d"), env={"IMGCLS_AUTOML_EPOCHS": "few"}
        )
        assert done.returncode == 2
        assert "IMGCLS_AUTOML_EPOCHS must be a whole number" in done.stderr

    def test_one_that_says_where_a_run_goes_on_is_too(self, imgcls):
        done = imgcls("resume", "nowhere", env={"IMGCLS_AUTOML_DEVICE": "abacus"})
        assert done.returncode == 2
        assert "IMGCLS_AUTOML_DEVICE must be one of auto, cpu, gpu" in done.stderr

    def test_nothing_at_all_shows_the_help(self, imgcls):
        done = imgcls()
        assert done.returncode in (0, 2)
        assert "Usage: imgcls-automl" in done.stdout + done.stderr

    def test_json_is_told_too(self, imgcls):
        done = imgcls("resume", "nowhere", "--json")
        told = json.loads(done.stdout)
        assert (told["schema_version"], told["exit_code"]) == (1, 2)
        assert "nowhere is no run folder" in told["error"]


class TestLists:
    @pytest.mark.parametrize(
        ("kind", "names"),
        [
            ("spaces", {"cnn_small"}),
            (
                "datasets",
                {
                    *("digits", "fashion_mnist_csv", "folder", "idx"),
                    *("image_csv", "npz", "pixel_csv"),
                },
            ),
            ("plugins", {"cnn_small", "digits", "folder", "fashion_mnist_csv", "pixel_csv"}),
        ],
    )
    def test_they_tell_what_is_installed_and_whose_it_is(self, imgcls, kind, names):
        shown = imgcls(kind, "list").stdout
        assert all(name in shown for name in names)
        assert "imgcls-automl" in shown
        told = json.loads(imgcls(kind, "list", "--json").stdout)
        assert told["schema_version"] == 1
        assert names <= {plugin["name"] for plugin in told["plugins"]}
        assert {plugin["status"] for plugin in told["plugins"]} == {"ok"}
