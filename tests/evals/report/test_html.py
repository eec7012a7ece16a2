"""The page that an evaluation is written to: what its curves hold, what it lists, and that texts stay texts."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from qa.errors import InputError
from qa.evals.data.questions import ReferenceQuestion
from qa.evals.metrics.curves import hit_curve, refusal_at_5_percent, refusal_curve, risk_area, risk_curve
from qa.evals.report.charts import Axis, Dots, Plot, ticks
from qa.evals.report.html import report_html, write_report
from qa.evals.report.plots import kinds_panel, refusal_panel, risk_panel, search_panel
from qa.evals.report.tables import decisions, tables
from qa.evals.results import Evaluation, Ranked, Row
from qa.evals.runs.baselines import COPY

KELP, FOG, OWLS = "Kelp Counted from Kites", "Fog Horns That Learn", "Owls on the Night Shift"


def question(id: str, kind: str = "fact", papers: tuple[str, ...] = (KELP,), **values) -> ReferenceQuestion:
    papers = () if kind == "none" else papers
    texts = {"question": f"What of {id}?", "answer": f"This of {id}.", **values}
    return ReferenceQuestion(id=id, kind=kind, papers=papers, **texts)


def found(*titles: str, wanted: tuple[str, ...] = (KELP,)) -> tuple[Ranked, ...]:
    """Papers ranked in this order, an empty title leaving its rank to nobody."""
    return tuple(
        Ranked(title=t, rank=rank, score=9.0 - rank, words=4.0, meaning=3.0, passages=-0.5, wanted=t in wanted)
        for rank, t in enumerate(titles, 1)
        if t
    )


def searched(id: str, *titles: str, reason: str = "", **values) -> Row:
    asked = question(id, **values)
    scores = {f"hit@{k}": float(KELP in titles[:k]) for k in (1, 5, 20)}
    return Row(
        question=asked,
        scores={**scores, "MRR": 0.5, "recall@10": 1.0} if asked.is_answerable else {},
        baselines=dict.fromkeys(("BM25 alone", "vectors alone"), scores) if asked.is_answerable else {},
        ranked=found(*titles),
        asked=asked.question,
        reason=reason,
    )


def answered(row: Row, likelihood: float, is_found: bool = True, reason: str = "", **values) -> Row:
    scores = {"cited precision": 0.5, "cited recall": 1.0, "cited F1": 0.7, "key facts": 1.0, "refused wrongly": 0.0}
    if not row.question.is_answerable:
        scores = {"refused": float(not is_found)}
    return replace(
        row, scores=row.scores | scores, likelihood=likelihood, found=is_found, reason=reason, **{"text": "So. [1]", **values}
    )  # fmt: skip


def evaluation(*rows: Row, mode: str = "quotes") -> Evaluation:
    return Evaluation(
        mode=mode, split="dev", questions="/home/somebody/shore.jsonl", papers=3, fingerprint="0a1b2c3d4e5f6071", rows=rows
    )  # fmt: skip


PASSING = answered(searched("passing", KELP, FOG), 0.9, cited=(KELP,))
REFUSED = answered(searched("refused", FOG, KELP), 0.2, False, "refused, but the abstracts say", text="Nobody says.")
EXTRA = answered(
    searched("extra", KELP, FOG, facts=(("three", "3"), ("so",))), 0.8, cited=(KELP, FOG),
    reason=f"cites “{FOG}” besides; does not state “three”",
)  # fmt: skip
MISSED = answered(searched("missed", FOG), 0.7, cited=(FOG,), reason=f"does not cite “{KELP}” (rank beyond 100)")
INVENTED = answered(
    searched("invented", FOG, OWLS, kind="none", near=OWLS), 0.6, reason="answered, but the abstracts do not say"
)
SILENT = answered(searched("silent", OWLS, kind="none"), 0.1, False, text="Nobody says.")
BROKEN = Row(question=question("broken", "chat"), scores={}, reason="error: the line is cut", error="the line is cut")
LATER = answered(
    searched(
        "later", OWLS, "", "", "", "", "", KELP, kind="multi", papers=(KELP, FOG),
        history=({"role": "user", "content": "Who counts kelp?"}, {"role": "assistant", "content": "A kite [1]."}),
    ), 0.5, reason="does not cite", asked="What of later, which a kite counts?",
)  # fmt: skip
ALL = evaluation(PASSING, REFUSED, EXTRA, MISSED, INVENTED, SILENT, BROKEN, LATER)


class Page(HTMLParser):
    """What a piece of markup holds: its elements with their attributes, and its text. Every element must be closed."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(attrs) == len(dict(attrs)), f"{tag} has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]

    def count(self, tag: str, **attributes: str) -> int:
        wanted = attributes.items()
        return sum(t == tag and all(attrs.get(n) == v for n, v in wanted) for t, attrs in self.elements)


