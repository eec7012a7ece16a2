"""The tab Scores: which evaluations it finds, what it reads of them, and what it says where it cannot."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.page_session import DESKTOP, PHONE, axe
from qa.errors import InputError
from qa.evals.compare import baseline_rows
from qa.evals.data.questions import ReferenceQuestion
from qa.evals.report.html import figures_html
from qa.evals.report.tables import tables
from qa.evals.results import Evaluation, Ranked, Row
from qa.ui.scores_tab import describe, read_evaluation, recorded_at, result_files, scores_html

KELP, FOG = "Kelp Counted from Kites", "Fog Horns That Learn"


def row(id: str, kind: str = "fact", *, good: bool = True, likelihood: float = 0.8) -> Row:
    is_answerable = kind != "none"
    asked = ReferenceQuestion(
        id=id, kind=kind, question=f"What of {id}?", papers=(KELP,) if is_answerable else (), split="test"
    )
    search = dict.fromkeys(("hit@1", "hit@5", "hit@20", "MRR", "recall@10"), float(good))
    said = dict.fromkeys(("cited precision", "cited recall", "cited F1", "key facts"), float(good))
    scores = {**search, **said, "refused wrongly": float(not good)} if is_answerable else {"refused": float(good)}
    found = good if is_answerable else not good
    ranked = (Ranked(title=KELP, rank=1, score=4.0, words=3.0, meaning=2.0, passages=1.0, wanted=is_answerable),)
    return Row(question=asked, scores=scores, likelihood=likelihood, found=found, ranked=ranked)


WHOLE = Evaluation(
    mode="quotes", split="test", questions="questions.jsonl", papers=3, fingerprint="0a1b2c3d4e5f6071",
    rows=(row("a"), row("b", good=False, likelihood=0.3), row("c", "find"), row("d", "none", likelihood=0.1), row("e", "none", good=False)),
)  # fmt: skip


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A checkout's evaluations: rows kept for the gate, with their questions in the folder above."""
    folder = tmp_path / "evals" / "results"
    folder.mkdir(parents=True)
    lines = [
        json.dumps({"id": r.question.id, "kind": r.question.kind, "question": r.question.question,
                    "papers": list(r.question.papers), "split": "test"})
        for r in WHOLE.rows
    ]  # fmt: skip
    (folder.parent / "questions.jsonl").write_text("\n".join(lines))
    save(folder / "quotes-test.json", baseline_rows(WHOLE))
    return folder


def save(path: Path, values: object, age: int = 0) -> None:
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    os.utime(path, (1_760_000_000 - age, 1_760_000_000 - age))


# Which files there are


def test_quotes_of_the_test_half_come_first_then_the_newest(results):
    save(results / "search-dev.json", baseline_rows(WHOLE), age=10)
    save(results / "mine.json", baseline_rows(WHOLE), age=5)
    save(results / "quotes-test.json", baseline_rows(WHOLE), age=99)
    (results / "history.jsonl").write_text("{}")
    (results / "folder.json").mkdir()
    assert list(result_files(results)) == ["quotes-test.json", "mine.json", "search-dev.json"]


def test_no_folder_has_no_evaluation(tmp_path):
    assert result_files(tmp_path / "nowhere") == {}
    html = scores_html(tmp_path / "nowhere")
    assert "No evaluation found" in html
    assert "<code>qa eval --update-baseline</code>" in html
    assert "<select" not in html


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("quotes-test.json", "answers made of quotes, test questions"),
        ("replay-dev.json", "recorded answers of a language model, development questions"),
        ("search-all.json", "search alone, all questions"),
        ("mine.json", "mine.json"),
        ("quotes-<b>.json", "quotes-<b>.json"),
    ],
)
def test_file_is_told_in_words(name, told):
    assert describe(name) == told


# What is read


def test_kept_rows_are_read_with_their_questions(results):
    found = read_evaluation(results / "quotes-test.json")
    assert [r.question.kind for r in found.rows] == ["fact", "fact", "find", "none", "none"]
    assert tables(found) == tables(replace(WHOLE, rows=tuple(replace(r, ranked=()) for r in WHOLE.rows)))


