"""An evaluation against an earlier one and against floors: what moved, what fell beyond chance, what closes the gate."""

import json
import math
from dataclasses import replace

import pytest

from qa.errors import InputError
from qa.evals.compare import (
    GATED,
    Baseline,
    BaselineRow,
    Change,
    Comparison,
    baseline_rows,
    compare,
    comparison_text,
    gate,
)
from qa.evals.data.questions import ReferenceQuestion
from qa.evals.metrics.measures import Score
from qa.evals.report.tables import ANSWERS, KIND_GROUPS, RECEIPTS, REFUSAL_GROUPS, REFUSALS, SEARCH
from qa.evals.results import Evaluation, Row


def row(
    id: str,
    kind: str = "fact",
    *,
    scores: dict[str, float] | None = None,
    near: str = "",
    style: str = "plain",
    **fields,
) -> Row:
    """A row by hand; only kind none has no paper."""
    papers = () if kind == "none" else ("Kites on Scales",)
    asked = ReferenceQuestion(id=id, kind=kind, question=f"Why {id}?", papers=papers, near=near, style=style)
    return Row(question=asked, scores=scores or {}, **fields)


def evaluation_of(*rows: Row, mode: str = "quotes", split: str = "dev", texts: str = "aaaa") -> Evaluation:
    return Evaluation(mode=mode, split=split, questions="invented.jsonl", papers=8, fingerprint=texts, rows=rows)


def past_of(evaluation: Evaluation) -> Baseline:
    """The evaluation as it comes back from its file."""
    return Baseline.from_dict(json.loads(json.dumps(evaluation.to_dict())))


def scored(measure: str, values: list[float], kind: str = "fact") -> Evaluation:
    """A question a value, all of one kind."""
    return evaluation_of(*(row(f"q{i}", kind, scores={measure: value}) for i, value in enumerate(values)))


def judged(*decisions: tuple[str, float, bool]) -> Evaluation:
    """A question a decision: its kind, the likelihood of an answer and whether one was given."""
    return evaluation_of(
        *(
            row(
                f"q{i}", kind, scores={"refused": float(not found)} if kind == "none" else {}, likelihood=p, found=found
            )
            for i, (kind, p, found) in enumerate(decisions)
        )
    )


def change_of(comparison: Comparison, group: str, measure: str) -> Change:
    return next(change for change in comparison.changes if (change.group, change.measure) == (group, measure))


RUN = evaluation_of(
    row(
        "wind",
        scores={"MRR": 1 / 3, "key facts": 0.5, "words": 40.0, "concise": 1.0, "seconds": 0.2},
        likelihood=0.75,
        found=True,
    ),
    row("rain", "none", scores={"refused": 1.0, "tokens in": 900.0, "tokens out": 9.0, "cost": 0.1}, found=False),
)


# What is kept of a run


def test_whole_evaluation_is_read_by_the_ids_of_its_questions():
    assert past_of(RUN) == Baseline(
        mode="quotes",
        split="dev",
        fingerprint="aaaa",
        rows={
            "wind": BaselineRow(scores=RUN.rows[0].scores, likelihood=0.75, found=True),
            "rain": BaselineRow(scores=RUN.rows[1].scores, likelihood=None, found=False),
        },
    )


def test_kept_rows_have_scores_and_decisions_and_nothing_of_what_the_run_took():
    assert baseline_rows(RUN) == {
        "format": 1,
        "mode": "quotes",
        "split": "dev",
        "fingerprint": "aaaa",
        "rows": {
            "wind": {
                "scores": {"MRR": 1 / 3, "key facts": 0.5, "words": 40.0, "concise": 1.0},
                "likelihood": 0.75,
                "found": True,
                "error": "",
            },
            "rain": {"scores": {"refused": 1.0}, "likelihood": None, "found": False, "error": ""},
        },
    }


def test_kept_rows_are_read_again():
    past = Baseline.from_dict(json.loads(json.dumps(baseline_rows(RUN))))
    assert (past.mode, past.split, past.fingerprint) == ("quotes", "dev", "aaaa")
    assert past.rows == {
        "wind": BaselineRow(
            scores={"MRR": 1 / 3, "key facts": 0.5, "words": 40.0, "concise": 1.0}, likelihood=0.75, found=True
        ),
        "rain": BaselineRow(scores={"refused": 1.0}, found=False),
    }


