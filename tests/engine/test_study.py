"""The study in its SQLite file: drawn, told, counted, ranked, and the same again when it is opened again."""

from __future__ import annotations

import sqlite3

import pytest

from imgcls_automl.engine.study import (
    BASELINE,
    ask_trial,
    close_study,
    counted_trials,
    enqueue_baselines,
    open_study,
    ranked_trials,
    running_trials,
    seed_sampler,
    tell_result,
    trial_seed,
)
from imgcls_automl.executors.results import TrialResult


def draw(trial):
    """What a space with a conditional parameter draws."""
    x = trial.suggest_float("x", 0.0, 1.0)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    depth = trial.suggest_int("depth", 1, 8) if kind == "a" else 0
    return x, kind, depth


def ask(study, seed=0):
    return ask_trial(study, seed=seed, startup=4)


def tell(study, trial, state="complete", score=None, cause=None):
    result = TrialResult(
        number=trial.number,
        state=state,
        score=score,
        metric="accuracy",
        epoch=1,
        epochs=1,
        planned_epochs=1,
        seconds=1.0,
        parameters=1,
        cause=cause,
    )
    tell_result(study, trial, result)


def search(study, count, seed=0):
    """Ask and tell `count` trials whose score is what they drew; return the draws."""
    drawn = []
    for _ in range(count):
        trial = ask(study, seed)
        drawn.append(draw(trial))
        tell(study, trial, score=drawn[-1][0])
    return drawn


class TestDraws:
    def test_the_same_seed_draws_the_same(self, open_file):
        assert search(open_file("one.db"), 12) == search(open_file("two.db"), 12)

    def test_another_seed_draws_otherwise(self, open_file):
        assert search(open_file("one.db"), 5) != search(open_file("two.db"), 5, seed=1)

    def test_a_study_closed_and_opened_between_trials_goes_on_as_if_it_had_not_been(
        self, open_file, tmp_path
    ):
        uninterrupted = search(open_file("one.db"), 12)
        resumed = []
        for count in (3, 1, 8):
            study = open_study(tmp_path / "two.db", metric="accuracy")
            resumed += search(study, count)
            close_study(study)
        assert resumed == uninterrupted

    @pytest.mark.parametrize("before", [2, 9], ids=["at random", "by model"])
    def test_a_trial_killed_before_it_drew_draws_the_same_after_all(
        self, open_file, tmp_path, before
    ):
        uninterrupted = search(open_file("one.db"), before + 1)
        killed = open_study(tmp_path / "two.db", metric="accuracy")
        search(killed, before)
        ask(killed)
        close_study(killed)
        study = open_file("two.db")
        [trial] = running_trials(study)
        seed_sampler(study, trial.number, seed=0, startup=4)
        assert draw(trial) == uninterrupted[-1]

    def test_a_trial_killed_after_it_drew_keeps_number_and_parameters(self, open_file, tmp_path):
        killed = open_study(tmp_path / "two.db", metric="accuracy")
        search(killed, 2)
        drawn = draw(ask(killed))
        close_study(killed)
        [trial] = running_trials(open_file("two.db"))
        assert (trial.number, draw(trial)) == (2, drawn)

    def test_trials_of_one_run_have_seeds_of_their_own(self):
        seeds = {trial_seed(seed, number) for seed in range(5) for number in range(50)}
        assert len(seeds) == 250
        assert all(0 <= seed < 2**31 for seed in seeds)

    def test_the_sampler_learns(self, study):
        drawn = search(study, 40)
        late = [x for x, *_ in drawn[-15:]]
        assert sum(late) / len(late) > 0.65  # 0.5 where nothing is learned


class TestBaselines:
    def test_they_come_first_and_in_their_order(self, study):
        enqueue_baselines(study, [{"x": 0.25, "kind": "b"}, {"x": 0.5, "kind": "a", "depth": 3}])
        assert search(study, 3)[:2] == [(0.25, "b", 0), (0.5, "a", 3)]
        marks = [bool(trial.user_attrs.get(BASELINE)) for trial in study.get_trials()]
        assert marks == [True, True, False]

    def test_one_given_twice_is_tried_once(self, study):
        enqueue_baselines(study, [{"x": 0.25, "kind": "b"}] * 2)
        assert len(study.get_trials()) == 1

    def test_an_incomplete_one_is_filled_the_same_way_each_time(self, open_file):
        drawn = []
        for name in ("one.db", "two.db"):
            enqueue_baselines(open_file(name), [{"x": 0.25}, {"x": 0.5}])
            drawn.append(search(open_file(name), 3))
        assert drawn[0] == drawn[1]
        assert [x for x, *_ in drawn[0][:2]] == [0.25, 0.5]


class TestTelling:
    def test_all_but_infeasible_trials_are_counted(self, study):
        for state, score in (("complete", 0.5), ("pruned", 0.1), ("failed", None)):
            trial = ask(study)
            draw(trial)
            tell(study, trial, state, score)
        infeasible = ask(study)
        draw(infeasible)
        tell(study, infeasible, "infeasible", cause="infeasible")
        draw(ask(study))  # still running
        assert counted_trials(study) == 3

    def test_the_sampler_learns_where_it_is_infeasible(self, study):
        for _ in range(40):
            trial = ask(study)
            x, *_ = draw(trial)
            if x > 0.3:
                tell(study, trial, "infeasible", cause="infeasible")
            else:
                tell(study, trial, score=x)
        late = [trial.params["x"] for trial in study.get_trials()[-15:]]
        assert sum(x > 0.3 for x in late) <= 7  # 10 or 11 of 15 where nothing is learned


class TestRanking:
    def score(self, study, scores):
        for score in scores:
            trial = ask(study)
            draw(trial)
            tell(study, trial, "complete" if score is not None else "failed", score)
        return [trial.number for trial in ranked_trials(study)]

    def test_higher_is_better_and_the_earlier_of_equals_wins(self, study):
        assert self.score(study, [0.5, 0.9, None, 0.9, 0.7]) == [1, 3, 4, 0]

    def test_a_lower_log_loss_is_better(self, open_file):
        assert self.score(open_file(metric="log_loss"), [0.5, 0.0, 0.2]) == [1, 2, 0]

    def test_nothing_is_ranked_where_nothing_is_complete(self, study):
        assert self.score(study, [None, None]) == []


class TestFile:
    @pytest.mark.parametrize("name", ["what?.db", "{run}.db", "a b.db", "100%41.db", "ü#1.db"])
    def test_any_name_will_do(self, open_file, tmp_path, name):
        search(open_file(name), 2)
        assert [path.name for path in tmp_path.glob("*.db")] == [name]

    def test_closed_it_is_one_whole_file(self, tmp_path):
        study = open_study(tmp_path / "study.db", metric="accuracy")
        search(study, 2)
        close_study(study)
        assert [path.name for path in tmp_path.iterdir()] == ["study.db"]
        with sqlite3.connect(tmp_path / "study.db") as connection:
            assert connection.execute("SELECT count(*) FROM trials").fetchone() == (2,)
        connection.close()