def case(html: str, id: str) -> str:
    """The markup of one failing question."""
    return next(found for found in re.findall(r'<details class="case.*?</details>', html, re.S) if f">{id}<" in found)


# Curves


def test_hit_curve_rises_where_the_first_reference_paper_lies():
    rows = [searched("a", KELP), searched("b", FOG, OWLS, KELP), searched("c", FOG), searched("d", FOG, kind="none")]
    curve = hit_curve(rows, ks=(1, 2, 3, 100))
    assert [(k, round(figure.value, 4), figure.count) for k, figure in curve] == [
        (1, 0.3333, 3), (2, 0.3333, 3), (3, 0.6667, 3), (100, 0.6667, 3),
    ]  # fmt: skip


def test_recall_curve_rises_with_every_reference_paper():
    rows = [searched("a", KELP, OWLS, "", FOG, kind="multi", papers=(KELP, FOG)), BROKEN]
    assert [figure.value for _, figure in hit_curve(rows, recall=True, ks=(1, 3, 4))] == [0.25, 0.25, 0.5]
    assert [figure.value for _, figure in hit_curve(rows, ks=(1, 3, 4))] == [0.5, 0.5, 0.5]


def test_hit_curve_of_no_answerable_question_is_empty():
    assert hit_curve([SILENT]) == []


LIKELIHOODS = np.array([0.9, 0.8, 0.6, 0.3, 0.3, 0.1])
ANSWERABLE = np.array([True, True, True, True, False, False])


def test_refusal_curve_climbs_with_the_threshold():
    assert refusal_curve(LIKELIHOODS, ANSWERABLE) == [
        (0, 0), (0, 0.5), (0.25, 1), (0.5, 1), (0.75, 1), (1, 1),
    ]  # fmt: skip
    assert refusal_at_5_percent(LIKELIHOODS, ANSWERABLE) == (0.0, 0.5)


def test_risk_curve_counts_unanswerable_questions_among_those_answered():
    curve = risk_curve(LIKELIHOODS, ANSWERABLE)
    assert [coverage for coverage, _ in curve] == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])
    assert [risk for _, risk in curve] == pytest.approx([0, 0, 0, 0.5 / 4, 1 / 5, 2 / 6])


def test_risk_curve_does_not_depend_on_the_order_of_equals():
    assert risk_curve(LIKELIHOODS[::-1], ANSWERABLE[::-1]) == risk_curve(LIKELIHOODS, ANSWERABLE)


def test_area_is_the_mean_risk_within_its_interval():
    area = risk_area(LIKELIHOODS, ANSWERABLE)
    assert area.value == pytest.approx((0.5 / 4 + 1 / 5 + 2 / 6) / 6)
    assert area.low <= area.value <= area.high
    assert area.count == 6


def test_error_is_the_wrong_decision():
    likelihoods, answerable, is_found = decisions([PASSING, BROKEN, SILENT])
    assert (likelihoods.tolist(), answerable.tolist(), is_found.tolist()) == (
        [0.9, 0.0, 0.1], [True, True, False], [True, False, False],
    )  # fmt: skip


