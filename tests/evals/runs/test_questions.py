"""A run over reference questions: rows in order, errors as rows, reasons, files, tables."""

import json
import math
import re
import threading
import time
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

import qa
from qa.evals.data.questions import ReferenceQuestion
from qa.evals.metrics.scorers import search_scores
from qa.evals.report.tables import estimates, short, table_text, tables
from qa.evals.results import Evaluation, Row
from qa.evals.runs.baselines import BASELINES, COPY
from qa.evals.runs.questions import Interrupted, evaluate, fingerprint
from qa.retrieval.fusion import WEIGHTS

TIDE = "TideNet: Forecasting Harbour Water Levels with Sparse Gauges"
QUIET = "Quiet Motors: Learning to Steer Ferries with Less Noise"
DOUGH = "DoughGraph: Graph Neural Networks for Bread Fermentation"
GULLS = "Counting Gulls from the Air without Labels"
BEES = "Bees, Noise and Glass"
LAMPS = "Street Lamps that Learn"
GULL_TALK = (
    {"role": "user", "content": "How can gulls be counted without labels?"},
    {"role": "assistant", "content": "Gull Contrast Learning (GCL) separates gulls from stones [1]."},
)


def question(kind: str, text: str, *papers: str, id: str = "q", **fields) -> ReferenceQuestion:
    return ReferenceQuestion(id=id, kind=kind, question=text, papers=papers, **fields)


ERROR_ON_PORTS = "By how much does TideNet lower the error on the ports?"
CHESS = "Who won the chess championship of 1972?"
GOOD = [
    question("fact", ERROR_ON_PORTS, TIDE, id="tide", facts=(("9.1 cm",), ("5.4 cm",))),
    question("fact", "What keeps bees away from glass?", BEES, id="bees", facts=(("hum",),), style="terse"),
    question("find", "Which work makes ferries less noisy for seals?", QUIET, id="ferries", style="long"),
    question(
        "multi", "Compare what TideNet and DoughGraph were tested on.", TIDE, DOUGH, id="both", facts=(("rye", "wheat"),)
    ),
    question(
        "chat", "And how far are its counts from those of experts?", GULLS, id="chat", history=GULL_TALK, facts=(("4.2%",),)
    ),
    question("none", CHESS, id="chess"),
    question("none", "What batch size and learning rate was TideNet trained with?", id="batch", near=TIDE),
]  # fmt: skip
"""Questions on the invented pages that are answered, or refused, as they should be."""
BAD = [
    question("fact", ERROR_ON_PORTS, TIDE, id="no fact", facts=(("5.4 cm",), ("seven seals", "7 seals"), ("3.3 cm",))),
    question("fact", ERROR_ON_PORTS, BEES, id="other paper", facts=(("5.4 cm",),)),
    question("multi", ERROR_ON_PORTS, TIDE, "Kites on Scales", id="unknown paper"),
    question("find", CHESS, TIDE, "Kites on Scales", id="refused"),
    question("none", ERROR_ON_PORTS, id="answered"),
    question("chat", "And then?", TIDE, id="robot", history=({"role": "robot", "content": "x"},), facts=(("5.4",),)),
]
"""Questions that fail, each for a reason of its own."""
ALL = [*GOOD[:4], *BAD, *GOOD[4:]]


def without_seconds(evaluation: Evaluation) -> list[Row]:
    return [
        replace(row, scores={name: score for name, score in row.scores.items() if name != "seconds"})
        for row in evaluation.rows
    ]


@pytest.fixture(scope="module")
def searched(index):
    return evaluate(index, ALL, mode="search", name="invented.jsonl", split="dev")


@pytest.fixture(scope="module")
def answered(index):
    return evaluate(index, ALL)


def test_evaluation_says_what_was_asked_of_what(index, searched, answered):
    papers = fingerprint(index.papers())
    head = {name: value for name, value in searched.to_dict().items() if name != "rows"}
    assert head == {
        "format": 1,
        "mode": "search",
        "split": "dev",
        "questions": "invented.jsonl",
        "papers": 8,
        "fingerprint": papers,
    }
    assert (answered.mode, answered.split, answered.questions) == ("quotes", "all", "")


@pytest.mark.parametrize("mode", ["search", "quotes"])
def test_rows_are_in_order_whatever_the_number_of_jobs(index, searched, answered, mode):
    alone = searched if mode == "search" else answered
    assert [row.question for row in alone.rows] == ALL
    together = evaluate(index, ALL, mode=mode, jobs=4)
    assert without_seconds(together) == without_seconds(alone)


class SlowIndex(qa.Index):
    """Its search for one question takes longer than those for all others."""

    def score_candidates(self, question, count=100):
        time.sleep(1.0 if question == ERROR_ON_PORTS else 0.0)
        return super().score_candidates(question, count)