def test_whole_evaluation_is_read_as_it_was_saved(results):
    save(results / "mine.json", WHOLE.to_dict())
    assert read_evaluation(results / "mine.json") == WHOLE


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param("{", "x.json is damaged (JSONDecodeError)", id="cut off"),
        pytest.param("[" * 100_000, "x.json is damaged (RecursionError)", id="nested without end"),
        pytest.param("[]", "not a saved evaluation", id="no object"),
        pytest.param({"format": 1, "rows": []}, "not a saved evaluation", id="fields missing"),
        pytest.param({**baseline_rows(WHOLE), "format": 9}, "format 9", id="another format"),
        pytest.param({**baseline_rows(WHOLE), "rows": {"z": {"scores": {}}}}, "1 of the questions", id="unknown question"),
        pytest.param({**baseline_rows(WHOLE), "rows": {"a": {"scores": {"MRR": "<b>"}}}}, "not a saved evaluation", id="no figure"),
    ],
)  # fmt: skip
def test_damaged_file_is_one_sentence_in_place(results, tmp_path, values, told):
    save(results / "x.json", values)
    with pytest.raises(InputError, match=told.replace("(", r"\(").replace(")", r"\)")):
        read_evaluation(results / "x.json")
    html = scores_html(results, "x.json")
    assert html.count('role="alert"') == 1
    assert told in html
    assert "<table" not in html
    assert str(tmp_path) not in html
    assert '<option value="x.json" selected>' in html


def test_questions_that_are_gone_are_told_without_the_folder(results, tmp_path):
    (results.parent / "questions.jsonl").unlink()
    html = scores_html(results)
    assert "questions.jsonl" in html
    assert 'role="alert"' in html
    assert str(tmp_path) not in html


@pytest.mark.parametrize("chosen", [None, 7, [], "", "../questions.jsonl", "/etc/passwd", "nothing.json"])
def test_file_that_is_not_in_the_list_is_not_read(results, chosen):
    assert '<option value="quotes-test.json" selected>' in scores_html(results, chosen)


def test_history_gives_date_and_change_of_just_these_scores(results):
    history = results / "history.jsonl"
    head = {"mode": "quotes", "split": "test", "texts": WHOLE.fingerprint}
    same, other = {"all": {"MRR": 0.6667}}, {"all": {"MRR": 0.7}}
    rows = [
        {**head, "date": "2026-01-01", "change": "first", "scores": same},
        {**head, "date": "2026-01-02", "change": "<b>second</b>", "scores": same},
        {**head, "date": "2026-01-03", "change": "other scores", "scores": other},
        {**head, "date": "2026-01-04", "change": "other half", "split": "dev", "scores": same},
        {**head, "date": "2026-01-05", "change": "other texts", "texts": "ff", "scores": same},
    ]
    history.write_text("\n".join([*map(json.dumps, rows), "", "{broken", "[]"]))
    assert recorded_at(WHOLE, history) == ("2026-01-02", "<b>second</b>")
    html = scores_html(results)
    assert "<dt>recorded</dt><dd>2026-01-02</dd>" in html
    assert "&lt;b&gt;second&lt;/b&gt;" in html
    assert recorded_at(WHOLE, results / "none.jsonl") == ("", "")


# What is shown


def test_tables_plots_and_the_command_are_shown(results):
    html = scores_html(results)
    for title in ("Search", "Answers", "Refusals", "What refusing costs", "What answering risks", "By kind and style"):
        assert f">{title}</h3>" in html
    assert "5 of questions.jsonl" in html
    assert "<code>qa eval --mode quotes --split test --update-baseline</code>" in html
    assert "share of questions with a reference paper found first" in html
    assert html.count('class="plot"') == 6
    assert "How far down the papers lie" not in html


def test_plots_of_ranks_are_shown_where_ranks_were_kept(results):
    save(results / "mine.json", WHOLE.to_dict())
    html = scores_html(results, "mine.json")
    assert "How far down the papers lie" in html
    assert "<dt>papers</dt><dd>3</dd>" in html
    assert "<code>qa eval --json evals/results/mine.json</code>" in html


