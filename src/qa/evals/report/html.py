"""Writes an evaluation as one HTML page: its figures, its curves, and every failing question with its reasons.

The page fetches nothing and runs no script; texts of questions, answers and titles are shown in it, never obeyed.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from qa.documents.paper import title_key
from qa.errors import InputError
from qa.evals.data.questions import KINDS, facts_missing
from qa.evals.metrics.measures import RESAMPLES, Score
from qa.evals.metrics.scorers import wanted_keys, without_markers
from qa.evals.report.charts import HEIGHT, LINE, NAMES, WIDTH, form
from qa.evals.report.plots import kinds_panel, refusal_panel, risk_panel, search_panel
from qa.evals.report.tables import LOWER_IS_BETTER, Table, short, tables
from qa.evals.results import Evaluation, Ranked, Row

BEST = 5
"""How many of the papers found a failing question shows, besides those wanted or cited."""
FAULTS: dict[str, Callable[[Row], bool]] = {
    "error": lambda row: bool(row.error),
    "refused wrongly": lambda row: row.question.is_answerable and row.found is False,
    "answered wrongly": lambda row: not row.question.is_answerable and row.found is True,
    "paper not cited": lambda row: _gives(row) and not wanted_keys(row.question) <= _cited(row),
    "extra paper cited": lambda row: _gives(row) and not _cited(row) <= wanted_keys(row.question),
    "fact missing": lambda row: _gives(row) and bool(_missing(row)),
    "paper not found": lambda row: (
        row.found is None and not row.error and not wanted_keys(row.question) <= _wanted(row)
    ),
    "paper ranked low": lambda row: row.found is None and not row.error and wanted_keys(row.question) <= _wanted(row),
}
"""What can be wrong with a failing row; it may be several things."""
GLANCE = (
    ("Search", "all", "hit@1", "reference paper found first"),
    ("Search", "all", "recall@10", "reference papers in the first ten"),
    ("Answers", "all", "cited F1", "cited papers (F1)"),
    ("Answers", "all", "key facts", "key facts stated"),
    ("Refusals", "unanswerable", "recall", "unanswerable, refused"),
    ("Refusals", "unanswerable", "wrong", "answerable, refused"),
)
"""The figures to see first: table, row, column, and what to call them."""
MEANINGS = {
    "fact": "asks for a fact that one abstract gives",
    "find": "describes a paper without the words of its title",
    "multi": "needs several papers",
    "none": "the abstracts do not say",
    "chat": "the last turn of a conversation",
    "off the topic": "nothing in the collection is about it (compared with the answerable questions)",
    "missing detail": "a paper is about it, but its abstract lacks the detail (likewise)",
    "BM25 alone": "the same search by words only",
    "vectors alone": "the same search by the meaning of abstracts only",
    "copy the best abstract": "an answer that is the whole abstract of the paper found first, and never refuses",
    "hit@1": "share of questions with a reference paper found first",
    "hit@5": "… with one among the first five",
    "hit@20": "… with one among the first twenty",
    "MRR": "mean of 1 / the rank of the first reference paper",
    "recall@10": "share of a question’s reference papers among the first ten",
    "cited precision": "share of the cited papers that are reference papers",
    "cited recall": "share of the reference papers that are cited",
    "cited F1": "the harmonic mean of these two, question by question",
    "key facts": "share of the facts of the reference answer that are stated, in any accepted spelling",
    "refused wrongly": "share of the answerable questions that were refused",
    "AUC": "how often an answerable question has a higher likelihood than an unanswerable one",
    "recall at 5 % wrong": "share of the unanswerable questions refused where one answerable one in twenty is",
    "recall": "share of the unanswerable questions that were refused",
    "precision": "share of the refusals that were right",
    "F1": "the harmonic mean of recall and precision",
    "wrong": "share of the answerable questions that were refused",
    "nearest named": "of right refusals for want of a detail, the share that name the paper that lacks it",
    "quotes verbatim": "share of the quotes that occur verbatim in the abstract",
    "quoted": "share of the sentences that are quotes",
    "supported": "… that what they cite supports",
    "weak": "… that what they cite supports in part",
    "unsupported": "… that what they cite does not support",
    "absent": "… that say what the abstracts do not state",
    "words": "words of an answer; refusals are not counted",
    "concise": "1 up to 120 words, then 120 / words",
    "seconds": "from question to answer",
}
"""The rows and columns of the tables, for readers who do not know the field's terms."""