def test_rows_are_in_order_where_the_first_is_done_last(index_folder, searched):
    index, done = SlowIndex(index_folder), []
    evaluation = evaluate(index, GOOD[:4], mode="search", jobs=4, progress=lambda *call: done.append(call))
    index.close()
    assert list(evaluation.rows) == list(searched.rows[:4])
    assert done == [("Asking", 1, 4), ("Asking", 2, 4), ("Asking", 3, 4), ("Asking", 4, 4)]


class MeetingIndex(qa.Index):
    """Its search waits until two searches are under way."""

    def score_candidates(self, question, count=100):
        self.meeting.wait(timeout=20)
        return super().score_candidates(question, count)


def test_two_jobs_ask_two_questions_at_once(index_folder, searched):
    index = MeetingIndex(index_folder)
    index.meeting = threading.Barrier(2)
    evaluation = evaluate(index, GOOD[:4], mode="search", jobs=2)
    index.close()
    assert list(evaluation.rows) == list(searched.rows[:4])


@pytest.mark.parametrize("jobs", [1, 4, 0, -1])
def test_no_question_gives_no_row(index, jobs):
    evaluation = evaluate(index, [], jobs=jobs)
    assert (evaluation.rows, evaluation.failures, tables(evaluation)) == ((), (), [])


def test_unknown_mode_is_refused(index):
    with pytest.raises(qa.InputError, match=r"Unknown mode 'guess'\. Use one of: search, quotes"):
        evaluate(index, GOOD, mode="guess")


@pytest.mark.parametrize("jobs", [1, 3])
def test_progress_counts_up_to_all(index, jobs):
    calls = []
    evaluate(index, GOOD, mode="search", jobs=jobs, progress=lambda *call: calls.append(call))
    assert calls == [("Asking", done, 7) for done in range(1, 8)]


# What a row has


def test_good_questions_have_nothing_said_against_them(answered):
    rows = [row for row in answered.rows if row.question in GOOD]
    assert [(row.reason, row.error) for row in rows] == [("", "")] * 7
    assert [row.found for row in rows] == [True] * 5 + [False] * 2
    assert answered.failures == tuple(row for row in answered.rows if row.question in BAD)


def test_answer_of_a_row_is_that_of_the_assistant(assistant, answered):
    for row in answered.rows:
        if not row.error:
            answer = assistant.ask(row.question.question, row.question.history)
            assert (row.text, row.found, row.likelihood) == (answer.text, answer.found, answer.answerable)
            assert row.cited == tuple(citation.paper.title for citation in answer.citations)


def test_search_only_says_nothing_of_answers(searched):
    for row in searched.rows:
        assert (row.text, row.cited, row.found, row.likelihood) == ("", (), None, None)
        assert set(row.scores) <= {"hit@1", "hit@5", "hit@20", "MRR", "recall@10"}


def test_follow_up_is_searched_for_as_it_stands_alone(searched):
    asked = {row.question.id: row.asked for row in searched.rows}
    assert asked["chat"] == f"{GULLS}: And how far are its counts from those of experts?"
    assert asked["tide"] == ERROR_ON_PORTS


def test_ranked_papers_are_those_of_the_search(index, searched):
    for row in searched.rows:
        if not row.error:
            hits = index.search(row.asked, 8)
            assert [paper.title for paper in row.ranked] == [hit.paper.title for hit in hits]
            assert [paper.score for paper in row.ranked] == pytest.approx([hit.score for hit in hits], abs=0.001)
            assert [paper.rank for paper in row.ranked] == list(range(1, 9))
            assert [paper.title for paper in row.ranked if paper.wanted] == [
                hit.paper.title for hit in hits if hit.paper.title in row.question.papers
            ]
            for paper in row.ranked:
                total = np.dot(WEIGHTS, [paper.words, paper.meaning, paper.passages])
                assert paper.score == pytest.approx(total, abs=0.003)


def test_blank_question_finds_nothing_and_cannot_be_asked(index):
    blank = question("fact", "  ", TIDE)
    assert evaluate(index, [blank], mode="search").rows[0].reason == f"“{TIDE}” is not among the first 100"
    row = evaluate(index, [blank]).rows[0]
    assert row.error.startswith("The question is blank.")
    assert row.reason == f"error: {row.error}"


@pytest.mark.parametrize(
    "text", ["half \ud800 a character", "\x00", "[" * 5_000, "🪁 " * 500], ids=lambda text: ascii(text[:9])
)
def test_hostile_question_gets_a_row_without_an_error(index, text):
    row = evaluate(index, [question("none", text)]).rows[0]
    assert row.error == ""
    assert json.loads(json.dumps(row.to_dict()))["question"]["question"] == text


# Errors


class FaultyIndex(qa.Index):
    """Its search breaks, or is interrupted, for questions that ask for it."""

    def find(self, question, k=10, **filters):
        if "broken" in question:
            raise OSError("the disk is gone")
        return super().find(question, k, **filters)

    def score_candidates(self, question, count=100):
        if "cursed" in question:
            raise ZeroDivisionError
        if "Ctrl-C" in question:
            raise KeyboardInterrupt
        return super().score_candidates(question, count)


@pytest.fixture(scope="module")
def faulty(index_folder):
    opened = FaultyIndex(index_folder)
    yield opened
    opened.close()


