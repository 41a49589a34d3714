"""The report, the leaderboard and an evaluation, opened in a real browser: silent, offline, and they answer clicks."""

from __future__ import annotations

import os
import shutil

import pytest
from shown_digits import make_shown
from test_evaluation_records import make_evaluation

from imgcls_automl.results.evaluation_page import write_evaluation_page
from imgcls_automl.results.leaderboard import build_leaderboard
from imgcls_automl.results.leaderboard_page import write_leaderboard_page
from imgcls_automl.results.records import read_run
from imgcls_automl.results.report import write_report
from imgcls_automl.results.shown_pictures import write_shown_pictures

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "</script><svg onload='window.hacked = 1'>",
    "{{ 7*7 }}{% raw %}",
    "\x1b[31m\u202egpj.exe",
    "=HYPERLINK(1)",
    "[red]",
    "' onmouseover='window.hacked = 1",
    "long " * 800,
    "javascript:window.hacked = 1",
)


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium: skipped without it, loudly, unless REQUIRE_BROWSER says that it has to be there."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        missing = "No Chromium was found: install it (apt-get install chromium) to open reports in a browser."
        pytest.fail(missing) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Open a page from disk; fails at the end where it said anything or asked for anything but itself."""
    said, asked, pages = [], [], []

    def visit(path, **options):
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, **options})
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield visit
    for page in pages:
        page.close()
    assert said == []
    loaded = [url for url in asked if not url.startswith("data:")]
    assert len(loaded) == len(pages)  # the pages themselves
    assert all(url.startswith("file://") for url in loaded)


@pytest.fixture
def leaderboard(tmp_path, run_folder_kind):
    """The page of two runs that compare and one that does not."""
    about = (("small", {}), ("resnet", {"space": "resnet_small"}), ("pets", {"fingerprint": "77"}))
    runs = []
    for at, (name, settings) in enumerate(about):
        run = run_folder_kind(tmp_path / f"{name} {'of a long name ' * at}", **settings).write_run()
        for trial, score in enumerate((0.91, 0.93 - at / 100, 0.85)):
            run.write_trial(trial, score=score, baseline=trial == 0)
        runs.append(read_run(run.path))
    write_leaderboard_page(tmp_path / "board.html", build_leaderboard(runs))
    return tmp_path / "board.html"


@pytest.fixture
def report(finished_run, digits_test):
    """The report of a finished run on digits, with pictures kept."""
    shown = make_shown(digits_test.labels, digits_test.probabilities, digits_test.ids)
    write_shown_pictures(finished_run.path / "best", shown)
    return write_report(finished_run.path)


def test_a_click_on_a_cell_shows_its_pictures(visit, report):
    page = visit(report)
    cell = page.locator(".matrix td.wrong:has(a)").first
    gallery = page.locator(cell.locator("a").get_attribute("href"))
    assert not gallery.is_visible()
    cell.locator("a").click()
    assert gallery.is_visible()
    shown = gallery.locator("img")
    assert shown.count() == min(12, int(cell.locator(".count").inner_text()))
    assert shown.first.evaluate("it => it.complete && it.naturalWidth > 0")
    gallery.locator("a.close").click()
    assert not gallery.is_visible()


def test_the_leaderboard_sorts(visit, report):
    page = visit(report)
    trials = page.locator("#board tbody tr:first-child th")

    def read():
        return [text.split()[0] for text in trials.all_inner_texts()]

    assert read() == ["2", "1", "0", "3", "4", "5"]
    score = page.locator("#board thead button", has_text="score")
    score.click()
    assert read() == ["2", "1", "0", "3", "4", "5"]  # the best first
    score.click()
    assert read() == ["3", "0", "1", "2", "4", "5"]  # without a score, last either way
    page.locator("#board thead button", has_text="weights").click()
    assert read() == ["0", "1", "2", "3", "4", "5"]


@pytest.fixture
def long_report(run_folder):
    """The report of twenty trials: the later, the larger, slower and better."""
    for trial in range(20):
        run_folder.write_trial(trial, score=0.90 + trial / 1000, epochs=1)
    return write_report(run_folder.path)


def test_the_lowest_loss_comes_first(visit, tmp_path, run_folder_kind):
    run = run_folder_kind(tmp_path / "loss", metric="log_loss").write_run()
    for trial, loss in enumerate((0.5, 0.2, 0.3)):
        run.write_trial(trial, score=loss, epochs=1)
    page = visit(write_report(run.path))
    page.locator("#board thead button", has_text="trial").click()
    page.locator("#board thead button", has_text="score").click()
    trials = page.locator("#board tbody tr:first-child th").all_inner_texts()
    assert [text.split()[0] for text in trials] == ["1", "2", "0"]


def test_sorting_reaches_the_rows_that_are_not_open(visit, long_report):
    page = visit(long_report)

    def read():
        return [
            int(row.split()[0]) for row in page.locator("#board tbody th:visible").all_inner_texts()
        ]

    assert read() == list(range(19, 4, -1))
    weights = page.locator("#board thead button", has_text="weights")
    weights.click()
    assert read() == list(range(15))
    weights.click()
    assert read() == list(range(19, 4, -1))
    page.locator("#show-all").check()
    assert read() == list(range(19, -1, -1))


def test_baselines_are_shown_wherever_sorting_takes_them(visit, run_folder):
    for trial in range(20):
        run_folder.write_trial(trial, score=0.9 + trial / 1000, epochs=1, baseline=trial == 2)
    page = visit(write_report(run_folder.path))
    shown = page.locator("#board tbody:visible", has_text="baseline")
    assert shown.count() == 1
    page.locator("#board thead button", has_text="weights").click()
    page.locator("#board thead button", has_text="weights").click()
    assert shown.count() == 1
    assert page.locator("#board tbody:visible").count() == 16
    page.emulate_media(media="print")
    assert page.locator("#board tbody:visible").count() == 20


def test_all_rows_are_printed(visit, long_report):
    page = visit(long_report)
    page.emulate_media(media="print")
    assert page.locator("#board tbody:visible").count() == 20


def test_paper_tells_what_only_a_screen_shows(visit, report):
    page = visit(report)
    told = page.locator(".on-paper")
    assert not told.is_visible()
    gallery = page.locator(".behind").first
    page.emulate_media(media="print")
    assert "a click on a cell of the confusion matrix its pictures" in told.inner_text()
    assert not gallery.is_visible()
    page.emulate_media(media="screen")
    page.locator(f"a[href='#{gallery.get_attribute('id')}']").first.click()
    page.emulate_media(media="print")
    assert gallery.is_visible()


def test_a_row_opens_to_all_its_settings(visit, report):
    page = visit(report)
    row = page.locator("#board tbody").first
    assert not row.locator("tr.all").is_visible()
    row.locator("summary").click()
    assert "learning rate" in row.locator("tr.all").inner_text()


def test_shares_take_the_place_of_counts(visit, report):
    page = visit(report)
    cell = page.locator(".matrix td.right").first
    before = cell.inner_text()
    page.locator("label[for=as-shares]").click()
    assert cell.inner_text() != before
    assert float(cell.inner_text()) <= 100


def test_optunas_figures_are_drawn_when_their_folds_are_opened(visit, finished):
    folder, _ = finished
    page = visit(folder / "report.html")
    assert page.evaluate("typeof Plotly") == "undefined"
    for fold in page.locator("details:has([data-figure])").all():
        fold.locator("summary").click()
        fold.locator(".main-svg").first.wait_for(timeout=30_000)
    assert page.evaluate("document.styleSheets.length") > 1


def test_a_real_search_keeps_pictures_and_where_its_model_looked(visit, finished):
    page = visit(finished[0] / "report.html")
    assert page.locator(".costly img.heat").count() == page.locator(".costly figure").count() > 0
    assert page.locator("#samples img").count() > 0


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_leaderboard_is_never_wider_than_the_screen(visit, leaderboard, width, scheme):
    page = visit(leaderboard, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.locator("details.row summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    told = page.locator("table").first.evaluate("it => [it.scrollWidth, it.parentNode.clientWidth]")
    assert told[0] <= told[1]  # nor does the table scroll in its frame


def test_a_leaderboard_fits_on_paper(visit, leaderboard):
    page = visit(leaderboard, viewport={"width": 794, "height": 1123})  # A4 at 96 dots an inch
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 794


def test_each_table_of_a_leaderboard_sorts_by_itself(visit, leaderboard):
    page = visit(leaderboard)
    first, other = page.locator("table.board").all()

    def read(table):
        return table.locator("tbody tr:first-child td:nth-child(4)").all_inner_texts()

    assert read(first) == ["93.0%", "92.0%", "91.0%", "91.0%", "85.0%", "85.0%"]
    first.locator("button", has_text="time").click()
    assert read(first) == ["91.0%", "91.0%", "93.0%", "92.0%", "85.0%", "85.0%"]
    first.locator("button", has_text="score").click()
    assert read(first) == ["93.0%", "92.0%", "91.0%", "91.0%", "85.0%", "85.0%"]
    first.locator("button", has_text="score").click()
    assert read(first) == ["85.0%", "85.0%", "91.0%", "91.0%", "92.0%", "93.0%"]
    first.locator("button", has_text="run").click()
    runs = first.locator("td.run").all_inner_texts()
    assert runs == sorted(runs)
    assert read(other) == ["91.0%", "91.0%", "85.0%"]


def test_a_row_of_a_leaderboard_opens_to_all_its_settings(visit, leaderboard):
    page = visit(leaderboard, viewport={"width": 390, "height": 800})
    page.locator("details.row summary").first.click()
    told = page.locator("tr.all:visible").inner_text()
    assert all(text in told for text in ("cnn_small", "learning rate", "imgcls-automl 0.1.0"))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_an_evaluation_fits_the_screen_and_answers_clicks(
    visit, tmp_path, finished_run, width, scheme
):
    ids = [f"{number}.png" for number in range(200)]
    made = make_evaluation(tmp_path / "new", ids, classes=["benign", "malignant"], positive=1)
    write_evaluation_page(tmp_path / "page.html", made, finished_run.path)
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    page = visit(tmp_path / "page.html", **options)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".thresholds svg").count() == 2
    for name in ("metrics", "points"):  # they need no scrolling
        table = page.locator(f"table.{name}")
        wide, room = table.evaluate("it => [it.scrollWidth, it.parentNode.clientWidth]")
        assert wide <= room
    cell = page.locator(".matrix td.right").first
    before = cell.inner_text()
    page.locator("label[for=as-shares]").click()
    assert cell.inner_text() != before
    page.locator(".classes thead button", has_text="recall").click()
    recalls = page.locator(".classes tbody td:nth-child(4) b").all_inner_texts()
    assert recalls == sorted(recalls, key=lambda it: float(it.rstrip("%")))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_never_wider_than_the_screen(visit, report, width):
    page = visit(report, viewport={"width": width, "height": 800})
    for fold in page.locator("details.fold summary").all():
        fold.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_its_script_all_but_sorting_and_figures_works(visit, report):
    page = visit(report, java_script_enabled=False)
    page.locator(".matrix td.wrong a").first.click()
    assert page.locator(".behind:visible img").count() > 0
    page.locator("details.row summary").first.click()
    assert page.locator("#board tr.all").first.is_visible()


def test_nothing_that_data_wrote_is_obeyed(visit, tmp_path, run_folder, digits_test):
    run = type(run_folder)(tmp_path / "hostile", class_names=HOSTILE, data=HOSTILE[1])
    run.write_run(best_trial=0).write_trial(0, model={HOSTILE[0]: HOSTILE[1]})
    run.write_trial(1, state="failed", score=None, epochs=0, cause=HOSTILE[2])
    ids = [f"{HOSTILE[number % 10]}{number}" for number in range(len(digits_test.ids))]
    run.write_best(digits_test.labels, digits_test.probabilities, ids)
    shown = make_shown(digits_test.labels, digits_test.probabilities, ids)
    write_shown_pictures(run.path / "best", shown)
    page = visit(write_report(run.path))
    page.locator(".matrix td.wrong a").first.click()
    assert page.evaluate("window.hacked") is None
    assert page.locator("script").count() == 1
    assert page.locator("img:not([src^='data:image/'])").count() == 0
    assert page.evaluate(
        "[...document.querySelectorAll('*')].every(it => "
        "[...it.attributes].every(that => !that.name.startsWith('on')))"
    )
    assert HOSTILE[1] in page.locator("#board tr.all").first.text_content()


def test_five_hundred_names_change_no_element_that_a_browser_makes(visit, named_runs):
    shapes = []
    for folder in named_runs:
        page = visit(write_report(folder))
        shapes.append(
            page.evaluate(
                "[...document.querySelectorAll('*')].map(it => "
                "[it.localName, ...it.getAttributeNames(), it.getAttribute('href')])"
            )
        )
    hostile, harmless = shapes
    assert hostile == harmless