@pytest.mark.parametrize(
    "values",
    [
        None,
        3,
        "rows",
        [],
        {},
        {"format": 1},
        {"format": 1, "mode": "quotes", "split": "dev", "fingerprint": "a"},
        {"format": 1, "split": "dev", "fingerprint": "a", "rows": {}},
        {"format": 1, "mode": "quotes", "fingerprint": "a", "rows": {}},
        {"format": 1, "mode": "quotes", "split": "dev", "rows": {}},
        *(
            {"format": 1, "mode": "quotes", "split": "dev", "fingerprint": "a", "rows": rows}
            for rows in (
                3,
                "rows",
                [None],
                [{}],
                [{"question": "wind", "scores": {}}],
                [{"question": {}, "scores": {}}],
                {"wind": None},
                {"wind": {}},
                {"wind": {"scores": 3}},
                {"wind": {"scores": [1.0]}},
                {"wind": {"scores": {"MRR": None}}},
                {"wind": {"scores": {"MRR": "high"}}},
                {"wind": {"scores": {}, "likelihood": "high"}},
                {"wind": {"scores": {}, "likelihood": []}},
            )
        ),
        {
            "format": 1, "mode": "quotes", "split": "dev", "fingerprint": "a",
            "rows": {"wind": {"scores": {"MRR": 10**400}}},
        },
    ],
    ids=lambda values: f"{values!r:.90}",
)  # fmt: skip
def test_what_is_no_evaluation_is_refused(values):
    with pytest.raises(
        InputError, match=r"^This is not a saved evaluation \(\w+Error: .*\)\. Save one with: qa eval --json OUT\.json$"
    ):
        Baseline.from_dict(values)


def test_rows_of_another_format_are_refused():
    with pytest.raises(InputError, match=r"^These rows have format 2, but format 1 is read\. Run qa eval again\.$"):
        Baseline.from_dict({**baseline_rows(RUN), "format": 2})


# Comparing


def test_run_does_not_differ_from_itself():
    comparison = compare(RUN, past_of(RUN))
    assert comparison.shared == 2
    assert [(change.group, change.measure) for change in comparison.changes] == [
        ("fact", "MRR"), ("fact", "key facts"), ("fact and find", "MRR"), ("fact and find", "key facts"),
        ("all", "MRR"), ("all", "key facts"),
    ]  # fmt: skip
    for change in comparison.changes:
        assert change.then == change.now
        assert (change.difference.value, change.difference.low, change.difference.high) == (0.0, 0.0, 0.0)
        assert not change.is_below
    assert (comparison.better, comparison.worse, comparison.same_texts) == ({}, {}, True)


@pytest.mark.parametrize("score", [1 / 3, 2 / 3, 1 / 7])
def test_run_does_not_differ_from_its_kept_rows(score):
    run = scored("cited F1", [score] * 3)
    comparison = compare(run, Baseline.from_dict(baseline_rows(run)))
    assert {change.difference.value for change in comparison.changes} == {0.0}
    assert gate(run, {"quotes": {"dev": {"all": {"cited F1": 0.0}}}}, Baseline.from_dict(baseline_rows(run))) == []


def test_scores_are_compared_over_the_questions_in_both():
    then = evaluation_of(
        row("a", scores={"hit@1": 1.0}), row("b", scores={"hit@1": 0.0}), row("old", scores={"hit@1": 0.0})
    )
    now = evaluation_of(
        row("new", scores={"hit@1": 0.0}), row("b", scores={"hit@1": 1.0}), row("a", scores={"hit@1": 1.0})
    )
    comparison = compare(now, past_of(then))
    change = change_of(comparison, "all", "hit@1")
    assert comparison.shared == 2
    assert (change.then, change.now) == (0.5, 1.0)
    assert change.difference == Score(value=0.5, low=0.0, high=1.0, count=2)