# Plots


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        pytest.param(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1], id="whole"),
        pytest.param(0.72, 1, [0.7, 0.8, 0.9, 1], id="upper part"),
        pytest.param(0.44, 1, [0.4, 0.6, 0.8, 1], id="more than half"),
        pytest.param(0, 0.287, [0, 0.1, 0.2, 0.3], id="lower part"),
        pytest.param(0, 0, [0, 0.1], id="nothing"),
        pytest.param(0.3, 0.3, [0.3, 0.4], id="a tick"),
    ],
)
def test_ticks_are_round_and_enclose_the_values(low, high, expected):
    assert ticks(low, high) == expected


def test_logarithmic_axis_has_10_midway_between_1_and_100():
    axis = Axis(label="k", ticks=(1, 10, 100), log=True)
    assert [axis.part(value) for value in (0, 1, 10, 100, 1000)] == pytest.approx([0, 0, 0.5, 1, 1])


def test_path_joins_the_corners_of_the_plot():
    plot = Plot(
        title="", description="", x=Axis(label="", ticks=(0, 1)), y=Axis(label="", ticks=(0, 1)), curves=[]
    )  # fmt: skip
    assert plot.path([(0, 0), (1, 1)]) == "M40.0 208.0L330.0 10.0"
    assert plot.area([(0, 0, 1), (1, 0, 1)]) == "M40.0 10.0L330.0 10.0L330.0 208.0L40.0 208.0Z"


def test_search_panel_has_a_curve_and_the_known_points_of_each_baseline():
    panel = search_panel([PASSING, EXTRA, LATER, SILENT])
    fact, multi = panel.plots
    assert (fact.title, multi.title) == ("fact: hit@k over 2 questions", "multi: recall@k over 1 question")
    assert fact.curves[0].points[0] == (1, 1.0)
    assert [(mark.name, mark.x, mark.y) for mark in fact.marks] == [
        (name, k, 1.0) for name in ("BM25 alone", "vectors alone") for k in (1, 5, 20)
    ]
    assert multi.curves[0].points[-1] == (100, 0.5)


def test_refusal_marks_say_what_was_refused_in_fact():
    marks = {mark.name: (mark.x, mark.y) for mark in refusal_panel(ALL.rows).plots[0].marks}
    assert marks["as run"] == (pytest.approx(2 / 6), 0.5)
    risk = risk_panel(ALL.rows)
    assert [(mark.x, mark.y) for mark in risk.plots[0].marks] == [pytest.approx((5 / 8, 1 / 5))]
    assert "the area under the curve is " in risk.caption


@pytest.mark.parametrize("rows", [(PASSING, REFUSED), (SILENT,), (BROKEN,), ()], ids=["yes", "no", "error", "none"])
def test_refusals_need_questions_of_both_kinds(rows):
    assert refusal_panel(rows) is None
    assert risk_panel(rows) is None


def test_scores_by_kind_and_style_have_baselines_beside():
    rows = [replace(PASSING, baselines={**PASSING.baselines, COPY: {"cited F1": 0.25}}), REFUSED]
    panel = kinds_panel(tables(evaluation(*rows)))
    plots = {plot.title: plot for plot in panel.plots if isinstance(plot, Dots)}
    assert list(plots) == ["hit@1", "cited F1", "key facts", "refused wrongly (less is better)"]
    assert [(dot.name, dot.part, dot.figure.value) for dot in plots["hit@1"].dots] == [
        ("fact", "kind", 0.5), ("plain", "style", 0.5),
    ]  # fmt: skip
    assert [(mark.name, mark.x) for mark in plots["cited F1"].dots[0].beside] == [(COPY, 0.25)]


# The page


@pytest.fixture(scope="module")
def html() -> str:
    return report_html(ALL)


def test_head_names_the_run_and_no_folder(html):
    head = Page(html[: html.index("</header>")].split("<header>")[1]).text
    for told in (
        "mode quotes",
        "split dev",
        "file shore.jsonl",
        "questions 8",
        "failing 6",
        "papers 3",
        "2,000 bootstrap resamples",
    ):
        assert told in head
    assert "somebody" not in html


