"""The report stands alone, says what is there, and obeys nothing that data wrote."""

from __future__ import annotations

import base64
import hashlib
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.report import write_report
from imgcls_automl.results.report_errors import list_confused_pairs

VOID = {"meta", "line", "rect", "circle", "polyline", "br", "img", "input"}


class Page(HTMLParser):
    """A parsed report: its tags, attributes and text; fails on tags that do not nest."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert self._open == []

    @property
    def policy(self) -> str:
        return next(
            it or "" for name, it in self.attributes if (it or "").startswith("default-src")
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += " ".join(data.split()) + " "


def test_the_outcome_stands_at_the_top_in_words(finished_run: Any) -> None:
    text = Page(write_report(finished_run.path)).text
    assert "Trial 2 won among 6 trials (3 complete, 1 pruned, 1 failed, 1 infeasible)" in text
    assert "The best baseline, trial 1, reached 96.2%." in text
    assert "On 897 test pictures it had never seen, its accuracy is" in text
    assert "Always naming the most frequent training class would give" in text
    assert "imgcls-automl predict" in text


def test_the_page_loads_nothing_and_obeys_only_our_own_script(finished_run: Any) -> None:
    page = Page(write_report(finished_run.path))
    assert not {"img", "link", "iframe", "object", "form"} & set(page.tags)
    assert not {"src", "srcset", "action", "onload"} & {name for name, _ in page.attributes}
    assert all((value or "").startswith("#") for name, value in page.attributes if name == "href")
    assert "url(" not in page.source.replace("url(#plot)", "")
    policy = page.policy
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    script = page.source.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy


def test_all_sections_of_a_finished_run_are_there(finished_run: Any) -> None:
    page = Page(write_report(finished_run.path))
    ids = {value for name, value in page.attributes if name == "id"}
    assert {"verdict", "leaderboard", "curves", "test", "confusion", "classes", "reproduce"} <= ids
    assert {"against-size", "reliability", "settings"} <= ids
    assert page.tags.count("polyline") == 6
    assert "validation accuracy" in page.text
    assert "Failed: out of memory" in page.text
    assert "Failed or infeasible: out of memory 1, build 1." in page.text


def test_the_search_can_be_typed_again(finished_run: Any) -> None:
    text = Page(write_report(finished_run.path)).text
    assert (
        "imgcls-automl search --space cnn_small --data digits --metric accuracy "
        "--preset medium --timeout 600s --seed 0 " in text
    )
    assert "sha256:4f2a9c" in text
    assert "keras 3.15.1" in text


def test_the_folder_that_relative_sources_are_found_from_is_told(finished_run: Any) -> None:
    assert "started in" not in Page(write_report(finished_run.path)).text  # an older version's run
    finished_run.write_run(started_in="/home/<b>ann")
    text = Page(write_report(finished_run.path)).text
    assert "started in /home/<b>ann , where relative paths begin" in text


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_an_unfinished_run_is_reported_as_far_as_it_got(run_folder: Any, status: str) -> None:
    run_folder.write_run(status=status).write_trial(0, baseline=True)
    run_folder.write_trial(1, state=None, epochs=2)
    text = Page(write_report(run_folder.path)).text
    assert {"running": "still running", "interrupted": "resume", "failed": "log.txt"}[
        status
    ] in text
    assert "Trial 0 leads so far" in text


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_score_that_never_changes_has_its_curve(run_folder: Any, value: float) -> None:
    history = run_folder.write_trial(0, score=value).path / "trials" / "0" / "history.csv"
    rows = [f"{epoch},2026-11-20T09:00:00Z,2.5,{','.join([str(value)] * 5)}" for epoch in (1, 2)]
    history.write_text("\n".join([history.read_text().splitlines()[0], *rows]) + "\n")
    page = Page(write_report(run_folder.path))
    points = dict(page.attributes)["points"] or ""
    heights = {float(point.partition(",")[2]) for point in points.split()}
    assert len(heights) == 1
    assert "nan" not in page.source.lower().split("<svg")[1].split("</svg>")[0]


def test_a_run_with_nothing_yet_is_reported(run_folder: Any) -> None:
    run_folder.write_run(status="running", dataset=None, plugins={})
    assert "No trial is complete: no trial yet." in Page(write_report(run_folder.path)).text


def test_a_model_that_is_no_better_than_the_floor_is_called_so(
    tmp_path: Path, run_folder: Any
) -> None:
    run = type(run_folder)(tmp_path / "poor", class_names=("cat", "dog")).write_run(best_trial=0)
    labels = np.arange(40) % 2
    run.write_trial(0).write_best(labels, np.full((40, 2), 0.5, np.float32), list(map(str, labels)))
    assert "not clearly better than that" in Page(write_report(run.path)).text


def test_what_data_wrote_is_shown_and_not_obeyed(tmp_path: Path, run_folder: Any) -> None:
    names = ("<script>alert(1)</script>", "\x1b[31m\u202e", '"><img src=x onerror=y>')
    run = type(run_folder)(tmp_path / "hostile", class_names=names, data="<b>{{ 7*7 }}").write_run()
    run.write_run(best_trial=0).write_trial(0, model={"<i>": "</td><script>"}).write_trial(1)
    labels = np.arange(9) % 3
    run.write_best(labels, np.eye(3, dtype=np.float32)[labels], list("abcdefghi"))
    page = Page(write_report(run.path))
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert not {"onerror", "src"} & {name for name, _ in page.attributes}
    assert not {"\x1b", "\u202e"} & set(page.source)
    assert "<script>alert(1)</script>" in page.text
    assert "<b>{{ 7*7 }}" in page.text


def test_of_many_classes_the_matrix_shows_those_with_most_mistakes(
    tmp_path: Path, run_folder: Any
) -> None:
    names = tuple(f"kind {number}" for number in range(31))
    run = type(run_folder)(tmp_path / "many", class_names=names).write_run(best_trial=0)
    labels = np.arange(310) % 31
    said = np.where(labels == 4, 5, labels)
    run.write_trial(0).write_best(labels, np.eye(31, dtype=np.float32)[said], ["x"] * 310)
    page = Page(write_report(run.path))
    assert "kind 4 kind 5 10 100.0%" in page.text
    assert "Only the 20 classes with most mistakes are shown; the other 11 are in" in page.text
    assert page.source.count('<th scope="col"><span>') == 20
    assert '<th scope="col"><span>kind 5</span>' in page.source


def test_only_the_first_rows_are_shown(run_folder: Any) -> None:
    for number in range(310):
        run_folder.write_trial(number, epochs=1)
    text = Page(write_report(run_folder.path)).text
    assert "10 more rows stand in leaderboard.csv" in text
    assert "show all 300 trials" in text


def test_trials_that_chance_could_put_first_are_marked(finished_run: Any) -> None:
    run = finished_run.write_trial(6, score=0.9725)
    text = Page(write_report(run.path)).text
    assert "Trial 6 is statistically tied with the winner on validation." in text
    assert "6 tied" in text
    assert "tied (1): as accurate as trial 2, as far as validation tells" in text


def test_what_the_leaderboard_command_remarks_stands_under_the_reports(finished_run: Any) -> None:
    text = Page(write_report(finished_run.path)).text
    assert "None is within chance of trial 2 on validation." in text
    assert "Majority floor: Always naming" in text


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_ties_are_told_beside_who_leads_whatever_became_of_the_run(
    run_folder: Any, status: str
) -> None:
    run_folder.write_run(status=status).write_trial(0, score=0.93).write_trial(1, score=0.5)
    text = Page(write_report(run_folder.path)).text
    end = "is within chance of the leader on validation."
    assert f"93.0% accuracy on validation. No other trial {end}" in text
    run_folder.write_trial(2, score=0.929)
    text = Page(write_report(run_folder.path)).text
    assert "93.0% accuracy on validation. Trial 2 is statistically tied with the leader" in text


def test_without_a_measured_latency_the_axis_says_what_stands_in(finished_run: Any) -> None:
    text = Page(write_report(finished_run.path)).text
    assert "Latency was not measured in this run; the number of weights stands in for it." in text


def test_confused_pairs_are_most_frequent_first() -> None:
    pairs = list_confused_pairs([[5, 1, 0], [3, 7, 2], [0, 0, 9]], "abc")
    assert [(pair.true, pair.predicted, pair.count) for pair in pairs] == [
        ("b", "a", 3),
        ("b", "c", 2),
        ("a", "b", 1),
    ]


def test_the_contenders_are_shown_with_what_flips_did(finished_run: Any) -> None:
    finished_run.write_selection(2, {2: [(0.97, 0.975)], 1: [(0.96, 0.95)]})
    page = Page(write_report(finished_run.path))
    assert "2 (winner) 97.3% 97.0% 97.5% yes 97.5%" in page.text
    assert "1 96.2% 96.0% 95.0% no 96.0%" in page.text
    assert "Majority floor: Always naming the most frequent training class" in page.text


def test_without_retraining_there_are_no_contenders(finished_run: Any) -> None:
    finished_run.write_selection(2, {2: [(0.97, 0.975)]}, retrained=False)
    assert "How the winner was chosen" not in Page(write_report(finished_run.path)).text


def write_summary(run: Any, remarks: list[str], disguised: int = 0, **problems: int) -> None:
    (run.path / "data").mkdir()
    summary = {
        "schema_version": 1,
        "pictures": 1797,
        "unreadable": 2,
        "left_out": 3,
        "issues": {
            "unreadable": 1,
            "reported": 1,
            **({"disguised": disguised} if disguised else {}),
        },
        "classes": [
            {"name": str(digit), "train": 120, "validation": 30, "test": 27} for digit in range(10)
        ],
        "checks": {
            "issues": {"copy": 0, **problems},
            "balance": {"effective_classes": 9.98},
            "remarks": remarks,
        },
    }
    (run.path / "data/summary.json").write_text(json.dumps(summary))


def test_what_the_checks_found_is_told(finished_run: Any) -> None:
    remark = "3 pictures of train are left out: validation or test has the same <b>\x1b[31m"
    write_summary(finished_run, [remark], left_out_copy=3, dark=1200)
    page = Page(write_report(finished_run.path))
    assert "data" in {value for name, value in page.attributes if name == "id"}
    assert (
        "1,797 pictures were read from digits, 2 could not be, 3 of them left out as copies."
        in page.text
    )
    assert "10 classes, as hard to guess as 10.0 of equal size" in page.text
    assert r"validation or test has the same <b>\x1b[31m" in page.text
    assert "9 120 30 27" in page.text
    assert "left out copy 3, dark 1,200" in page.text


def test_the_source_of_the_test_pictures_is_named(finished_run: Any) -> None:
    write_summary(finished_run, [])
    config = {"space": "cnn_small", "data": ["/home/a/train", "/home/b/more"], "test_data": "x/new"}
    finished_run.write_run(config=config)
    text = Page(write_report(finished_run.path)).text
    assert "1,797 pictures were read from train, more and, for the test alone, new, 2 could" in text


def test_a_set_without_faults_is_told_so(finished_run: Any) -> None:
    write_summary(finished_run, [])
    page = Page(write_report(finished_run.path))
    assert "The checks found nothing wrong with them." in page.text
    assert "issues.csv" not in page.text


def test_pictures_that_are_not_what_they_are_called_are_told(finished_run: Any) -> None:
    write_summary(finished_run, [], disguised=4)
    page = Page(write_report(finished_run.path))
    assert "issues.csv names what was found: disguised 4." in page.text


def test_a_damaged_summary_is_named(finished_run: Any) -> None:
    (finished_run.path / "data").mkdir()
    (finished_run.path / "data/summary.json").write_text('{"checks": 7}')
    with pytest.raises(RunFolderError, match=r"summary\.json is damaged"):
        write_report(finished_run.path)