def test_mean_is_over_the_questions_that_have_the_score_in_both():
    then = evaluation_of(
        row("a", scores={"key facts": 0.5}), row("b", scores={"MRR": 1.0}), row("c", scores={"key facts": 0.0})
    )
    now = evaluation_of(
        row("a", scores={"key facts": 1.0}), row("b", scores={"key facts": 0.0}), row("c", scores={"MRR": 1.0})
    )
    comparison = compare(now, past_of(then))
    assert {change.measure for change in comparison.changes} == {"key facts"}
    change = change_of(comparison, "all", "key facts")
    assert (change.then, change.now, change.difference.count) == (0.5, 1.0, 1)
    assert comparison.better == {"a": "key facts .500 -> 1.00 (fact: Why a?)"}
    assert comparison.worse == {}


def test_kinds_and_refusals_are_compared_and_neither_styles_nor_effort():
    scores = {"hit@1": 1.0, "quotes verbatim": 1.0, "words": 9.0, "concise": 1.0, "seconds": 1.0, "cost": 1.0}
    run = evaluation_of(
        row("a", "chat", style="typos", scores=scores, likelihood=0.9, found=True),
        row("b", "none", scores={"refused": 1.0}, likelihood=0.1, found=False),
    )
    comparison = compare(run, past_of(run))
    refusals = ["AUC", "recall at 5 % wrong", "recall", "precision", "F1", "wrong"]
    assert [(change.group, change.measure) for change in comparison.changes] == [
        ("chat", "hit@1"), ("chat", "quotes verbatim"), ("all", "hit@1"), ("all", "quotes verbatim"),
        *(("unanswerable", measure) for measure in refusals), *(("off the topic", measure) for measure in refusals),
    ]  # fmt: skip


def test_refusals_are_compared_over_the_questions_decided_in_both():
    then = judged(("fact", 0.9, True), ("fact", 0.2, True), ("none", 0.3, True), ("none", 0.1, False))
    now = judged(("fact", 0.9, True), ("fact", 0.8, True), ("none", 0.3, False), ("none", 0.1, False))
    changes = {
        change.measure: change for change in compare(now, past_of(then)).changes if change.group == "unanswerable"
    }
    assert (changes["AUC"].then, changes["AUC"].now) == (0.75, 1.0)
    assert (changes["recall"].then, changes["recall"].now) == (0.5, 1.0)
    assert changes["recall"].difference == Score(value=0.5, low=0.0, high=1.0, count=4)
    undecided = replace(then, rows=(then.rows[0], replace(then.rows[1], found=None, likelihood=None), *then.rows[2:]))
    for first, second in ((now, undecided), (undecided, now)):
        change = change_of(compare(first, past_of(second)), "unanswerable", "AUC")
        assert (change.then, change.now, change.difference.count) == (1.0, 1.0, 3)


def test_search_alone_is_compared_with_an_answer_in_what_both_have():
    searched = evaluation_of(row("a", scores={"MRR": 0.5}), row("b", "none", scores={}), mode="search")
    answers = evaluation_of(
        row("a", scores={"MRR": 1.0, "key facts": 1.0}, likelihood=0.9, found=True),
        row("b", "none", scores={"refused": 1.0}, likelihood=0.1, found=False),
    )
    for now, then, difference in ((answers, searched, 0.5), (searched, answers, -0.5)):
        changes = compare(now, past_of(then)).changes
        assert [(change.group, change.measure) for change in changes] == [
            ("fact", "MRR"), ("fact and find", "MRR"), ("all", "MRR"),
        ]  # fmt: skip
        assert {change.difference.value for change in changes} == {difference}


def test_error_counts_as_the_wrong_decision_now_and_not_then():
    then = judged(("fact", 0.9, True), ("fact", 0.8, True), ("none", 0.3, False), ("none", 0.1, False))
    broken = replace(then.rows[0], found=None, likelihood=None, error="OSError: the disk is gone")
    change = change_of(compare(replace(then, rows=(broken, *then.rows[1:])), past_of(then)), "unanswerable", "wrong")
    assert (change.then, change.now) == (0.0, 0.5)