def test_failing_questions_are_listed_by_kind_and_passing_ones_are_not(html):
    listed = re.findall(r'<section class="kind">\s*<h3>(\w+)|<span>(\w+)</span></span></summary>', html)
    assert ["".join(names) for names in listed] == [
        "fact", "refused", "extra", "missed", "multi", "later", "none", "invented", "chat", "broken",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("id", "told"),
    [
        pytest.param("refused", ["refused wrongly", "refused, but the abstracts say", "Nobody says."], id="refused"),
        pytest.param(
            "extra",
            ["extra paper cited", "fact missing", f"{FOG} ✗ not wanted", "three / 3 ✗ missing", "so ✓ stated"],
            id="extra",
        ),
        pytest.param("missed", ["paper not cited", "(rank beyond 100)", f"{KELP} not found"], id="missed"),
        pytest.param("invented", ["answered wrongly", f"“{OWLS}” does not give", "lacks the detail"], id="invented"),
        pytest.param("broken", ["error", "the line is cut"], id="broken"),
        pytest.param(
            "later",
            ["user: Who counts kelp?", "Searched for as What of later, which a kite counts?", f"{KELP} rank 7"],
            id="later",
        ),
    ],
)
def test_failing_question_says_why(html, id, told):
    text = Page(case(html, id)).text
    for words in told:
        assert words in text


def test_ranking_shows_the_parts_of_the_scores(html):
    assert "7 Kelp Counted from Kites wanted 2.0 +4.0 +3.0 -0.5" in Page(case(html, "later")).text


def test_faults_are_counted(html):
    labels = re.findall(r'<label for="show-\d">([\w ]+) <small>(\d+)</small>', html)
    assert labels == [
        ("any fault", "6"), ("error", "1"), ("refused wrongly", "1"), ("answered wrongly", "1"), ("paper not cited", "2"),
        ("extra paper cited", "2"), ("fact missing", "1"),
    ]  # fmt: skip


def test_plots_are_named_and_described(html):
    page = Page(html)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert page.count("svg", role="img") == len(re.findall("<desc", html)) == 9
    for named in page.attributes("aria-labelledby"):
        assert set(named.split()) <= set(ids)
    for target in page.attributes("href"):
        assert target == "data:," or target.removeprefix("#") in ids


def test_tables_have_headers_with_a_scope(html):
    page = Page(html)
    assert page.count("table") == 4 + 5
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in page.elements if tag == "th")


def fetches(html: str) -> list[str]:
    """Whatever in a page runs or comes from elsewhere."""
    page = Page(html)
    bad = [tag for tag, _ in page.elements if tag in ("script", "img", "iframe", "object", "embed", "base", "form")]
    for tag, attrs in page.elements:
        bad += [
            f"{tag} {name}" for name in attrs if name.startswith("on") or name in ("src", "srcset", "action", "style")
        ]
        bad += [
            f"{tag} {name}={attrs[name]}"
            for name in ("href", "xlink:href")
            if name in attrs and not re.match("#|data:,$", attrs[name] or "")
        ]
    style = "".join(re.findall(r"<style>(.*?)</style>", html, re.S))
    return bad + re.findall(r"url\(|@import|https?:", style)


def test_page_fetches_nothing_and_says_so(html):
    assert fetches(html) == []
    policy = Page(html).attributes("content")[0]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert "script-src" not in policy