NO_HIT = {"hit@1": 0.0, "hit@5": 0.0, "hit@20": 0.0, "MRR": 0.0, "recall@10": 0.0}
NO_ANSWER = {"cited precision": 0.0, "cited recall": 0.0, "cited F1": 0.0, "key facts": 0.0, "refused wrongly": 1.0}


@pytest.mark.parametrize(
    ("mode", "asked", "scores", "error"),
    [
        pytest.param("search", question("fact", "cursed", TIDE), NO_HIT, "ZeroDivisionError: ", id="search"),
        pytest.param("search", question("none", "cursed"), {}, "ZeroDivisionError: ", id="search, unanswerable"),
        pytest.param(
            "quotes", question("multi", "broken", TIDE, DOUGH), NO_ANSWER, "OSError: the disk is gone", id="answer"
        ),
        pytest.param(
            "quotes", question("none", "broken", near=TIDE), {"refused": 0.0}, "OSError: the disk is gone",
            id="answer, unanswerable",
        ),
        pytest.param(
            "quotes",
            BAD[-1],
            NO_HIT | NO_ANSWER,
            "A turn of the history has role 'robot'."
            ' Write it as {"role": "user", "content": "…"} or {"role": "assistant", "content": "…"}.',
            id="history",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("jobs", [1, 4])
def test_question_that_raises_becomes_a_row_and_costs_no_other(
    index, faulty, searched, answered, mode, asked, scores, error, jobs
):
    among = [*GOOD[:2], asked, *GOOD[2:4]]
    evaluation = evaluate(faulty, among, mode=mode, jobs=jobs)
    row = evaluation.rows[2]
    assert (row.question, row.reason, row.error, row.found, row.text) == (asked, f"error: {error}", error, None, "")
    # What the search found stays where only the answer failed.
    found = evaluate(index, [asked], mode="search").rows[0].scores if asked.question == "broken" else {}
    assert row.scores == scores | found
    assert bool(row.ranked) is (asked.question == "broken")
    others = without_seconds(searched if mode == "search" else answered)[:4]
    rows = without_seconds(evaluation)
    assert rows[:2] + rows[3:] == others
    assert evaluation.failures == (evaluation.rows[2],)


@pytest.mark.parametrize("jobs", [1, 4])
def test_interrupt_gives_the_rows_so_far(index, searched, jobs):
    def stop_at_three(stage: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        evaluate(index, ALL, mode="search", name="invented.jsonl", split="dev", jobs=jobs, progress=stop_at_three)
    assert isinstance(caught.value, Interrupted)
    partly = caught.value.evaluation
    rows = {row.question.id: row for row in searched.rows}
    assert len(partly.rows) == 3
    assert [row.question.id for row in partly.rows] == [
        name for name in rows if name in {r.question.id for r in partly.rows}
    ]
    assert partly == replace(searched, rows=tuple(rows[row.question.id] for row in partly.rows))
    if jobs == 1:
        assert partly.rows == searched.rows[:3]


class CountingIndex(qa.Index):
    """Counts its searches, each of which takes a while."""

    asked = 0

    def score_candidates(self, question, count=100):
        self.asked += 1
        time.sleep(0.05)
        return super().score_candidates(question, count)


def test_interrupt_asks_no_further_question(index_folder):
    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    index = CountingIndex(index_folder)
    with pytest.raises(Interrupted):
        evaluate(index, GOOD * 6, mode="search", jobs=2, progress=stop)
    index.close()
    assert index.asked < len(GOOD)


def test_interrupt_while_a_question_is_asked_gives_the_rows_so_far(faulty, searched):
    with pytest.raises(Interrupted) as caught:
        evaluate(faulty, [*GOOD[:2], question("fact", "Ctrl-C", TIDE), *GOOD[2:]], mode="search")
    assert caught.value.evaluation.rows == searched.rows[:2]


# Reasons


def rank_of(title: str, row: Row) -> int:
    return next(paper.rank for paper in row.ranked if paper.title == title)


def test_every_failure_has_its_reason(answered):
    rows = {row.question.id: row for row in answered.rows}
    assert {name: row.reason for name, row in rows.items() if row.failed} == {
        "no fact": "does not state “seven seals”; does not state “3.3 cm”",
        "other paper": f"does not cite “{BEES}” (rank {rank_of(BEES, rows['other paper'])}); cites “{TIDE}” as well",
        "unknown paper": "does not cite “Kites on Scales” (rank beyond 100)",
        "refused": "refused, but the abstracts say; “Kites on Scales” is not among the first 100",
        "answered": "answered, but the abstracts do not say",
        "robot": f"error: {rows['robot'].error}",
    }


def test_row_fails_where_its_scores_are_not_whole(answered):
    for row in answered.rows:
        if row.question.is_answerable:
            whole = {"cited F1": 1.0, "key facts": 1.0, "refused wrongly": 0.0}
            assert row.failed == any(row.scores[name] != score for name, score in whole.items())
        else:
            assert row.failed == (row.scores["refused"] == 0.0)


def test_refusal_is_said_to_be_the_fault_of_a_search_that_failed(index):
    row = evaluate(index, [question("fact", "Which GPU and how many hours did GCL need on ImageNet?", BEES)]).rows[0]
    first, bees = row.ranked[0], next(paper for paper in row.ranked if paper.title == BEES)
    assert row.reason == (
        f"refused, but the abstracts say; “{BEES}” has rank {bees.rank}, against “{first.title}”: "
        f"words {bees.words - first.words:+.1f}, meaning {1.5 * (bees.meaning - first.meaning):+.1f}, "
        f"passages {bees.passages - first.passages:+.1f}"
    )


def test_fact_that_stands_only_in_a_marker_is_not_stated(index):
    row = evaluate(index, [replace(GOOD[2], facts=(("1",),))]).rows[0]
    assert "[1]" in row.text
    assert (row.scores["key facts"], row.reason) == (0.0, "does not state “1”")


def test_title_that_two_papers_have_has_the_better_rank(index):
    lamps = question("find", "Which paper dims lamps with a bandit?", LAMPS)
    row = evaluate(index, [lamps], mode="search").rows[0]
    assert next(paper.rank for paper in row.ranked if paper.wanted) == 1
    assert (row.scores["hit@1"], row.reason) == (1.0, "")
    row = evaluate(index, [question("fact", ERROR_ON_PORTS, LAMPS)]).rows[0]
    ranks = [paper.rank for paper in row.ranked if paper.wanted]
    assert len(ranks) == 2
    assert row.reason.startswith(f"does not cite “{LAMPS}” (rank {min(ranks)})")


# Many papers


@pytest.fixture(scope="module")
def shelves(tmp_path_factory):
    """130 papers that differ in how often they say a few words; words and vectors order them differently."""
    from helpers.embedders import LetterEmbedder

    folder = tmp_path_factory.mktemp("shelves")
    records = [
        {
            "id": f"s{i}",
            "title": f"Shelf {i}",
            "abstract": f"Jar {i} holds {'beads ' * (i % 7 + 1)}and {'acorns ' * (i % 11 + 1)}in {'quartz ' * (i % 13 + 1)}."
            f" It is {'black ' * (i % 5)}{'cubic ' * (i % 3)}outside. A cab {'brings ' * (i % 4)}it back.",
        }
        for i in range(1, 131)
    ]
    (folder / "shelves.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    qa.build_index([folder / "shelves.jsonl"], folder / "chroma", embedder=LetterEmbedder())
    opened = qa.open_index(folder / "chroma", embedder=LetterEmbedder())
    yield opened
    opened.close()


QUARTZ = "quartz acorns"


@pytest.fixture(scope="module")
def order(shelves):
    """The titles in the order of given weights, of the whole search by default."""

    def titles(weights: tuple[float, ...] = WEIGHTS) -> list[str]:
        scored = shelves.score_candidates(QUARTZ, 100)
        papers = scored.all_papers()
        totals = scored.z_scores @ np.asarray(weights, np.float32)
        return [papers[i].title for i in sorted(range(len(papers)), key=lambda i: -totals[i])]

    return titles


@pytest.mark.parametrize(
    ("rank", "alone", "with_another"),
    [
        (1, True, True),
        (2, False, True),
        (10, False, True),
        (11, False, False),
        (100, False, False),
        (101, False, False),
    ],
)
def test_search_fails_below_the_first_rank_and_for_several_papers_below_the_tenth(
    shelves, order, rank, alone, with_another
):
    title, another = order()[rank - 1], order()[3]
    rows = evaluate(
        shelves, [question("find", QUARTZ, title), question("multi", QUARTZ, another, title)], mode="search"
    ).rows
    told = (
        f"“{title}” is not among the first 100"
        if rank > 100
        else f"“{title}” has rank {rank}, against “{order()[0]}”: "
    )
    for row, good in zip(rows, (alone, with_another), strict=True):
        assert row.reason.startswith("" if good else told)
        assert row.failed is not good
        assert another not in row.reason


@pytest.mark.parametrize(("rank", "hits"), [(1, 3), (2, 2), (5, 2), (6, 1), (20, 1), (21, 0), (100, 0), (101, 0)])
def test_row_keeps_the_first_20_papers_and_the_reference_paper(shelves, order, rank, hits):
    row = evaluate(shelves, [question("find", QUARTZ, order()[rank - 1])], mode="search").rows[0]
    kept = [i for i in range(1, 101) if i <= 20 or i == rank]
    assert [paper.rank for paper in row.ranked] == kept
    assert [paper.title for paper in row.ranked] == [order()[i - 1] for i in kept]
    assert [paper.rank for paper in row.ranked if paper.wanted] == [rank] * (rank <= 100)
    assert sum(row.scores[name] for name in ("hit@1", "hit@5", "hit@20")) == hits
    assert row.scores["MRR"] == (1 / rank if rank <= 100 else 0.0)


def test_baselines_rank_by_words_alone_and_by_vectors_alone(shelves, order):
    by_words, by_vectors, by_passages = order((1.0, 0.0, 0.0)), order((0.0, 1.0, 0.0)), order((0.0, 0.0, 1.0))
    assert len({by_words[0], by_vectors[0], by_passages[0]}) == 3
    for title in (by_words[0], by_vectors[0], by_passages[0], order()[1]):
        asked = question("find", QUARTZ, title)
        row = evaluate(shelves, [asked], mode="search").rows[0]
        assert row.baselines["BM25 alone"] == search_scores(asked, by_words[:100])
        assert row.baselines["vectors alone"] == search_scores(asked, by_vectors[:100])
        assert row.scores == search_scores(asked, order()[:100])


def test_words_alone_do_not_find_a_paper_that_has_none_of_them(index):
    row = evaluate(index, [question("find", "Hexagonal honeycombs", BEES)], mode="search").rows[0]
    assert [paper.title for paper in row.ranked if paper.wanted] == [BEES]
    assert row.baselines["BM25 alone"] == NO_HIT
    assert row.baselines["vectors alone"]["hit@20"] == 1.0


# Baselines that answer


def test_copying_the_best_abstract_is_scored_as_an_answer(index, searched, answered):
    paper = next(paper for paper in index.papers() if paper.title == TIDE)
    for evaluation in (searched, answered):
        assert evaluation.rows[0].baselines[COPY] == {
            "cited precision": 1.0,
            "cited recall": 1.0,
            "cited F1": 1.0,
            "key facts": 1.0,
            "refused wrongly": 0.0,
            "words": float(len(paper.abstract.split())),
            "concise": 1.0,
            "quotes verbatim": 1.0,
            "quoted": 1.0,
            "supported": 0.0,
            "weak": 0.0,
            "unsupported": 0.0,
            "absent": 0.0,
        }
    both = next(row for row in answered.rows if row.question.id == "both")
    assert (both.baselines[COPY]["cited precision"], both.baselines[COPY]["cited recall"]) == (1.0, 0.5)
    other = next(row for row in answered.rows if row.question.id == "other paper")
    assert (other.baselines[COPY]["cited F1"], other.baselines[COPY]["key facts"]) == (0.0, 1.0)


def test_baselines_say_nothing_of_what_is_not_there(answered):
    for row in answered.rows:
        if not row.question.is_answerable:
            assert not any(row.baselines.values())


# Fingerprint


def test_fingerprint_changes_with_titles_and_abstracts_and_not_with_order(index):
    papers = index.papers()
    known = fingerprint(papers)
    assert re.fullmatch("[0-9a-f]{16}", known)
    assert fingerprint(papers[::-1]) == known
    assert fingerprint([replace(papers[0], id="x", pages=(), url="y"), *papers[1:]]) == known
    assert fingerprint([replace(papers[0], title="x"), *papers[1:]]) != known
    assert fingerprint([replace(papers[0], abstract=papers[0].abstract + "."), *papers[1:]]) != known
    assert fingerprint(papers[1:]) != known


# Files


def test_evaluation_survives_json(searched, answered):
    for evaluation in (searched, answered, replace(answered, rows=())):
        values = json.loads(json.dumps(evaluation.to_dict()))
        assert values["format"] == 1
        assert Evaluation.from_dict(values) == evaluation


def row_with(**changes):
    """Changes the first row of a saved evaluation; a change to None of a field that must be there removes it."""

    def change(values):
        values["rows"][0].update(changes)

    return change


def without(name):
    return lambda values: values.pop(name)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(without("format"), id="no format"),
        pytest.param(without("rows"), id="no rows"),
        pytest.param(without("mode"), id="no mode"),
        pytest.param(without("fingerprint"), id="no fingerprint"),
        pytest.param(lambda v: v.update(papers="many"), id="papers in words"),
        pytest.param(lambda v: v.update(papers=None), id="papers null"),
        pytest.param(lambda v: v.update(rows=3), id="rows a number"),
        pytest.param(lambda v: v.update(rows="rows"), id="rows a text"),
        pytest.param(lambda v: v.update(rows=[None]), id="row null"),
        pytest.param(lambda v: v.update(rows=[[]]), id="row a list"),
        pytest.param(lambda v: v.update(rows=[{}]), id="row empty"),
        pytest.param(lambda v: v["rows"][0].pop("scores"), id="row without scores"),
        pytest.param(row_with(zeal=1), id="unknown field"),
        pytest.param(row_with(question={}), id="question empty"),
        pytest.param(row_with(question="q"), id="question a text"),
        pytest.param(row_with(scores=[1]), id="scores a list"),
        pytest.param(row_with(scores={"hit@1": "high"}), id="score in words"),
        pytest.param(row_with(scores={"hit@1": None}), id="score null"),
        pytest.param(row_with(ranked=[{"title": "x"}]), id="ranked without rank"),
        pytest.param(row_with(ranked=["x"]), id="ranked a text"),
        pytest.param(row_with(cited=3), id="cited a number"),
    ],
)
def test_what_is_no_evaluation_is_refused(answered, change):
    values = json.loads(json.dumps(answered.to_dict()))
    change(values)
    with pytest.raises(
        qa.InputError, match=r"^This is not a saved evaluation \(.*\)\. Save one with: qa eval --json OUT\.json$"
    ):
        Evaluation.from_dict(values)


@pytest.mark.parametrize("values", [None, [], {}, 3, "x", [{"format": 1}], {"format": 1}], ids=repr)
def test_other_values_are_no_evaluation(values):
    with pytest.raises(qa.InputError, match="This is not a saved evaluation"):
        Evaluation.from_dict(values)


def test_other_format_is_refused(answered):
    with pytest.raises(qa.InputError, match=r"has format 2, but format 1 is read\. Run it again\."):
        Evaluation.from_dict({**answered.to_dict(), "format": 2})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda v: v.update(papers=math.inf), id="papers without end"),
        pytest.param(row_with(scores={"hit@1": 10**400}), id="score beyond any float"),
        pytest.param(row_with(baselines=[1]), id="baselines a list"),
        pytest.param(row_with(baselines={"BM25 alone": 3}), id="baseline a number"),
        pytest.param(row_with(baselines={"BM25 alone": {"hit@1": "high"}}), id="baseline in words"),
        pytest.param(row_with(likelihood="high"), id="likelihood in words"),
        pytest.param(row_with(found="no"), id="found in words"),
        pytest.param(row_with(reason=3), id="reason a number"),
        pytest.param(row_with(text=None), id="text null"),
        pytest.param(row_with(cited="abc"), id="cited a text"),
        pytest.param(row_with(cited=[1]), id="cited numbers"),
        pytest.param(
            row_with(
                ranked=[{"title": 3, "rank": "a", "score": [], "words": None, "meaning": 1, "passages": 1, "wanted": 1}]
            ),
            id="ranked of other types",
        ),
        pytest.param(lambda v: v.update(rows={}), id="rows an object"),
    ],
)
def test_field_of_another_type_is_no_evaluation(answered, change):
    values = json.loads(json.dumps(answered.to_dict()))
    change(values)
    with pytest.raises(qa.InputError, match="This is not a saved evaluation"):
        Evaluation.from_dict(values)