def test_error_that_is_gone_counts_as_the_wrong_decision_then():
    now = judged(("fact", 0.9, True), ("fact", 0.8, True), ("none", 0.3, False), ("none", 0.1, False))
    broken = replace(
        now.rows[2], scores={"refused": 0.0}, found=None, likelihood=None, error="OSError: the disk is gone"
    )
    then = replace(now, rows=(*now.rows[:2], broken, now.rows[3]))
    for past in (past_of(then), Baseline.from_dict(baseline_rows(then))):
        assert past.rows["q2"] == BaselineRow(scores={"refused": 0.0}, error="OSError: the disk is gone")
        comparison = compare(now, past)
        change = change_of(comparison, "unanswerable", "recall")
        assert (change.then, change.now, change.difference.count) == (0.5, 1.0, 4)
        assert list(comparison.better) == ["q2"]


def test_row_with_a_decision_and_no_likelihood_is_left_out_on_both_sides():
    now = judged(("fact", 0.9, True), ("fact", 0.8, True), ("none", 0.3, False))
    values = baseline_rows(now)
    del values["rows"]["q0"]["likelihood"]
    change = change_of(compare(now, Baseline.from_dict(values)), "unanswerable", "AUC")
    assert (change.then, change.now, change.difference.count) == (1.0, 1.0, 2)


@pytest.mark.parametrize(
    ("measure", "then", "now", "fell"),
    [
        pytest.param("hit@1", [1.0] * 20, [0.0] * 10 + [1.0] * 10, True, id="half of the hits are gone"),
        pytest.param("hit@1", [0.0] * 10 + [1.0] * 10, [1.0] * 20, False, id="half of the hits are new"),
        pytest.param("hit@1", [1.0] * 20, [0.0] + [1.0] * 19, False, id="one hit is gone"),
        pytest.param("hit@1", [0.0, 1.0] * 10, [1.0, 0.0] * 10, False, id="as many are gone as are new"),
        pytest.param("MRR", [0.2, 1.0] * 10, [0.1, 0.9] * 10, True, id="every question a little lower"),
        pytest.param("refused wrongly", [0.0] * 20, [1.0] * 10 + [0.0] * 10, True, id="many refused that were not"),
        pytest.param("refused wrongly", [1.0] * 10 + [0.0] * 10, [0.0] * 20, False, id="many answered that were not"),
        pytest.param("refused wrongly", [0.0] * 20, [1.0] + [0.0] * 19, False, id="one refused that was not"),
        pytest.param("unsupported", [0.1, 0.3] * 10, [0.2, 0.4] * 10, True, id="less supported everywhere"),
    ],
)
def test_score_fell_where_the_paired_interval_is_on_the_worse_side(measure, then, now, fell):
    comparison = compare(scored(measure, now), past_of(scored(measure, then)))
    assert {change.is_below for change in comparison.changes} == {fell}


@pytest.mark.parametrize("measure", ["quoted", "supported", "weak", "absent"])
def test_manner_of_a_statement_is_neither_better_nor_worse(measure):
    assert compare(scored(measure, [0.0] * 9), past_of(scored(measure, [1.0] * 9))).changes == ()


@pytest.mark.parametrize(
    ("low", "high", "lower_is_better", "fell"),
    [(-0.2, -0.1, False, True), (-0.2, 0.0, False, False), (0.1, 0.2, True, True), (0.0, 0.2, True, False)],
)
def test_interval_that_touches_0_may_be_chance(low, high, lower_is_better, fell):
    figure = Score(value=(low + high) / 2, low=low, high=high, count=9)
    measure = "wrong" if lower_is_better else "recall"
    assert Change(group="all", measure=measure, then=0.5, now=0.5, difference=figure).is_below is fell