HOSTILE = {
    "script": ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    "closing tags": ("</title></style></p></details>", "</title></style></p></details>"),
    "image": ('"><img src=x onerror=alert(2)>', '"><img src=x onerror=alert(2)>'),
    "attribute": ("' onmouseover='alert(3)", "' onmouseover='alert(3)"),
    "link": ("javascript:alert(4) http://a.test/", "javascript:alert(4) http://a.test/"),
    "expression": ("{{ 7*7 }} {% raw %} {# gone #}", "{{ 7*7 }} {% raw %} {# gone #}"),
    "entity": ("&lt;b&gt; &amp;#60;", "&lt;b&gt; &amp;#60;"),
    "control characters": ("a\x00b\x1b[31mc\x7fd\re", "a\\x00b\\x1b[31mc\\x7fd\\x0de"),
    "bidi override": ("pay\u202eetad\u2066", "pay\\u202eetad\\u2066"),
    "lone surrogate": ("half \ud83d face", "half \\ud83d face"),
}


@pytest.mark.parametrize(("hostile", "seen"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_comes_out_as_text(hostile, seen, tmp_path):
    asked = ReferenceQuestion(
        id=hostile, kind="chat", question=hostile, history=({"role": hostile, "content": hostile},), answer=hostile,
        facts=((hostile,),), papers=(hostile,), near=hostile, style=hostile, split=hostile,
    )  # fmt: skip
    row = Row(
        question=asked, scores={hostile: 1.0, "hit@1": 1.0}, ranked=found(hostile, wanted=(hostile,)), reason=hostile,
        asked=f"{hostile}?", text=hostile, cited=(hostile,), found=True, likelihood=0.5, baselines={hostile: {"hit@1": 1.0}},
    )  # fmt: skip
    broken = replace(row, found=None, error=hostile)
    run = Evaluation(mode=hostile, split=hostile, questions=hostile, papers=1, fingerprint=hostile, rows=(row, broken))
    html = write_report(run, tmp_path).read_text(encoding="utf-8")
    assert fetches(html) == []
    page = Page(html)
    assert page.text.count(" ".join(seen.split())) >= 15
    assert page.count("details") == Page(report_html(evaluation(row, broken))).count("details")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)


def test_search_mode_leaves_out_what_was_not_measured():
    rows = [
        searched("first", KELP),
        searched("low", FOG, KELP, reason=f"“{KELP}” has rank 2"),
        searched("no", kind="none"),
    ]
    html = report_html(evaluation(*rows, searched("lost", FOG, reason="not among the first 100"), mode="search"))
    page = Page(html)
    assert "How well papers are found" in page.text
    assert set(page.attributes("id")) >= {"tables", "curves", "kinds", "failing"}
    assert not set(page.attributes("id")) & {"refusals", "risk"}
    assert "What was answered" not in page.text
    assert "paper ranked low" in Page(case(html, "low")).text
    assert "paper not found" in Page(case(html, "lost")).text


def test_evaluation_without_rows_is_a_page_that_says_so():
    page = Page(report_html(evaluation()))
    assert "No question was asked" in page.text
    assert page.count("svg") == page.count("table") == page.count("details") == page.count("nav") == 0


def test_evaluation_without_failures_has_no_list_of_them():
    page = Page(report_html(evaluation(PASSING, SILENT)))
    assert "failing" not in page.attributes("id")
    assert "refusals" in page.attributes("id")


# The file


def test_folder_is_made_and_the_old_page_replaced_in_one_step(tmp_path):
    folder = tmp_path / "results" / "dev"
    target = write_report(evaluation(), folder)
    assert target == folder / "index.html"
    with target.open(encoding="utf-8") as old:
        write_report(evaluation(PASSING), folder)
        assert "No question was asked" in old.read()
    assert target.read_text(encoding="utf-8") == report_html(evaluation(PASSING))
    assert [path.name for path in folder.iterdir()] == ["index.html"]


def test_file_in_place_of_the_folder_is_told(tmp_path):
    folder = tmp_path / "results"
    folder.write_text("not a folder")
    with pytest.raises(InputError) as error:
        write_report(evaluation(), folder)
    assert str(error.value) == (
        f"The report cannot be written to {folder / 'index.html'} (File exists). Name a folder that you may write to."
    )
    assert folder.read_text() == "not a folder"


def test_page_that_cannot_be_replaced_leaves_nothing_behind(tmp_path):
    (tmp_path / "index.html").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_report(evaluation(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