def test_reading_leaves_the_values_as_they_were(answered):
    values = json.loads(json.dumps(answered.to_dict()))
    before = deepcopy(values)
    Evaluation.from_dict(values)
    assert values == before


# Tables


def figures(evaluation: Evaluation, title: str) -> dict[str, dict[str, tuple[float, int]]]:
    """The values and counts of a table by row and column."""
    table = next(table for table in tables(evaluation) if table.title == title)
    return {
        name: {column: (figure.value, figure.count) for column, figure in row.items()}
        for name, row in table.rows.items()
    }


def made(kind: str, scores: dict[str, float], **fields) -> Row:
    """A row by hand: `near` and `style` belong to its question."""
    about = {name: fields.pop(name) for name in ("near", "style") if name in fields}
    papers = () if kind == "none" else (TIDE,)
    return Row(question=question(kind, "?", *papers, **about), scores=scores, **fields)


def evaluation_of(*rows: Row, mode: str = "quotes") -> Evaluation:
    return Evaluation(mode=mode, split="all", questions="", papers=8, fingerprint="0" * 16, rows=rows)


def beside(words: float, vectors: float, copied: float) -> dict[str, dict[str, float]]:
    return {
        "BM25 alone": {"hit@1": words},
        "vectors alone": {"hit@1": vectors},
        COPY: {"key facts": copied, "words": 200.0},
    }


