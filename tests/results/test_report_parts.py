"""What the report says beside its tables: ties, advice, the Pareto front, reliability, overfitting."""

from __future__ import annotations

import csv

import pytest

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.advice import list_advice
from imgcls_automl.results.frontier import draw_frontiers, find_front
from imgcls_automl.results.overfitting import describe_fit
from imgcls_automl.results.records import read_run
from imgcls_automl.results.reliability import draw_reliability
from imgcls_automl.results.report import write_report
from imgcls_automl.results.report_errors import collect_errors
from imgcls_automl.results.report_tables import format_seconds
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.ties import describe_ties, list_ties, measure_interval
from imgcls_automl.text import shorten


def advise(folder, tied=()):
    run, scores = read_run(folder), read_scores(folder)
    pairs = collect_errors(scores, None).pairs if scores else ()
    return list_advice(run, scores, leader=run.winner, tied=tied, pairs=pairs)


def test_a_tie_is_a_difference_that_chance_could_make(run_folder):
    run_folder.write_trial(0, score=0.930).write_trial(1, score=0.925).write_trial(2, score=0.920)
    run = read_run(run_folder.path)  # 12,000 validation pictures
    assert [it.number for it in list_ties(run, run.trials[0])] == [1]
    low, high = measure_interval(run, run.trials[0])
    assert (low, high) == pytest.approx((0.9253, 0.9344), abs=1e-4)


def test_losses_have_no_interval_and_no_ties(tmp_path, run_folder):
    run = type(run_folder)(tmp_path / "loss", metric="log_loss").write_run(
        config={"metric": "log_loss"}
    )
    run.write_trial(0, score=0.3).write_trial(1, score=0.3)
    record = read_run(run.path)
    assert measure_interval(record, record.trials[0]) is None
    assert list_ties(record, record.trials[0]) == []


def test_ties_are_told_by_number_while_they_are_few(run_folder):
    for number in range(9):
        run_folder.write_trial(number)
    run = read_run(run_folder.path)
    leader, *others = run.trials
    told = describe_ties(run, leader, others[:3])
    assert told == "Trials 1, 2 and 3 are statistically tied with the leader on validation."
    assert describe_ties(run, leader, others).startswith("8 trials are statistically tied")


def test_that_none_is_tied_is_told_and_that_nobody_can_tell(tmp_path, run_folder):
    run = read_run(run_folder.write_trial(0, score=0.93).write_trial(1, score=0.5).path)
    told = describe_ties(run, run.trials[0], [])
    assert told == "No other trial is within chance of the leader on validation."
    loss = type(run_folder)(tmp_path / "loss", metric="log_loss").write_run()
    record = read_run(loss.write_trial(0, score=0.3).path)
    assert describe_ties(record, record.trials[0], []) == ""
    record = read_run(loss.write_trial(1, score=0.3).path)
    assert "no trial is called tied" in describe_ties(record, record.trials[0], [])


def test_advice_names_the_confused_pair_and_the_wide_interval(finished_run):
    told = "\n".join(advise(finished_run.path))
    assert "A longer search may find better" in told
    scores = read_scores(finished_run.path)
    assert scores.metrics["accuracy"].high - scores.metrics["accuracy"].low < 0.1
    assert "Test on more pictures" not in told


def test_a_smaller_trial_that_is_tied_is_worth_taking(finished_run):
    result = finished_run.path / "trials/1/result.json"
    result.write_text(result.read_text().replace("100001", "20001"))
    run = read_run(finished_run.path)
    told = advise(finished_run.path, tied=[run.trials[1]])
    assert any(
        "trial 1 is tied with the winner at 20k weights instead of 100k" in it for it in told
    )


def test_a_run_without_a_model_has_no_advice_on_it(run_folder):
    assert advise(run_folder.write_run(status="running").path) == []


def test_the_front_has_what_no_cheaper_trial_matches():
    trials = [(0, 10.0, 0.9), (1, 5.0, 0.8), (2, 20.0, 0.9), (3, 7.0, 0.7), (4, 30.0, 0.95)]
    assert find_front("accuracy", trials) == [1, 0, 4]
    assert find_front("log_loss", trials) == [1, 3]


def test_latency_is_preferred_to_weights_where_it_was_measured(finished_run):
    def draw():
        return draw_frontiers(read_run(finished_run.path), 2)

    assert [it.across for it in draw()] == ["weights of the model"]
    for number in (0, 1, 2):
        path = finished_run.path / f"trials/{number}/result.json"
        path.write_text(
            path.read_text().replace('"epoch":', f'"latency_ms": {1.5 + number}, "epoch":')
        )
        if number == 1:
            by_latency, by_size = draw()
            assert (len(by_latency.points), by_latency.left_out, len(by_size.points)) == (2, 1, 3)
    (frontier,) = draw()
    assert frontier.across == "milliseconds a picture"
    assert len(frontier.points) == 3
    assert frontier.best[-1] == "trial 2: 97.3%, 3.5 ms"


def test_reliability_is_told_in_words(finished_run):
    drawn = draw_reliability(finished_run.path)
    assert drawn.remark.startswith("On average it is ")
    assert sum(int(it.title.split()[0].replace(",", "")) for it in drawn.points) == 897


def test_damaged_predictions_are_named(finished_run):
    (finished_run.path / "best/predictions.csv").write_text("id,label\na,b,c\n")
    with pytest.raises(RunFolderError, match=r"predictions\.csv is damaged"):
        draw_reliability(finished_run.path)


@pytest.mark.parametrize(
    ("train", "losses", "told"),
    [
        (0.90, (0.5, 0.4, 0.4), "no sign of overfitting"),
        (0.99, (0.5, 0.4, 0.4), "by heart to some extent"),
        (0.90, (0.5, 0.3, 0.4), "validation loss rises again"),
        (0.80, (0.5, 0.4, 0.4), "no overfitting"),
    ],
)
def test_overfitting_is_told_from_the_winners_curve(run_folder, train, losses, told):
    run_folder.write_trial(0, score=0.89)
    with (run_folder.path / "trials/0/history.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "accuracy", "val_loss", "val_accuracy"])
        writer.writerows([epoch, train, loss, 0.89] for epoch, loss in enumerate(losses, start=1))
    assert told in describe_fit(read_run(run_folder.path).trials[0])


def test_texts_for_people_are_short():
    assert shorten("a" * 5000, 21) == "a" * 10 + "…" + "a" * 10
    assert [format_seconds(it) for it in (8.44, 185, 7800)] == ["8.4 s", "3m 05s", "2h 10m"]


def test_a_heading_keeps_the_letters_of_its_metric(finished_run):
    record = finished_run.path / "run.json"
    record.write_text(record.read_text().replace('"metric": "accuracy"', '"metric": "macro_f1"'))
    page = write_report(finished_run.path).read_text(encoding="utf-8")
    assert "<h2>Macro F1 against size</h2>" in page