def test_figures_have_their_own_ids_and_headings_in_order():
    html = figures_html(WHOLE, level=3, prefix="here-")
    ids = [part.split('"')[0] for part in html.split(' id="')[1:]]
    assert len(ids) == len(set(ids))
    assert all(id.startswith("here-") for id in ids)
    assert {part[0] for part in html.split("<h")[1:] if part[0].isdigit()} == {"3", "4"}


def test_file_is_read_anew_when_it_has_changed(results):
    assert "5 of questions.jsonl" in scores_html(results)
    save(results / "quotes-test.json", baseline_rows(replace(WHOLE, rows=WHOLE.rows[:4])), age=1)
    assert "4 of questions.jsonl" in scores_html(results)


def test_file_is_read_anew_when_its_questions_have_changed(results):
    assert "Refusals" in scores_html(results)
    questions = results.parent / "questions.jsonl"
    questions.write_text(
        questions.read_text()
        .replace(
            '"none", "question": "What of d?", "papers": []', f'"fact", "question": "What of d?", "papers": ["{KELP}"]'
        )
        .replace(
            '"none", "question": "What of e?", "papers": []', f'"fact", "question": "What of e?", "papers": ["{KELP}"]'
        )
    )
    os.utime(questions, (1_770_000_000, 1_770_000_000))
    assert "Refusals" not in scores_html(results)


def test_hostile_texts_of_a_file_are_text(results):
    hostile = replace(WHOLE, mode="<script>alert(1)</script>", fingerprint="\x1b[2J<b>")
    save(results / "<img src=x>.json", baseline_rows(hostile))
    html = scores_html(results, "<img src=x>.json")
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html.replace("<b>.", "").replace("<b>1", "")
    assert "\x1b" not in html


# In a browser


@pytest.fixture
def address(results):
    import gradio as gr

    from qa.ui.scores_tab import scores_tab
    from qa.ui.server import launch_page
    from qa.ui.sockets import listen

    with gr.Blocks() as demo, gr.Tabs():
        with gr.Tab("Other"):
            gr.HTML("Another tab.")
        with gr.Tab("Scores"):
            scores_tab(results)
    with launch_page(demo, listen(port=0)) as page:
        yield page.address


def test_evaluation_is_read_when_the_tab_is_opened(address, results, browser_page):
    save(results / "x.json", "{")
    with browser_page(address, ready=False) as tab:
        tab.get_by_role("tab", name="Scores").click()
        tab.get_by_role("table", name="Search").wait_for()
        assert tab.get_by_role("img", name="Risk against coverage").is_visible()
        tab.get_by_text("What rows and columns mean").first.click()
        assert tab.get_by_text("share of questions with a reference paper found first").first.is_visible()
        tab.get_by_label("Evaluation").select_option("x.json")
        tab.get_by_role("alert").wait_for()
        assert "x.json is damaged" in tab.get_by_role("alert").inner_text()
        tab.get_by_role("tab", name="Other").click()
        save(results / "new.json", baseline_rows(WHOLE))
        tab.get_by_role("tab", name="Scores").click()
        tab.locator("option[value='new.json']").wait_for(state="attached")
        assert tab.get_by_label("Evaluation").input_value() == "x.json"
        tab.get_by_label("Evaluation").select_option("quotes-test.json")
        tab.get_by_role("table", name="Refusals").wait_for()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_tab_is_accessible_and_tables_scroll_in_their_own_boxes(address, browser_page, size, dark):
    with browser_page(address, ready=False, size=size, dark=dark) as tab:
        tab.get_by_role("tab", name="Scores").click()
        tab.get_by_role("table", name="Search").wait_for()
        assert axe(tab, ".scores") == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]
        # Which tables are too wide depends on the fonts of the machine; those that are scroll, also by keyboard.
        boxes = "[...document.querySelectorAll('.scores .scroll')].map(box => [box.scrollWidth > box.clientWidth, box.tabIndex])"
        found = tab.evaluate(boxes)
        assert found
        assert all(tab_index == 0 for too_wide, tab_index in found if too_wide)
