"""Recorded replies: read with faults in the file, answered from their own sentences whatever in the index now."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import qa
from helpers.paths import ROOT
from qa.context import CONTEXT_PAPERS
from qa.documents.paper import title_key
from qa.embedding.onnx import ShippedEmbedder
from qa.errors import InputError, ModelUnavailableError
from qa.evals.data.recorded_replies import (
    RecordedReply,
    Replay,
    ShownPaper,
    changed_requests,
    read_replies,
    request_hash,
)
from qa.generation.prompts import answer_messages, context_within
from qa.retrieval.late_interaction import TokenStateCache
from qa.text.sentences import split_passages

pytestmark = pytest.mark.slow


TIDENET = "TideNet: Forecasting Harbour Water Levels with Sparse Gauges"
JARS = ShownPaper(
    title="Jars That Ring",
    sentences=("A jar rings when it is full of honey.", "HoneyEar hears more than 90 % of all thefts."),
)
CASE = RecordedReply(
    id="f1",
    question="What does HoneyEar hear?",
    history=(),
    rewritten=None,
    shown=(JARS,),
    reply="HoneyEar hears more than 90 % of all thefts [1.2].",
    request="0123456789abcdef",
)


@pytest.fixture(scope="module")
def states() -> TokenStateCache:
    return TokenStateCache(ShippedEmbedder())


def replayed(case: RecordedReply, index: qa.Index, states: TokenStateCache, **options) -> qa.Answer:
    return Replay({case.id: case}, index, states).answer(case.id, **options)


def written(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


# The file


def test_what_is_written_is_read(tmp_path):
    chat = replace(
        CASE, id="c1", history=({"role": "user", "content": "Do jars ring?"},), rewritten="What does HoneyEar hear?"
    )
    file = written(tmp_path / "r.jsonl", CASE.to_dict(), "", chat.to_dict())
    assert read_replies(file) == {"f1": CASE, "c1": chat}
    assert RecordedReply.from_dict(chat.to_dict()) == chat


def test_empty_file_has_no_cases(tmp_path):
    assert read_replies(written(tmp_path / "r.jsonl")) == {}


def test_line_separator_within_a_reply_ends_no_line(tmp_path):
    row = json.dumps({**CASE.to_dict(), "reply": "one\u2028two\x85three"}, ensure_ascii=False)
    assert read_replies(written(tmp_path / "r.jsonl", row))["f1"].reply == "one\u2028two\x85three"


GOOD = CASE.to_dict()


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("no JSON", id="no JSON"),
        pytest.param([], id="a list"),
        pytest.param("3", id="a number"),
        pytest.param({**GOOD, "reply": None}, id="no reply"),
        pytest.param({**GOOD, "rewritten": 3}, id="rewritten is a number"),
        pytest.param({key: value for key, value in GOOD.items() if key != "request"}, id="field left out"),
        pytest.param({**GOOD, "shown": [{"title": "Jars"}]}, id="paper without sentences"),
        pytest.param({**GOOD, "shown": [{"title": "Jars", "sentences": "A jar."}]}, id="sentences as text"),
        pytest.param({**GOOD, "shown": [{"title": "Jars", "sentences": [1]}]}, id="sentence is a number"),
        pytest.param({**GOOD, "history": [{"role": "user"}]}, id="turn without content"),
        pytest.param({**GOOD, "history": "ab"}, id="history as text"),
        pytest.param("[" * 100_000, id="nested too deep"),
    ],
)
def test_line_that_is_no_reply_is_named(tmp_path, row):
    file = written(tmp_path / "r.jsonl", {**GOOD, "id": "f0"}, row)
    with pytest.raises(InputError, match=r"r\.jsonl, line 2: no recorded reply \(.*\)\. Record it again\.$") as error:
        read_replies(file)
    assert len(str(error.value)) < 600


def test_id_that_stands_twice_is_named(tmp_path):
    with pytest.raises(InputError, match=r"line 3: 'f1' occurs twice\. Keep one of them\.$"):
        read_replies(written(tmp_path / "r.jsonl", GOOD, "", GOOD))


def test_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.jsonl cannot be read \(No such file or directory\)"):
        read_replies(tmp_path / "nowhere.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9\xff")
    with pytest.raises(InputError, match=r"latin\.jsonl cannot be read"):
        read_replies(tmp_path / "latin.jsonl")


def test_replies_of_this_project_are_read_and_answer_reference_questions():
    from qa.evals.data.questions import read_questions

    evals = ROOT / "evals"
    questions = {question.id: question for question in read_questions(evals / "questions.jsonl")}
    cases = read_replies(evals / "replies" / "replies.jsonl")
    assert len(cases) >= 60
    for case in cases.values():
        assert case.question == questions[case.id].question
        assert list(case.history) == list(questions[case.id].history)


# Answers


def test_reply_is_checked_against_its_own_sentences(index, states):
    answer = replayed(CASE, index, states)
    assert answer.found
    assert answer.mode == "model"
    assert answer.text == "HoneyEar hears more than 90 % of all thefts. [1]"
    (statement,) = answer.statements
    assert statement.support == "supported"
    assert [quote.text for quote in statement.quotes] == [JARS.sentences[1]]
    (citation,) = answer.citations
    assert citation.paper.title == JARS.title
    for quote in citation.quotes:
        assert citation.paper.abstract[quote.start : quote.end] == quote.text


def test_paper_of_the_index_is_its_own_where_its_sentences_are_the_same(index, states):
    own = next(paper for paper in index.papers() if title_key(paper.title) == title_key(TIDENET))
    sentences = tuple(passage.text for passage in split_passages(own.abstract))
    case = replace(CASE, shown=(ShownPaper(title=TIDENET.upper(), sentences=sentences),), reply="Training takes 40 minutes on one laptop [1.5].")  # fmt: skip
    (citation,) = replayed(case, index, states).citations
    assert citation.paper == own


def test_paper_that_the_index_tells_otherwise_today_keeps_its_old_sentences(index, states):
    old = ShownPaper(title=TIDENET, sentences=("TideNet needs one gauge.", "Training takes 50 minutes on one phone."))
    case = replace(CASE, shown=(old,), reply="Training takes 50 minutes on one phone [1.2].")
    answer = replayed(case, index, states)
    assert [statement.support for statement in answer.statements] == ["supported"]
    assert answer.citations[0].paper.abstract == " ".join(old.sentences)
    assert answer.citations[0].quotes[0].text == old.sentences[1]


def test_wrong_reply_is_caught_as_if_it_came_now(index, states):
    case = replace(CASE, reply="HoneyEar hears less than 90 % of all thefts [1.2]. A jar rings when it is full of honey [1.1].")  # fmt: skip
    answer = replayed(case, index, states)
    assert [statement.support for statement in answer.statements] == ["unsupported", "supported"]
    strict = replayed(case, index, states, strict=True)
    assert [statement.text for statement in strict.statements] == ["A jar rings when it is full of honey."]


def test_label_that_was_never_shown_reaches_no_citation(index, states):
    answer = replayed(replace(CASE, reply="HoneyEar hears more than 90 % of all thefts [2.1]."), index, states)
    assert [citation.paper.title for citation in answer.citations] == [JARS.title]
    assert [statement.support for statement in answer.statements] == ["weak"]


def test_refusal_is_a_refusal(index, states):
    answer = replayed(replace(CASE, reply="NOT_IN_THE_PAPERS"), index, states)
    assert not answer.found
    assert answer.statements == ()
    assert [paper.title for paper in answer.nearest] == [JARS.title]


def test_rewritten_question_is_what_silence_may_name(index, states):
    reply = "The abstracts do not say whether TensorFlow is used [none]."
    asked = replace(CASE, question="And with it?", reply=reply)
    supports = [
        replayed(case, index, states).statements[0].support
        for case in (asked, replace(asked, rewritten="Does HoneyEar use TensorFlow?"))
    ]
    assert supports == ["unsupported", "absent"]


def test_empty_reply_is_an_error(index, states):
    with pytest.raises(ModelUnavailableError):
        replayed(replace(CASE, reply=""), index, states)


def test_case_that_was_not_recorded_is_a_key_error(index, states):
    with pytest.raises(KeyError):
        Replay({}, index, states).answer("f1")


def test_replay_costs_nothing_and_says_the_same_again(index, states):
    first, second = (replayed(CASE, index, states) for _ in range(2))
    assert (first.ledger.calls, first.ledger.cost) == (0, 0.0)
    assert (first.text, first.statements, first.citations) == (second.text, second.statements, second.citations)


# The request


ASKED = [{"role": "system", "content": "Say only"}, {"role": "user", "content": "Öhr?"}]


def test_request_hash_is_sixteen_digits_and_stays():
    assert request_hash(ASKED) == "ec0f62e244acffd9"
    assert request_hash([dict(reversed(message.items())) for message in ASKED]) == request_hash(ASKED)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([], id="empty"),
        pytest.param(ASKED[:1], id="message left out"),
        pytest.param(ASKED[::-1], id="order"),
        pytest.param([ASKED[0], {"role": "user", "content": "Öhr"}], id="one character"),
        pytest.param([ASKED[0], {"role": "assistant", "content": "Öhr?"}], id="role"),
        pytest.param([{"role": "system", "content": "Say onlyÖhr?"}], id="joined"),
    ],
)
def test_request_hash_differs_where_the_request_does(other):
    assert request_hash(other) != request_hash(ASKED)


def test_requests_that_the_chain_makes_still_are_told_from_those_it_would_not(index):
    question = "How far off are TideNet's forecasts?"
    shown = context_within([hit.paper for hit in index.find(question, CONTEXT_PAPERS).hits])
    same = recorded(question, request=request_hash(answer_messages(question, shown)))
    assert changed_requests({"same": same, "other": recorded(question, request="0" * 16)}, index) == 1


def recorded(question: str, request: str) -> RecordedReply:
    return RecordedReply(id="q", question=question, history=(), rewritten=None, shown=(), reply="…", request=request)
