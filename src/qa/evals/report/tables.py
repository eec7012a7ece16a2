"""The scores of an evaluation by kind and style, with their intervals, and as plain text."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from qa.evals.data.questions import STYLES
from qa.evals.metrics.measures import Array, Estimate, Score, Truth, mean, refusals
from qa.evals.metrics.scorers import SUPPORTS
from qa.evals.results import Evaluation, Row
from qa.evals.runs.baselines import BASELINES, COPY

Estimates = dict[tuple[str, str], Estimate]
"""Scores by group and measure: ("fact", "hit@1")."""

KIND_GROUPS: dict[str, Callable[[Row], bool]] = {
    "fact": lambda row: row.question.kind == "fact",
    "find": lambda row: row.question.kind == "find",
    "fact and find": lambda row: row.question.kind in ("fact", "find"),
    "multi": lambda row: row.question.kind == "multi",
    "chat": lambda row: row.question.kind == "chat",
    "all": lambda _: True,
}
STYLE_GROUPS: dict[str, Callable[[Row], bool]] = {
    style: (lambda row, style=style: row.question.style == style) for style in STYLES
}
REFUSAL_GROUPS: dict[str, Callable[[Row], bool]] = {
    "unanswerable": lambda _: True,
    "off the topic": lambda row: row.question.is_answerable or not row.question.near,
    "missing detail": lambda row: row.question.is_answerable or bool(row.question.near),
}
"""Each with all answerable questions, which are those that may be refused wrongly."""

SEARCH = ("hit@1", "hit@5", "hit@20", "MRR", "recall@10")
ANSWERS = ("cited precision", "cited recall", "cited F1", "key facts", "refused wrongly")
REFUSALS = ("AUC", "recall at 5 % wrong", "recall", "precision", "F1", "wrong", "nearest named")
RECEIPTS = ("quotes verbatim", *SUPPORTS)
RUN_COSTS = ("seconds", "tokens in", "tokens out", "cost")
EFFORT = ("words", "concise", *RUN_COSTS)
MANNERS = frozenset({"quoted", "supported", "weak", "absent"})
"""Supports that are neither better nor worse by themselves, and are not compared."""
LOWER_IS_BETTER = frozenset({"refused wrongly", "wrong", "unsupported", "words", *RUN_COSTS})


@dataclass(frozen=True, kw_only=True)
class Table:
    """Figures by row and column."""

    title: str
    rows: dict[str, dict[str, Score]]

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(name for row in self.rows.values() for name in row))

    def to_dict(self) -> dict[str, Any]:
        return {name: {column: asdict(figure) for column, figure in row.items()} for name, row in self.rows.items()}


def estimates(rows: Sequence[Row], baseline: str | None = None) -> Estimates:
    """All scores of some rows by group and measure, of the assistant or of a baseline; a group without a score is absent."""
    found: Estimates = {}
    for group, belongs in {**KIND_GROUPS, **STYLE_GROUPS}.items():
        scores = [row.baselines.get(baseline, {}) if baseline else row.scores for row in rows if belongs(row)]
        for measure in (*SEARCH, *ANSWERS, *RECEIPTS, *EFFORT):
            values = [score[measure] for score in scores if measure in score]
            if values:
                found[group, measure] = mean(values)
    for group, belongs in REFUSAL_GROUPS.items() if baseline is None else ():
        for measure, estimate in _refusals([row for row in rows if belongs(row)]).items():
            found[group, measure] = estimate
    return found


def tables(evaluation: Evaluation) -> list[Table]:
    """The results of an evaluation with baselines: search, answers, styles, refusals, statement checks."""
    ours = estimates(evaluation.rows)
    beside = {name: estimates(evaluation.rows, name) for name in (*BASELINES, COPY)}
    found = [
        Table(title="Search", rows=_with_baselines(KIND_GROUPS, SEARCH, ours, beside, BASELINES)),
        Table(title="Answers", rows=_with_baselines(KIND_GROUPS, (*ANSWERS, "words"), ours, beside, [COPY])),
        Table(title="By style", rows=_part(STYLE_GROUPS, ("hit@1", "hit@5", "MRR", *ANSWERS), ours)),
        Table(title="Refusals", rows=_part(REFUSAL_GROUPS, REFUSALS, ours)),
        Table(title="Statement checks and effort", rows=_part(["all"], _statement_checks(ours), ours)),
    ]
    return [table for table in found if table.rows]


def table_text(table: Table) -> str:
    """A table for a terminal: a line a row, each figure with its interval, the number of questions behind the name."""
    width = max(len(_named(name, row)) for name, row in table.rows.items()) + 2
    columns = table.columns
    cells = {name: [figure_text(row.get(column)) for column in columns] for name, row in table.rows.items()}
    widths = [max(len(column), *(len(cells[name][i]) for name in cells)) + 2 for i, column in enumerate(columns)]
    lines = [f"{table.title:{width}}" + "".join(f"{c:>{w}}" for c, w in zip(columns, widths, strict=True))]
    for name, row in table.rows.items():
        line = f"{_named(name, row):{width}}" + "".join(f"{c:>{w}}" for c, w in zip(cells[name], widths, strict=True))
        lines.append(line.rstrip())
    return "\n".join(lines)


def figure_text(figure: Score | None) -> str:
    if figure is None or math.isnan(figure.value):
        return ""
    return f"{short(figure.value)} [{short(figure.low)} {short(figure.high)}]"


def short(value: float) -> str:
    """Three digits that matter: .914, 1.00, -.021, 86.2, 1,234."""
    if math.isnan(value):
        return "–"
    if round(abs(value), 3) < 1:
        return f"{value:.3f}".replace("0.", ".", 1)
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"


def _statement_checks(ours: Estimates) -> list[str]:
    """The measures of statement checks and effort, without those supports that no statement has."""
    absent = {support for support in SUPPORTS if ("all", support) in ours and not ours["all", support].value}
    return [measure for measure in (*RECEIPTS, *EFFORT) if measure not in absent]


def decisions(rows: Sequence[Row]) -> tuple[Array, Truth, Truth]:
    """Of the rows with a decision: their likelihoods, whether they are answerable, whether they were answered.

    An error is the wrong decision, with all confidence: an answerable question refused, or another answered.
    """
    decided = [row for row in rows if row.found is not None or row.error]
    truths = [row.question.is_answerable for row in decided]
    pairs = list(zip(decided, truths, strict=True))
    likelihoods = [float(not truth) if row.likelihood is None else row.likelihood for row, truth in pairs]
    answered = [not truth if row.found is None else row.found for row, truth in pairs]
    return np.array(likelihoods, np.float64), np.array(truths, np.bool_), np.array(answered, np.bool_)


def _refusals(rows: Sequence[Row]) -> dict[str, Estimate]:
    if all(row.found is None for row in rows):
        return {}
    named = [row.scores["nearest named"] for row in rows if "nearest named" in row.scores]
    found = refusals(*decisions(rows))
    return {**found, **({"nearest named": mean(named)} if named and found else {})}


def _part(groups: Any, measures: Sequence[str], ours: Estimates) -> dict[str, dict[str, Score]]:
    rows = {
        group: {measure: ours[group, measure].figure() for measure in measures if (group, measure) in ours}
        for group in groups
    }
    return {group: row for group, row in rows.items() if row}


def _with_baselines(
    groups: Any, measures: Sequence[str], ours: Estimates, beside: Mapping[str, Estimates], names: Any
) -> dict[str, dict[str, Score]]:
    rows: dict[str, dict[str, Score]] = {}
    for group in groups:
        rows |= _part([group], measures, ours)
        for name in names:
            part = _part([group], measures, beside[name]).get(group)
            if part and group in rows:
                rows[f"{group}, {name}"] = part
    return rows


def _named(name: str, row: Mapping[str, Score]) -> str:
    return f"  {name} ({max(figure.count for figure in row.values())})"