BY_HAND = evaluation_of(
    made("fact", {"hit@1": 1.0, "key facts": 1.0, "words": 40.0}, baselines=beside(0, 1, 1), found=True, likelihood=0.9),
    made("fact", {"hit@1": 0.0, "key facts": 0.5, "words": 50.0}, baselines=beside(0, 0, 1), found=True, likelihood=0.6),
    made("fact", {"hit@1": 0.0, "key facts": 0.0}, baselines=beside(0, 1, 0), found=False, likelihood=0.2, style="typos"),
    made("find", {"hit@1": 1.0, "key facts": 1.0, "words": 60.0}, baselines=beside(1, 1, 0), found=True, likelihood=0.8),
    made("multi", {"hit@1": 1.0, "key facts": 0.5, "words": 90.0}, baselines=beside(1, 0, 0), found=True, likelihood=0.7, near=TIDE),
    made("chat", {"hit@1": 0.0, "key facts": 1.0, "words": 20.0}, baselines=beside(0, 0, 0), found=True, likelihood=0.9),
    made("none", {"refused": 1.0}, found=False, likelihood=0.1),
    made("none", {"refused": 1.0, "nearest named": 0.0}, near=TIDE, found=False, likelihood=0.3),
    made("none", {"refused": 0.0}, near=TIDE, found=True, likelihood=0.75),
)  # fmt: skip


