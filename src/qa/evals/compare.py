"""Holds an evaluation against an earlier one and against floors: what rose, what fell, and for which questions.

Differences are paired: both evaluations are scored on the questions that both asked, over the same resamples.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from qa.errors import InputError
from qa.evals.metrics.measures import Score
from qa.evals.metrics.scorers import Scores
from qa.evals.report.tables import (
    EFFORT,
    KIND_GROUPS,
    LOWER_IS_BETTER,
    MANNERS,
    REFUSAL_GROUPS,
    RUN_COSTS,
    Estimates,
    estimates,
    figure_text,
    short,
)
from qa.evals.results import FORMAT, Evaluation, Row
from qa.json_types import is_array

GATED = (
    ("all", "MRR"),
    ("all", "recall@10"),
    ("all", "cited F1"),
    ("all", "key facts"),
    ("all", "refused wrongly"),
    ("all", "quotes verbatim"),
    ("all", "unsupported"),
    ("unanswerable", "AUC"),
    ("unanswerable", "recall"),
)
"""The scores that must not fall against the committed rows. They are few, and their intervals wide enough for all of them
together, since of a hundred intervals of 95 % some exclude 0 by chance: with five answers changed at random, 16 % of runs
had a fall beyond chance among all scores, and 2 % have one among these."""
SAME = 1e-9
BEIR_COLLECTION = ("MRR", "recall@10", "cited F1", "key facts", "refused")
"""What tells whether a single question got better or worse."""


@dataclass(frozen=True, kw_only=True)
class BaselineRow:
    """What an earlier evaluation kept of one question: as in `Row`."""

    scores: Scores
    likelihood: float | None = None
    found: bool | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """An earlier evaluation by the questions' ids; it is read from a whole evaluation or from what `baseline_rows` keeps."""

    mode: str
    split: str
    fingerprint: str
    rows: dict[str, BaselineRow]

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """InputError where these values are neither a saved evaluation nor kept rows."""
        try:
            if values["format"] != FORMAT:
                raise InputError(
                    f"These rows have format {values['format']!r}, but format {FORMAT} is read. Run qa eval again."
                )
            rows: Any = values["rows"]
            if is_array(rows):
                rows = {row["question"]["id"]: row for row in rows}
            return cls(
                mode=str(values["mode"]),
                split=str(values["split"]),
                fingerprint=str(values["fingerprint"]),
                rows={str(name): _past_row(row) for name, row in rows.items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InputError(
                f"This is not a saved evaluation ({type(error).__name__}: {error}). Save one with: qa eval --json OUT.json"
            ) from error


def baseline_rows(evaluation: Evaluation) -> dict[str, Any]:
    """The rows of an evaluation as far as a later one is held against them; what a run took is left out."""
    rows = {
        row.question.id: {
            "scores": {name: score for name, score in row.scores.items() if name not in RUN_COSTS},
            "likelihood": row.likelihood,
            "found": row.found,
            "error": row.error,
        }
        for row in evaluation.rows
    }
    head = {"mode": evaluation.mode, "split": evaluation.split, "fingerprint": evaluation.fingerprint}
    return {"format": FORMAT, **head, "rows": rows}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A score then and now; `difference` (now less then) has a paired interval."""

    group: str
    measure: str
    then: float
    now: float
    difference: Score

    @property
    def is_below(self) -> bool:
        """Whether the score got worse by more than chance: the whole interval lies on the worse side of 0."""
        d = self.difference
        return d.low > SAME if self.measure in LOWER_IS_BETTER else d.high < -SAME


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The scores that both evaluations have, and the questions whose scores moved: by id, each measure then and now.
    `past` is what was compared with, in words; `shared` counts the questions in both."""

    past: str
    shared: int
    changes: tuple[Change, ...]
    better: dict[str, str]
    worse: dict[str, str]
    same_texts: bool


def compare(evaluation: Evaluation, past: Baseline, outside: float = 0.05) -> Comparison:
    """The differences over the questions in both, in the scores that both have; InputError where there is no such question.

    Questions are known by their ids. `outside` is the share of the resamples outside the intervals of the differences.
    """
    check_shared(past, (row.question.id for row in evaluation.rows))
    now = [row for row in evaluation.rows if row.question.id in past.rows]
    then = [_as_then(row, past.rows[row.question.id]) for row in now]
    new, old = estimates(_same_scores(now, then)), estimates(_same_scores(then, now))
    moved = {row.question.id: _moves(row, before) for row, before in zip(now, then, strict=True)}
    return Comparison(
        past=f"mode {past.mode}, split {past.split}",
        shared=len(now),
        changes=tuple(_changes(new, old, outside)),
        better={name: text for name, (sign, text) in moved.items() if sign > 0},
        worse={name: text for name, (sign, text) in moved.items() if sign < 0},
        same_texts=evaluation.fingerprint == past.fingerprint,
    )


def comparison_text(comparison: Comparison) -> str:
    """What moved, a line each: scores with their intervals, then questions."""
    moved = [change for change in comparison.changes if abs(change.difference.value) > SAME]
    lines = [f"Against the earlier evaluation ({comparison.past}), over {comparison.shared} questions in both:"]
    if not comparison.same_texts:
        lines.append("  (the index held other texts then, so that the difference is not only that of the program)")
    for change in moved:
        sure = "  worse" if change.is_below else ""
        lines.append(
            f"  {change.group}, {change.measure}: {short(change.then)} -> {short(change.now)},"
            f" difference {figure_text(change.difference)}{sure}"
        )
    if not moved:
        lines.append("  no score moved")
    for title, questions in (("Better", comparison.better), ("Worse", comparison.worse)):
        if questions:
            lines.append(f"{title}: {len(questions)}")
            lines.extend(f"  {name}: {text}" for name, text in questions.items())
    return "\n".join(lines)


def gate(evaluation: Evaluation, floors: Mapping[str, Any], past: Baseline | None) -> list[str]:
    """What forbids a release, a line each: a score below its floor, or one of `GATED` that fell against the committed
    rows by more than chance.

    `floors` has scores by mode, split, group and measure; for a measure where less is better the floor is a ceiling.
    InputError where there are no floors for this mode and split or one names a score that was not measured.
    """
    wanted = floors_for(floors, evaluation.mode, evaluation.split)
    found = estimates(evaluation.rows)
    errors = [row.question.id for row in evaluation.rows if row.error]
    faults = [f"{len(errors)} questions ended in an error: {', '.join(errors[:5])}"] if errors else []
    for (group, measure), floor in wanted.items():
        if (group, measure) not in found:
            raise InputError(
                f"floors.json has a floor for “{group}, {measure}”, which was not measured. Correct the name."
            )
        value = found[group, measure].value
        if math.isnan(value) or (value > floor if measure in LOWER_IS_BETTER else value < floor):
            side = "above its ceiling" if measure in LOWER_IS_BETTER else "below its floor"
            faults.append(f"{group}, {measure}: {value:.4f} is {side} {floor:.4f}")
    for change in compare(evaluation, past, 0.05 / len(GATED)).changes if past else ():
        if change.is_below and (change.group, change.measure) in GATED:
            faults.append(
                f"{change.group}, {change.measure}: {short(change.then)} -> {short(change.now)},"
                f" difference {figure_text(change.difference)} against the committed rows"
            )
    return faults


def floors_for(floors: Any, mode: str, split: str) -> dict[tuple[str, str], float]:
    """The floors of a mode and split by group and measure; InputError where there are none or one is no finite number."""
    try:
        wanted = {
            (str(group), str(measure)): float(floor)
            for group, measures in floors[mode][split].items()
            for measure, floor in measures.items()
        }
        if not wanted or not all(map(math.isfinite, wanted.values())):
            raise ValueError("a gate needs numbers to hold")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(
            f"No valid floors for mode {mode}, split {split} ({error!r})."
            " Write them into floors.json next to the questions."
        ) from error
    return wanted


def check_shared(past: Baseline, questions: Iterable[str]) -> None:
    """InputError where none of these questions (ids) is among the earlier rows."""
    if past.rows.keys().isdisjoint(questions):
        raise InputError("The two evaluations have no question in common. Compare runs of the same question file.")


def _past_row(values: Mapping[str, Any]) -> BaselineRow:
    likelihood, found = values.get("likelihood"), values.get("found")
    return BaselineRow(
        scores={str(name): float(score) for name, score in values["scores"].items()},
        likelihood=None if likelihood is None else float(likelihood),
        found=None if found is None else bool(found),
        error=str(values.get("error", "")),
    )


def _as_then(row: Row, past: BaselineRow) -> Row:
    return replace(row, scores=past.scores, likelihood=past.likelihood, found=past.found, error=past.error)


def _same_scores(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """The rows with those scores that both of a pair have, so that both are means over the same questions."""
    paired: list[Row] = []
    for row, other in zip(rows, others, strict=True):
        both = {name: score for name, score in row.scores.items() if name in other.scores}
        if _decided(row) and _decided(other):
            paired.append(replace(row, scores=both))
        else:
            paired.append(replace(row, scores=both, likelihood=None, found=None, error=""))
    return paired


def _decided(row: Row) -> bool:
    """Whether the row counts among the refusals: it has a decision, or an error in its place."""
    return bool(row.error) or (row.likelihood is not None and row.found is not None)


def _changes(new: Estimates, old: Estimates, outside: float) -> list[Change]:
    return [
        Change(
            group=group,
            measure=measure,
            then=old[group, measure].value,
            now=estimate.value,
            difference=(estimate - old[group, measure]).figure(outside),
        )
        for (group, measure), estimate in new.items()
        if (group in KIND_GROUPS or group in REFUSAL_GROUPS)
        and measure not in EFFORT
        and measure not in MANNERS
        and (group, measure) in old
    ]


def _moves(row: Row, before: Row) -> tuple[float, str]:
    """Whether a question got better (above 0) or worse (below), and its scores then and now."""
    moves = [
        (name, before.scores[name], row.scores[name])
        for name in BEIR_COLLECTION
        if name in row.scores and name in before.scores and abs(row.scores[name] - before.scores[name]) > 1e-6
    ]
    told = ", ".join(f"{name} {short(then)} -> {short(now)}" for name, then, now in moves)
    asked = " ".join(row.question.question.split())
    return sum(now - then for _, then, now in moves), f"{told} ({row.question.kind}: {asked})"
