"""Five hundred names that mean mischief, of pictures, classes, groups and faults: what tells of data obeys none."""

from __future__ import annotations

import json

import pytest
from hostile_names import HARMLESS_NAMES, HOSTILE_NAMES, Markup, find_formulas, find_obeyed

from imgcls_automl.cli.inspection_tables import show_inspection
from imgcls_automl.data.inspection import opened_inspection
from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.data.quarantine_manifest import Entry, Manifest, read_manifest
from imgcls_automl.pages.data_page import write_data_page


@pytest.fixture
def inspected(make_request, tmp_path):
    """Inspect pictures of some names: its page, what a terminal shows, and all that is told as JSON."""

    def inspect(names, capsys):
        source = tmp_path / "names.json"
        source.write_text(json.dumps(names))
        request = make_request(source, "Named", max_bad=10_000)
        with opened_inspection(request) as inspection:
            write_data_page(tmp_path / "page.html", inspection, None)
            show_inspection(inspection, request, page=tmp_path / "page.html")
        shown = capsys.readouterr().out
        told = json.dumps(inspection.to_json())
        return (tmp_path / "page.html").read_text(encoding="utf-8"), shown, told

    return inspect


def test_an_inspection_shows_them_and_obeys_none(inspected, capsys):
    page, shown, told = inspected(HOSTILE_NAMES, capsys)
    assert not find_obeyed(page) | find_obeyed(shown) | find_obeyed(told)
    named = {it["id"] for it in json.loads(told)["unreadable_pictures"]}
    assert named == {f"{name} {what}" for name in HOSTILE_NAMES for what in ("lost", "spoilt")}
    usual, _, _ = inspected(HARMLESS_NAMES, capsys)
    markup = Markup(page)
    assert markup.shape == Markup(usual).shape
    assert any("{{7*7}}" in text for text in markup.texts)


def test_the_records_of_a_run_obey_none(make_request, tmp_path):
    source = tmp_path / "names.json"
    source.write_text(json.dumps(HOSTILE_NAMES))
    request = make_request(source, "Named", max_bad=10_000)
    prepare_dataset(request, folder=tmp_path / "data", log=None)
    files = [it for it in (tmp_path / "data").iterdir() if it.suffix != ".npy"]
    assert {it.name for it in files} == {
        *("summary.json", "issues.csv", "splits.csv", "groups.csv"),
    }
    for path in files:
        text = path.read_bytes().decode("utf-8")
        assert not find_obeyed(text), path.name
        assert path.suffix != ".csv" or not find_formulas(text), path.name


def test_a_quarantine_keeps_them_all_apart(tmp_path):
    entries = [
        Entry(original=f"/{name}", moved=name, reason=name, sha256="0" * 64, time="2026-01-01")
        for name in HOSTILE_NAMES
        if ".." not in name
    ]
    Manifest(tmp_path).add(entries)
    text = (tmp_path / "manifest.csv").read_bytes().decode("utf-8")
    assert not find_obeyed(text)
    assert not find_formulas(text)
    assert [it.original for it in read_manifest(tmp_path)] == [it.original for it in entries]