@pytest.mark.parametrize(
    ("then", "now", "better", "worse"),
    [
        pytest.param({"MRR": 0.5}, {"MRR": 1.0}, "MRR .500 -> 1.00", None, id="better"),
        pytest.param({"recall@10": 1.0}, {"recall@10": 0.5}, None, "recall@10 1.00 -> .500", id="worse"),
        pytest.param({"cited F1": 0.0}, {"cited F1": 0.8}, "cited F1 .000 -> .800", None, id="citations"),
        pytest.param({"refused": 1.0}, {"refused": 0.0}, None, "refused 1.00 -> .000", id="refusal"),
        pytest.param(
            {"MRR": 1.0, "key facts": 1.0}, {"MRR": 0.5, "key facts": 0.8}, None,
            "MRR 1.00 -> .500, key facts 1.00 -> .800", id="worse in two",
        ),
        pytest.param(
            {"MRR": 0.5, "key facts": 0.5}, {"MRR": 1.0, "key facts": 0.4}, "MRR .500 -> 1.00, key facts .500 -> .400",
            None, id="better on the whole",
        ),
        pytest.param({"hit@1": 0.0, "words": 9.0}, {"hit@1": 1.0, "words": 5.0}, None, None, id="not judged"),
        pytest.param({"MRR": 0.3333333}, {"MRR": 1 / 3}, None, None, id="rounding"),
        pytest.param({"MRR": 0.333}, {"MRR": 0.33301}, "MRR .333 -> .333", None, id="a little"),
    ],
)  # fmt: skip
def test_questions_that_moved_are_told_with_their_scores(then, now, better, worse):
    comparison = compare(evaluation_of(row("a", scores=now)), past_of(evaluation_of(row("a", scores=then))))
    assert comparison.better == ({"a": f"{better} (fact: Why a?)"} if better else {})
    assert comparison.worse == ({"a": f"{worse} (fact: Why a?)"} if worse else {})


def test_question_that_moved_is_told_on_one_line():
    asked = replace(row("a").question, question="Why?\n  Or\twhy not? ")
    now, then = (evaluation_of(Row(question=asked, scores={"MRR": score})) for score in (1.0, 0.5))
    assert compare(now, past_of(then)).better == {"a": "MRR .500 -> 1.00 (fact: Why? Or why not?)"}


def test_other_texts_are_noticed():
    assert compare(RUN, past_of(RUN)).same_texts
    assert not compare(replace(RUN, fingerprint="bbbb"), past_of(RUN)).same_texts


def test_runs_without_a_common_question_are_not_compared():
    with pytest.raises(
        InputError, match=r"^The two evaluations have no question in common\. Compare runs of the same question file\.$"
    ):
        compare(RUN, past_of(evaluation_of(row("snow"))))


# The text

THEN = evaluation_of(
    row("wind", scores={"MRR": 0.5, "hit@1": 0.0}, likelihood=0.9, found=True),
    row("hail", scores={"MRR": 1.0, "hit@1": 1.0}, likelihood=0.9, found=True),
    row("fog", "find", scores={"MRR": 1.0, "hit@1": 1.0}, likelihood=0.9, found=True),
    row("rain", "none", scores={"refused": 0.0}, likelihood=0.6, found=True),
)
NOW = evaluation_of(
    row("wind", scores={"MRR": 1.0, "hit@1": 1.0}, likelihood=0.9, found=True),
    row("hail", scores={"MRR": 1.0, "hit@1": 1.0}, likelihood=0.9, found=True),
    row("fog", "find", scores={"MRR": 0.25, "hit@1": 0.0}, likelihood=0.9, found=True),
    row("rain", "none", scores={"refused": 1.0}, likelihood=0.6, found=False),
    texts="bbbb",
)
TEXT = """\
Against the earlier evaluation (mode quotes, split dev), over 4 questions in both:
  (the index held other texts then, so that the difference is not only that of the program)
  fact, hit@1: .500 -> 1.00, difference .500 [.000 1.00]
  fact, MRR: .750 -> 1.00, difference .250 [.000 .500]
  find, hit@1: 1.00 -> .000, difference -1.00 [-1.00 -1.00]  worse
  find, MRR: 1.00 -> .250, difference -.750 [-.750 -.750]  worse
  fact and find, MRR: .833 -> .750, difference -.083 [-.750 .500]
  all, MRR: .833 -> .750, difference -.083 [-.750 .500]
  unanswerable, recall: .000 -> 1.00, difference 1.00 [1.00 1.00]
  unanswerable, precision: .000 -> 1.00, difference 1.00 [1.00 1.00]
  unanswerable, F1: .000 -> 1.00, difference 1.00 [1.00 1.00]
  off the topic, recall: .000 -> 1.00, difference 1.00 [1.00 1.00]
  off the topic, precision: .000 -> 1.00, difference 1.00 [1.00 1.00]
  off the topic, F1: .000 -> 1.00, difference 1.00 [1.00 1.00]
Better: 2
  wind: MRR .500 -> 1.00 (fact: Why wind?)
  rain: refused .000 -> 1.00 (none: Why rain?)
Worse: 1
  fog: MRR 1.00 -> .250 (find: Why fog?)"""


