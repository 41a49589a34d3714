"""Configuration: where values come from, which source wins, and what a wrong value is told."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from imgcls_automl.config import DEFAULT_TIMEOUT, PRESETS, RunConfig
from imgcls_automl.config_sources import config_from_json, resolve_config, resolve_option
from imgcls_automl.errors import ConfigError

NEEDED = {"space": "cnn_small", "data": "digits"}


@pytest.fixture
def resolve(tmp_path):
    """Resolve a configuration from flags, environment and the text of a file."""

    def resolve(flags=None, environment=None, toml=None):
        file = None
        if toml is not None:
            file = tmp_path / "search.toml"
            file.write_text(toml, encoding="utf-8")
        return resolve_config({**NEEDED, **(flags or {})}, environment=environment or {}, file=file)

    return resolve


def complain(resolve, **given):
    with pytest.raises(ConfigError) as caught:
        resolve(**given)
    message = str(caught.value)
    assert 1 <= len(message.splitlines()) <= 3
    return message


class TestPrecedence:
    def test_a_flag_beats_the_environment_which_beats_the_file(self, resolve):
        environment = {"IMGCLS_AUTOML_TRIALS": "2"}
        assert resolve({"trials": "1"}, environment, "trials = 3").trials == 1
        assert resolve({}, environment, "trials = 3").trials == 2
        assert resolve({}, {}, "trials = 3").trials == 3

    def test_the_file_beats_the_preset_which_beats_the_default(self, resolve):
        assert resolve(toml='preset = "fast"\nepochs = 7').planned.epochs == 7
        assert resolve(toml='preset = "fast"').planned.epochs == PRESETS["fast"].epochs
        assert resolve().planned.epochs == PRESETS["medium"].epochs

    def test_an_epochs_flag_leaves_the_rest_of_the_preset(self, resolve):
        planned = resolve({"preset": "best", "epochs": "2"}).planned
        assert (planned.epochs, planned.top_k, planned.seeds) == (2, 3, 3)

    def test_a_flag_not_given_and_an_empty_variable_count_as_nothing(self, resolve):
        config = resolve({"seed": None, "data_option": []}, {"IMGCLS_AUTOML_SEED": ""}, "seed = 5")
        assert config.seed == 5
        assert config.data_option == {}

    def test_zero_counts_as_given(self, resolve):
        assert resolve({"seed": "0"}, {"IMGCLS_AUTOML_SEED": "4"}).seed == 0

    def test_variables_of_others_are_left_alone(self, resolve):
        assert resolve({}, {"TRIALS": "many"}).trials is None


class TestBudget:
    def test_without_trials_or_a_timeout_it_is_twenty_minutes(self, resolve):
        assert resolve().wall_clock == DEFAULT_TIMEOUT == 1200

    def test_trials_alone_leave_time_unlimited(self, resolve):
        assert resolve({"trials": "5"}).wall_clock is None

    def test_both_limits_hold_where_both_are_given(self, resolve):
        assert resolve({"trials": "5", "timeout": "30m"}).wall_clock == 1800


class TestValues:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            *[("90", 90), ("90s", 90), ("30m", 1800), ("1.5h", 5400), ("1h30m", 5400)],
            *[("2D", 172_800), (45, 45), (0.5, 0.5), (" 10m ", 600)],
        ],
    )
    def test_durations(self, resolve, text, seconds):
        assert resolve({"timeout": text}).timeout == seconds

    @pytest.mark.parametrize(
        ("text", "number"),
        [("2M", 2_000_000), ("500k", 500_000), ("1.5G", 1_500_000_000), (2e6, 2_000_000), ("7", 7)],
    )
    def test_counts(self, resolve, text, number):
        assert resolve({"max_params": text, "max_flops": text}).max_flops == number

    @pytest.mark.parametrize("text", ["0", "0.2", "-1", "2 apples", "M", True, "nan"])
    def test_what_is_no_count_is_refused(self, resolve, text):
        assert "--max-params must be a number above" in complain(
            resolve, flags={"max_params": text}
        )

    def test_milliseconds(self, resolve):
        assert resolve({"max_latency_ms": "5ms"}).limits.latency_ms == 5.0
        assert resolve(toml="max-latency-ms = 0.5").limits.latency_ms == 0.5
        assert "--max-latency-ms must be milliseconds above zero" in complain(
            resolve, flags={"max_latency_ms": "0"}
        )

    @pytest.mark.parametrize("text", ["0", "0m", "-5m", "soon", "1h 30m", "m", "nan", "1e3", "5w"])
    def test_what_is_no_duration_is_refused(self, resolve, text):
        message = complain(resolve, flags={"timeout": text})
        assert message.startswith("--timeout must be a time above zero, such as 90s")
        assert repr(text) in message

    @pytest.mark.parametrize(
        ("text", "size"),
        [
            *[("64", (64, 64)), ("48x64", (48, 64)), ("48X64", (48, 64)), (32, (32, 32))],
            *[([28, 30], (28, 30)), ((8, 1024), (8, 1024))],
        ],
    )
    def test_sizes_are_height_by_width(self, resolve, text, size):
        assert resolve({"image_size": text}).image_size == size

    @pytest.mark.parametrize("text", ["7", "1025", "64x", "x64", "64x64x3", "big", "-64", "6.4"])
    def test_what_is_no_size_is_refused(self, resolve, text):
        assert "--image-size must be a size from 8 to 1024 pixels" in complain(
            resolve, flags={"image_size": text}
        )

    @pytest.mark.parametrize("text", ["0", "-1", "2.5", "ten", "1e2", True])
    def test_what_is_no_number_of_trials_is_refused(self, resolve, text):
        assert complain(resolve, flags={"trials": text}) == (
            f"--trials must be a whole number from 1 up, but got {text!r}."
        )

    @pytest.mark.parametrize(
        "option", ["preset", "metric", "resize", "class_weight", "sampling", "device"]
    )
    def test_a_choice_lists_what_there_is(self, resolve, option):
        message = complain(resolve, flags={option: "wrong"})
        assert message.startswith(f"--{option.replace('_', '-')} must be one of ")
        assert "'wrong'" in message

    def test_folds_are_two_or_more(self, resolve):
        assert resolve({"folds": "5"}).folds == 5
        assert "from 2 up" in complain(resolve, flags={"folds": "1"})

    def test_a_share_for_the_test_is_at_most_a_half(self, resolve):
        assert resolve({"test_share": "0.3"}).test_share == 0.3
        assert resolve(toml="test-share = 0.5").test_share == 0.5
        for text in ("0", "0.6", "30%", "nan"):
            message = complain(resolve, flags={"test_share": text})
            assert "--test-share must be a share above 0 and up to 0.5" in message

    def test_no_share_is_drawn_beside_a_source_for_the_test(self, resolve):
        message = complain(resolve, flags={"test_share": "0.3", "test_data": "more.csv"})
        assert message.startswith("--test-share is for pictures that have no test split")

    @pytest.mark.parametrize(
        ("given", "on"), [(True, True), ("yes", True), ("1", True), (False, False), ("off", False)]
    )
    def test_a_switch_is_on_or_off(self, resolve, given, on):
        assert resolve({"ensemble": given}).ensemble is on

    def test_what_is_no_switch_is_refused(self, resolve):
        message = complain(resolve, flags={"ensemble": "perhaps"})
        assert "--ensemble must be true or false" in message

    def test_uneven_classes_are_not_made_up_for_twice(self, resolve):
        assert resolve({"sampling": "balanced"}).sampling == "balanced"
        message = complain(resolve, flags={"sampling": "balanced", "class_weight": "balanced"})
        assert "--class-weight balanced and --sampling balanced" in message
        assert "Give one of them." in message

    @pytest.mark.parametrize("text", ["nan", "inf", "good"])
    def test_a_gate_is_a_finite_number(self, resolve, text):
        assert "--fail-under must be a number" in complain(resolve, flags={"fail_under": text})

    def test_pairs_keep_what_stands_behind_the_first_equals_sign(self, resolve):
        config = resolve({"space_option": ["where=a=b", "max-size=3", "empty="]})
        assert config.space_option == {"where": "a=b", "max_size": "3", "empty": ""}

    @pytest.mark.parametrize("text", ["shape", "=3"])
    def test_what_is_no_pair_is_refused(self, resolve, text):
        assert "--data-option must be name=value" in complain(
            resolve, flags={"data_option": [text]}
        )

    def test_paths_are_paths(self, resolve):
        config = resolve({"out": "runs/one", "cache_dir": Path("c")})
        assert (config.out, config.cache_dir) == (Path("runs/one"), Path("c"))


class TestWhereAMistakeWasMade:
    def test_in_the_environment(self, resolve):
        message = complain(resolve, environment={"IMGCLS_AUTOML_TRIALS": "many"})
        assert message.startswith("IMGCLS_AUTOML_TRIALS must be a whole number")

    def test_in_a_file(self, resolve, tmp_path):
        message = complain(resolve, toml='trials = "many"')
        assert message.startswith(f"trials in {tmp_path / 'search.toml'} must be a whole number")

    def test_an_unknown_option_in_a_file(self, resolve, tmp_path):
        message = complain(resolve, toml="trails = 3")
        assert str(tmp_path / "search.toml") in message
        assert "unknown option 'trails'" in message
        assert "trials" in message.splitlines()[1]

    def test_a_file_that_is_no_toml_is_told_with_line_and_column(self, resolve):
        message = complain(resolve, toml="trials = 3\nseed = = 4")
        assert "is no TOML file" in message
        assert "line 2" in message

    def test_a_file_that_is_not_text(self, resolve, tmp_path):
        file = tmp_path / "search.toml"
        file.write_bytes(b"trials = 3 # \xff")
        with pytest.raises(ConfigError, match="is no TOML file"):
            resolve_config(NEEDED, environment={}, file=file)

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(ConfigError, match=r"cannot read .*missing\.toml: No such file"):
            resolve_config(NEEDED, environment={}, file=tmp_path / "missing.toml")

    @pytest.mark.parametrize("option", ["space", "data"])
    def test_what_has_no_default_is_asked_for(self, option):
        given = {name: text for name, text in NEEDED.items() if name != option}
        with pytest.raises(ConfigError, match=f"--{option} is missing"):
            resolve_config(given, environment={})

    def test_an_option_that_a_python_caller_misspells(self, resolve):
        message = complain(resolve, flags={"trails": 3})
        assert message.startswith("There is no option 'trails'.")
        assert "trials" in message.splitlines()[1]

    def test_a_text_option_of_another_type(self, resolve):
        assert "adapter in" in complain(resolve, toml="adapter = 5")


class TestSources:
    @pytest.mark.parametrize("given", ["a", ["a"], Path("a"), ("a",)])
    def test_one_source_however_it_is_given(self, resolve, given):
        assert resolve({"data": given}).data == ("a",)

    def test_several_sources_of_the_command_line_or_a_file(self, resolve, tmp_path):
        assert resolve({"data": ["a", "b"]}).data == ("a", "b")
        file = tmp_path / "two.toml"
        file.write_text('space = "cnn_small"\ndata = ["a", "b"]\n')
        assert resolve_config({}, environment={}, file=file).data == ("a", "b")

    def test_the_environment_names_one(self):
        environment = {"IMGCLS_AUTOML_DATA": "a, b"}
        assert resolve_config({"space": "s"}, environment=environment).data == ("a, b",)

    @pytest.mark.parametrize("given", [["a", ""], [["a"]], 5, ["a", None]])
    def test_what_is_no_source_is_refused(self, resolve, given):
        message = complain(resolve, flags={"data": given})
        assert message.startswith("--data must be a text, or a list of texts, but got")

    def test_a_record_of_one_source_holds_a_text_as_it_always_did(self, resolve):
        assert resolve().to_json()["data"] == "digits"
        assert resolve({"data": ["a", "b"]}).to_json()["data"] == ["a", "b"]

    def test_a_record_of_several_sources_reads_back(self, resolve):
        config = resolve({"data": ["a", "b"]})
        assert config_from_json(json.loads(json.dumps(config.to_json()))) == config


class TestFile:
    def test_names_may_be_written_with_dashes_as_on_the_command_line(self, resolve):
        config = resolve(toml='image-size = "48x64"\nclass-weight = "balanced"\n')
        assert config.image_size == (48, 64)
        assert config.class_weight == "balanced"

    def test_options_of_a_plugin_are_a_table(self, resolve):
        config = resolve(toml="[data-option]\nshape = '8x8'\nmax-value = 16")
        assert config.data_option == {"shape": "8x8", "max_value": "16"}

    def test_the_file_alone_is_enough(self, tmp_path):
        file = tmp_path / "all.toml"
        file.write_text('space = "cnn_small"\ndata = "digits"\ntrials = 3\n')
        config = resolve_config({}, environment={}, file=file)
        assert (config.space, config.data, config.trials) == ("cnn_small", ("digits",), 3)


class TestJson:
    def test_a_configuration_survives_being_written_and_read(self, resolve):
        config = resolve(
            {
                **{"out": "runs/one", "trials": "3", "timeout": "1h30m", "epochs": "2"},
                **{"image_size": "48x64", "data_option": ["a=1"], "space_option": ["b=2"]},
                **{"test_data": "t", "adapter": "folder", "fail_under": "0.9", "max_bad": "0"},
                **{"cache_dir": "c", "seed": "7", "workers": "2", "preset": "best"},
                **{"metric": "log_loss", "resize": "pad", "class_weight": "balanced"},
                "device": "cpu",
            }
        )
        assert config_from_json(json.loads(json.dumps(config.to_json()))) == config

    def test_so_do_the_defaults(self, resolve):
        assert config_from_json(json.loads(json.dumps(resolve().to_json()))) == resolve()

    def test_the_environment_does_not_change_what_was_written(self, resolve, monkeypatch):
        monkeypatch.setenv("IMGCLS_AUTOML_SEED", "9")
        assert config_from_json(resolve().to_json()).seed == 0

    def test_an_option_of_another_version_is_refused(self, resolve):
        with pytest.raises(ConfigError, match=r"Unknown option.*: sead"):
            config_from_json({**resolve().to_json(), "sead": 1})


def test_every_option_says_what_it_is_for():
    for option in fields(RunConfig):
        assert option.metadata["help"].endswith("."), option.name
        assert option.metadata["metavar"], option.name


class TestPresets:
    def test_the_help_says_what_each_is(self):
        (told,) = (it.metadata["help"] for it in fields(RunConfig) if it.name == "preset")
        assert "fast (5 epochs); medium (12 epochs, 3 candidates retrained)" in told
        assert "best (24 epochs, 3 candidates retrained 3 times)" in told

    @pytest.mark.parametrize("name", PRESETS)
    def test_the_readme_has_their_values(self, name):
        preset = PRESETS[name]
        # One candidate with one seed is not trained again.
        later = (preset.top_k, preset.seeds) if preset.top_k > 1 else ("none", "none")
        row = "| ".join(f"{cell} " for cell in ("", f"`{name}`", preset.epochs, *later, ""))
        readme = Path(__file__).parents[1] / "README.md"
        assert row.strip() in readme.read_text(encoding="utf-8").splitlines()


class TestSizes:
    @pytest.mark.parametrize(
        ("text", "size"),
        [("20GB", 20 * 10**9), ("1.5 tb", 15 * 10**11), ("500m", 5 * 10**8), ("4096", 4096)],
    )
    def test_they_are_bytes_in_decimal_units(self, resolve, text, size):
        assert resolve({"cache_limit": text}).cache_limit == size

    @pytest.mark.parametrize("text", ["0", "-1", "much", "5 apples", "1e9", "20GiB"])
    def test_anything_else_is_refused(self, resolve, text):
        assert "--cache-limit must be an amount" in complain(resolve, flags={"cache_limit": text})


class TestOneOption:
    def test_a_flag_beats_the_environment_which_beats_the_default(self):
        environment = {"IMGCLS_AUTOML_CACHE_LIMIT": "2GB"}
        assert resolve_option("cache_limit", "1GB", environment) == 10**9
        assert resolve_option("cache_limit", None, environment) == 2 * 10**9
        assert resolve_option("cache_limit", None, {}) is None

    def test_a_wrong_value_is_told_with_its_place(self):
        with pytest.raises(ConfigError, match="IMGCLS_AUTOML_CACHE_LIMIT must be"):
            resolve_option("cache_limit", None, {"IMGCLS_AUTOML_CACHE_LIMIT": "much"})