_HERE = Path(__file__).parent
# As on a terminal: control characters, marks that turn the direction of writing, halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a table: its group, the baseline (empty for this run), and over how many questions most of it is."""

    group: str
    baseline: str
    count: int
    figures: dict[str, Score]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A failing row as the page shows it: each fact's accepted spellings with whether one is stated (None where nothing
    was answered), each reference paper with its rank (None below the depth), each cited paper with whether it was wanted."""

    row: Row
    faults: Sequence[str]
    facts: Sequence[tuple[Sequence[str], bool | None]]
    wanted: Sequence[tuple[str, int | None]]
    cited: Sequence[tuple[str, bool]]
    ranked: Sequence[tuple[Ranked, Sequence[str]]]


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Where the page now is: `index.html` in the folder. The folder is made; a page that is there is replaced in one step.

    InputError where the folder cannot be written.
    """
    page = report_html(evaluation)
    target, new = folder / "index.html", folder / f".index.html.{os.getpid()}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            new.write_text(page, encoding="utf-8", newline="\n")
            os.replace(new, target)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"The report cannot be written to {target} ({error.strerror or error}). Name a folder that you may write to."
        ) from error
    return target


def report_html(evaluation: Evaluation) -> str:
    """The page. Control characters, in whatever text they came, are made visible."""
    cases = [_case(row) for row in evaluation.failures]
    page = (
        _templates()
        .get_template("report.html.j2")
        .render(
            **_figures(evaluation),
            evaluation=evaluation,
            questions=PureWindowsPath(evaluation.questions).name,
            cases={kind: of_kind for kind in KINDS if (of_kind := [c for c in cases if c.row.question.kind == kind])},
            faults={
                name: times for name in (*FAULTS, "other") if (times := sum(name in case.faults for case in cases))
            },
        )
    )
    return _visible(page)


def figures_html(evaluation: Evaluation, *, level: int, prefix: str) -> Markup:
    """The figures to see first, tables and plots of an evaluation, for use in another page; `figures_css` is their style sheet.

    `level` is that of the headings (those of plots are one deeper), and `prefix` begins each id.
    """
    parts: Any = _templates().get_template("figures.html.j2").make_module(_figures(evaluation))
    return Markup(_visible(parts.all_of(level, prefix)))


def figures_css() -> str:
    """The style sheet of `figures_html`; it leaves the colours to the page (its first lines name them)."""
    return (_HERE / "figures.css").read_text(encoding="utf-8")


def _visible(page: str) -> str:
    """A page with its control characters made visible."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", page)


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _figures(evaluation: Evaluation) -> dict[str, Any]:
    """What the templates need for tables and plots."""
    found, rows = tables(evaluation), evaluation.rows
    figures = {table.title: table.rows for table in found}
    ranked = any(row.ranked for row in rows)  # rows that were kept for a gate do not say how papers ranked
    panels = [search_panel(rows) if ranked else None, refusal_panel(rows), risk_panel(rows), kinds_panel(found)]
    return {
        "resamples": RESAMPLES,
        "glance": [
            (told, figures[table][row][column])
            for table, row, column, told in GLANCE
            if column in figures.get(table, {}).get(row, {})
        ],
        "tables": [(table, _lines(table)) for table in found],
        "meanings": MEANINGS,
        "lower_is_better": LOWER_IS_BETTER,
        "panels": [panel for panel in panels if panel],
        "short": short,
        "form": form,
        "size": {"width": WIDTH, "height": HEIGHT, "line": LINE, "names": NAMES},
    }


def _lines(table: Table) -> list[Line]:
    lines: list[Line] = []
    for name, row in table.rows.items():
        group, _, baseline = name.partition(", ")
        lines.append(Line(group=group, baseline=baseline, count=next(iter(row.values())).count, figures=row))
    return lines


def _case(row: Row) -> Case:
    question, wanted, cited = row.question, wanted_keys(row.question), _cited(row)
    missing = _missing(row)
    ranks = {title_key(paper.title): paper.rank for paper in reversed(row.ranked)}
    near = title_key(question.near) if question.near else None
    ranked: list[tuple[Ranked, list[str]]] = []
    for paper in row.ranked:
        key = title_key(paper.title)
        signs = {"wanted": key in wanted, "lacks the detail": key == near, "cited": key in cited}
        told = [sign for sign, holds in signs.items() if holds]
        if told or paper.rank <= BEST:
            ranked.append((paper, told))
    return Case(
        row=row,
        faults=[name for name, holds in FAULTS.items() if holds(row)] or ["other"],
        facts=[(fact, fact not in missing if row.found else None) for fact in question.facts],
        wanted=[(title, ranks.get(title_key(title))) for title in question.papers],
        cited=[(title, title_key(title) in wanted) for title in row.cited],
        ranked=ranked,
    )


def _gives(row: Row) -> bool:
    """Whether there is an answer to a question that has one."""
    return row.question.is_answerable and row.found is True


def _missing(row: Row) -> list[Sequence[str]]:
    """The facts that the answer does not state, judged as its score is."""
    return facts_missing(row.question.facts, without_markers(row.text))


def _cited(row: Row) -> set[str]:
    return {title_key(title) for title in row.cited}


def _wanted(row: Row) -> set[str]:
    """The reference papers that were found."""
    return {title_key(paper.title) for paper in row.ranked if paper.wanted}