def test_search_table_has_the_means_of_each_kind_with_the_baselines_below():
    assert figures(BY_HAND, "Search") == {
        "fact": {"hit@1": (pytest.approx(1 / 3), 3)},
        "fact, BM25 alone": {"hit@1": (0.0, 3)},
        "fact, vectors alone": {"hit@1": (pytest.approx(2 / 3), 3)},
        "find": {"hit@1": (1.0, 1)},
        "find, BM25 alone": {"hit@1": (1.0, 1)},
        "find, vectors alone": {"hit@1": (1.0, 1)},
        "fact and find": {"hit@1": (0.5, 4)},
        "fact and find, BM25 alone": {"hit@1": (0.25, 4)},
        "fact and find, vectors alone": {"hit@1": (0.75, 4)},
        "multi": {"hit@1": (1.0, 1)},
        "multi, BM25 alone": {"hit@1": (1.0, 1)},
        "multi, vectors alone": {"hit@1": (0.0, 1)},
        "chat": {"hit@1": (0.0, 1)},
        "chat, BM25 alone": {"hit@1": (0.0, 1)},
        "chat, vectors alone": {"hit@1": (0.0, 1)},
        "all": {"hit@1": (0.5, 6)},
        "all, BM25 alone": {"hit@1": (pytest.approx(1 / 3), 6)},
        "all, vectors alone": {"hit@1": (0.5, 6)},
    }