def test_comparison_as_text():
    assert comparison_text(compare(NOW, past_of(THEN))) == TEXT


def test_comparison_of_equal_runs_says_that_nothing_moved():
    assert comparison_text(compare(RUN, past_of(RUN))) == (
        "Against the earlier evaluation (mode quotes, split dev), over 2 questions in both:\n  no score moved"
    )


# The gate


def floors(group: str, measure: str, floor: object) -> dict:
    return {"quotes": {"dev": {group: {measure: floor}}}}


@pytest.mark.parametrize(
    ("group", "measure", "floor", "fault"),
    [
        ("all", "MRR", 0.5, None),
        ("all", "MRR", 0, None),
        ("all", "MRR", 0.7500, None),
        ("all", "MRR", 0.7501, "all, MRR: 0.7500 is below its floor 0.7501"),
        ("chat", "MRR", 1, "chat, MRR: 0.5000 is below its floor 1.0000"),
        ("terse", "MRR", 0.6, "terse, MRR: 0.5000 is below its floor 0.6000"),
        ("all", "refused wrongly", 0.5, None),
        ("all", "refused wrongly", 0.6, None),
        ("all", "refused wrongly", 0.4999, "all, refused wrongly: 0.5000 is above its ceiling 0.4999"),
        ("chat", "refused wrongly", 0, "chat, refused wrongly: 1.0000 is above its ceiling 0.0000"),
        ("all", "seconds", 0.4, None),
        ("all", "seconds", 0.2, "all, seconds: 0.3000 is above its ceiling 0.2000"),
        ("unanswerable", "recall", 1.0, None),
        ("unanswerable", "wrong", 0.5, None),
        ("unanswerable", "wrong", 0.1, "unanswerable, wrong: 0.5000 is above its ceiling 0.1000"),
        ("missing detail", "AUC", 0.9, "missing detail, AUC: 0.5000 is below its floor 0.9000"),
    ],
)
def test_score_must_not_be_below_its_floor_or_above_its_ceiling(group, measure, floor, fault):
    run = evaluation_of(
        row("a", scores={"MRR": 1.0, "refused wrongly": 0.0, "seconds": 0.2}, likelihood=0.9, found=True),
        row(
            "b", "chat", style="terse", scores={"MRR": 0.5, "refused wrongly": 1.0, "seconds": 0.4},
            likelihood=0.2, found=False,
        ),
        row("c", "none", near="Kites on Scales", scores={"refused": 1.0}, likelihood=0.4, found=False),
    )  # fmt: skip
    assert gate(run, floors(group, measure, floor), None) == ([fault] if fault else [])


def test_every_fault_is_told_in_the_order_of_the_floors():
    run = scored("MRR", [0.5, 0.5])
    wanted = {
        "quotes": {"dev": {"all": {"MRR": 0.9}, "fact": {"MRR": 0.8}}, "test": {"all": {"MRR": 1.0}}},
        "search": {},
    }
    assert gate(run, wanted, None) == [
        "all, MRR: 0.5000 is below its floor 0.9000",
        "fact, MRR: 0.5000 is below its floor 0.8000",
    ]