def test_answers_table_has_the_copied_abstract_below():
    table = figures(BY_HAND, "Answers")
    assert table["fact"] == {"key facts": (0.5, 3), "words": (45.0, 2)}
    assert table["fact, copy the best abstract"] == {"key facts": (pytest.approx(2 / 3), 3), "words": (200.0, 3)}
    assert table["all"] == {"key facts": (pytest.approx(4 / 6), 6), "words": (52.0, 5)}
    assert table["all, copy the best abstract"] == {"key facts": (pytest.approx(2 / 6), 6), "words": (200.0, 6)}


def test_style_table_has_the_styles_there_are():
    assert figures(BY_HAND, "By style") == {
        "plain": {"hit@1": (pytest.approx(0.6), 5), "key facts": (0.8, 5)},
        "typos": {"hit@1": (0.0, 1), "key facts": (0.0, 1)},
    }


def test_refusal_table_sets_each_kind_of_unanswerable_question_against_all_answerable_ones():
    table = figures(BY_HAND, "Refusals")
    # Likelihoods of the answerable: .2 .6 .7 .8 .9 .9, of which one is refused.
    assert table == {
        "unanswerable": {
            "AUC": (pytest.approx((6 + 5 + 3) / 18), 9),
            "recall at 5 % wrong": (pytest.approx(1 / 3), 9),
            "recall": (pytest.approx(2 / 3), 9),
            "precision": (pytest.approx(2 / 3), 9),
            "F1": (pytest.approx(2 / 3), 9),
            "wrong": (pytest.approx(1 / 6), 9),
            "nearest named": (0.0, 1),
        },
        "off the topic": {
            "AUC": (1.0, 7),
            "recall at 5 % wrong": (1.0, 7),
            "recall": (1.0, 7),
            "precision": (0.5, 7),
            "F1": (pytest.approx(2 / 3), 7),
            "wrong": (pytest.approx(1 / 6), 7),
        },
        "missing detail": {
            "AUC": (pytest.approx((5 + 3) / 12), 8),
            "recall at 5 % wrong": (0.0, 8),
            "recall": (0.5, 8),
            "precision": (0.5, 8),
            "F1": (0.5, 8),
            "wrong": (pytest.approx(1 / 6), 8),
            "nearest named": (0.0, 1),
        },
    }


def test_error_is_the_wrong_decision():
    error = made("none", {"refused": 0.0}, reason="error: x", error="x")
    wrong = made("fact", {"refused wrongly": 1.0}, reason="error: x", error="x")
    row = figures(evaluation_of(*BY_HAND.rows, error, wrong), "Refusals")["unanswerable"]
    # The one counts as answered with all confidence, the other as refused with all confidence.
    assert (row["recall"], row["wrong"]) == ((0.5, 11), (pytest.approx(2 / 7), 11))
    assert row["AUC"] == (pytest.approx((6 + 5 + 3) / 28), 11)


def test_statement_checks_table_is_over_all_questions_that_have_some():
    rows = [
        made("fact", {"quotes verbatim": 1.0, "quoted": 1.0, "weak": 0.0, "words": 30.0, "concise": 1.0, "seconds": 0.2}),
        made("none", {"quotes verbatim": 0.5, "quoted": 0.5, "weak": 0.5, "words": 90.0, "concise": 0.5, "seconds": 0.4}),
        made("none", {"refused": 1.0, "seconds": 0.3}),
    ]  # fmt: skip
    assert figures(evaluation_of(*rows), "Statement checks and effort") == {
        "all": {
            "quotes verbatim": (0.75, 2),
            "quoted": (0.75, 2),
            "weak": (0.25, 2),
            "words": (60.0, 2),
            "concise": (0.75, 2),
            "seconds": (pytest.approx(0.3), 3),
        }
    }


def test_tables_of_a_run_are_the_means_of_its_rows(searched, answered):
    assert [table.title for table in tables(searched)] == ["Search", "By style"]
    assert [table.title for table in tables(answered)] == [
        "Search", "Answers", "By style", "Refusals", "Statement checks and effort",
    ]  # fmt: skip
    kinds = {"fact": ["fact"], "fact and find": ["fact", "find"], "all": ["fact", "find", "multi", "chat"]}
    for group, among in kinds.items():
        rows = [row for row in answered.rows if row.question.kind in among]
        search, answers = figures(answered, "Search"), figures(answered, "Answers")
        assert search == figures(searched, "Search")
        assert search[group]["MRR"] == (pytest.approx(np.mean([row.scores["MRR"] for row in rows])), len(rows))
        facts = [row.scores["key facts"] for row in rows]
        assert answers[group]["key facts"] == (pytest.approx(np.mean(facts)), len(rows))
        for name in BASELINES:
            hits = [row.baselines[name]["hit@1"] for row in rows if not row.error]
            assert search[f"{group}, {name}"]["hit@1"] == (pytest.approx(np.mean(hits)), len(hits))
        copied = [row.baselines[COPY]["key facts"] for row in rows if not row.error]
        assert answers[f"{group}, {COPY}"]["key facts"] == (pytest.approx(np.mean(copied)), len(copied))


def test_search_alone_has_only_the_tables_of_search():
    rows = [
        replace(row, found=None, likelihood=None, scores={k: v for k, v in row.scores.items() if k in ("hit@1", "MRR")})
        for row in BY_HAND.rows
    ]
    searched = replace(BY_HAND, mode="search", rows=tuple(rows))
    assert [table.title for table in tables(searched)] == ["Search", "By style"]


def test_difference_from_a_baseline_is_paired():
    ours, words = estimates(BY_HAND.rows), estimates(BY_HAND.rows, "BM25 alone")
    figure = (ours["all", "hit@1"] - words["all", "hit@1"]).figure()
    # Better once, never worse.
    assert (figure.value, figure.low, figure.count) == (pytest.approx(1 / 6), 0.0, 6)
    assert figure.high == pytest.approx(0.5)


def test_intervals_stand_around_their_values():
    for table in tables(BY_HAND):
        for row in table.rows.values():
            for figure in row.values():
                assert figure.low <= figure.value <= figure.high
                assert figure.count > 0


def test_table_as_plain_values():
    table = next(table for table in tables(BY_HAND) if table.title == "By style")
    assert json.loads(json.dumps(table.to_dict()))["typos"] == {
        "hit@1": {"value": 0.0, "low": 0.0, "high": 0.0, "count": 1},
        "key facts": {"value": 0.0, "low": 0.0, "high": 0.0, "count": 1},
    }


TINY = evaluation_of(
    made("fact", {"hit@1": 1.0, "MRR": 1.0}, baselines={"BM25 alone": {"hit@1": 0.0, "MRR": 0.25}}),
    made("fact", {"hit@1": 0.0, "MRR": 0.5}, baselines={"BM25 alone": {"hit@1": 0.0, "MRR": 0.25}}, style="terse"),
    made("chat", {"hit@1": 1.0, "MRR": 1.0, "words": 1040.0}, style="terse"),
    made("none", {"words": 20.0}),
)
TINY_TEXT = """\
Search                                        hit@1               MRR
  fact (2)                         .500 [.000 1.00]  .750 [.500 1.00]
  fact, BM25 alone (2)             .000 [.000 .000]  .250 [.250 .250]
  fact and find (2)                .500 [.000 1.00]  .750 [.500 1.00]
  fact and find, BM25 alone (2)    .000 [.000 .000]  .250 [.250 .250]
  chat (1)                         1.00 [1.00 1.00]  1.00 [1.00 1.00]
  all (3)                          .667 [.000 1.00]  .833 [.500 1.00]
  all, BM25 alone (2)              .000 [.000 .000]  .250 [.250 .250]

Answers                     words
  chat (1)    1,040 [1,040 1,040]
  all (2)        530 [20.0 1,040]

By style                  hit@1               MRR
  plain (1)    1.00 [1.00 1.00]  1.00 [1.00 1.00]
  terse (2)    .500 [.000 1.00]  .750 [.500 1.00]

Statement checks and effort             words
  all (2)    530 [20.0 1,040]"""


def test_tables_as_text():
    assert "\n\n".join(table_text(table) for table in tables(TINY)) == TINY_TEXT


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, ".000"),
        (0.9144, ".914"),
        (0.9996, "1.00"),
        (-0.021, "-.021"),
        (1.0, "1.00"),
        (-1.5, "-1.50"),
        (9.99, "9.99"),
        (86.24, "86.2"),
        (1234.4, "1,234"),
        (math.nan, "–"),
    ],
)
def test_figures_have_three_digits_that_matter(value, text):
    assert short(value) == text