def test_score_that_is_no_number_closes_the_gate():
    assert gate(scored("MRR", [math.nan, 1.0]), floors("all", "MRR", 0.0), None) == [
        "all, MRR: nan is below its floor 0.0000"
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        {},
        {"quotes": {}},
        {"quotes": {"test": {"all": {"MRR": 0.5}}}},
        {"search": {"dev": {"all": {"MRR": 0.5}}}},
        {"quotes": []},
        {"quotes": {"dev": 0.5}},
        {"quotes": {"dev": {"all": 0.5}}},
        floors("all", "MRR", None),
        floors("all", "MRR", "high"),
        floors("all", "MRR", [0.5]),
        {"quotes": {"dev": {}}},
        {"quotes": {"dev": {"all": {}}}},
        floors("all", "MRR", math.nan),
        floors("all", "MRR", 10**400),
    ],
    ids=lambda wanted: f"{wanted!r:.60}",
)
def test_gate_needs_floors_for_the_mode_and_split(wanted):
    with pytest.raises(
        InputError,
        match=r"^No valid floors for mode quotes, split dev( \(.*\))?\."
        r" Write them into floors\.json next to the questions\.$",
    ):
        gate(scored("MRR", [1.0]), wanted, None)


@pytest.mark.parametrize(("group", "measure"), [("all", "mrr"), ("everything", "MRR"), ("find", "MRR"), ("all", "AUC")])
def test_floor_of_a_score_that_was_not_measured_is_wrongly_named(group, measure):
    with pytest.raises(
        InputError,
        match=f"^floors.json has a floor for “{group}, {measure}”, which was not measured. Correct the name.$",
    ):
        gate(scored("MRR", [1.0]), floors(group, measure, 0.0), None)


OPEN = floors("all", "MRR", 0.0)


def test_fall_against_the_committed_rows_closes_the_gate_where_it_is_beyond_chance():
    then, now = scored("MRR", [1.0] * 20), scored("MRR", [0.5] * 10 + [1.0] * 10)
    faults = gate(now, OPEN, past_of(then))
    told = "MRR: 1.00 -> .750, difference -.250 [-.400 -.100] against the committed rows"
    assert faults == [f"all, {told}"]
    within_chance = scored("MRR", [0.5] + [1.0] * 19)
    assert gate(within_chance, OPEN, past_of(then)) == []
    assert gate(then, OPEN, past_of(now)) == []
    assert gate(now, OPEN, None) == []


def test_gate_leaves_more_to_chance_than_a_comparison_for_it_holds_many_scores():
    then = scored("MRR", [1.0] * 20)
    for fallen, closed in ((4, False), (8, True)):
        now = scored("MRR", [0.5] * fallen + [1.0] * (20 - fallen))
        assert change_of(compare(now, past_of(then)), "all", "MRR").is_below
        assert bool(gate(now, OPEN, past_of(then))) is closed


def test_gated_scores_are_among_those_that_are_measured():
    for group, measure in GATED:
        assert measure in (REFUSALS if group in REFUSAL_GROUPS else (*SEARCH, *ANSWERS, *RECEIPTS))
        assert group in {**KIND_GROUPS, **REFUSAL_GROUPS}


def test_fall_of_a_score_that_is_not_gated_leaves_the_gate_open():
    then, now = scored("hit@20", [1.0] * 20), scored("hit@20", [0.0] * 20)
    assert gate(now, floors("all", "hit@20", 0.0), past_of(then)) == []


def test_rise_of_what_should_be_low_closes_the_gate():
    then, now = scored("refused wrongly", [0.0] * 4), scored("refused wrongly", [1.0] * 4)
    told = "refused wrongly: .000 -> 1.00, difference 1.00 [1.00 1.00] against the committed rows"
    wanted = floors("all", "refused wrongly", 1.0)
    assert gate(now, wanted, past_of(then)) == [f"all, {told}"]
    assert gate(then, wanted, past_of(now)) == []


def test_errors_close_the_gate_and_the_first_five_are_named():
    rows = [row(f"q{i}", scores={"MRR": 1.0}, error="" if i == 3 else "OSError: the disk is gone") for i in range(8)]
    assert gate(evaluation_of(*rows), OPEN, None) == ["7 questions ended in an error: q0, q1, q2, q4, q5"]
    assert gate(evaluation_of(*rows[1:4]), OPEN, None) == ["2 questions ended in an error: q1, q2"]
    assert gate(evaluation_of(rows[3]), OPEN, None) == []


def test_gate_against_rows_of_other_questions_is_refused():
    with pytest.raises(InputError, match="no question in common"):
        gate(scored("MRR", [1.0]), OPEN, past_of(evaluation_of(row("snow", scores={"MRR": 1.0}))))
