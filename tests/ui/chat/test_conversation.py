"""What a browser keeps of a conversation and sends back: read with care, whatever it is."""

import json
from dataclasses import replace

import pytest

from helpers.talks import QUOTED, REFUSED, TALK, WRITTEN
from qa.answer import Stage, Usage
from qa.errors import InputError
from qa.export import to_bibtex, to_markdown
from qa.ui.chat.conversation import (
    MOST_CHARACTERS,
    MOST_PAPERS,
    MOST_STEPS,
    MOST_TURNS,
    About,
    ChatRequest,
    Conversation,
    Step,
    Turn,
    steps_of,
    steps_so_far,
)
from qa.ui.chat.paper_cards import cards_html
from qa.ui.chat.thread_html import thread_html

UNREADABLE = r"^The conversation that this browser keeps cannot be read\. Begin a new one\.$"


def through_json(values):
    return json.loads(json.dumps(values))


def nested(depth: int) -> list:
    deep: list = []
    for _ in range(depth):
        deep = [deep]
    return deep


DEEP = nested(10_000)
KEPT = through_json(TALK.to_dict())


# There and back


@pytest.mark.parametrize("turn", TALK.turns, ids=["quotes", "model", "refusal", "stopped", "error"])
def test_turn_of_each_kind_comes_back_as_it_was(turn):
    talk = Conversation(id="a", turns=(turn,))
    assert Conversation.from_dict(through_json(talk.to_dict())) == talk


def test_talk_of_many_turns_comes_back_as_it_was():
    assert Conversation.from_dict(KEPT) == TALK


def test_talk_that_is_not_there_is_an_empty_one():
    assert Conversation.from_dict(None) == Conversation() == Conversation.from_dict(Conversation().to_dict())


def test_values_of_a_talk_are_plain_and_written_out():
    turn = Turn(question="Why?", about=About(id="t", title="T"), steps=(Step(name="reading", papers=2),), error="Gone.")
    assert Conversation(id="a", run="b", turns=(turn,)).to_dict() == {
        "id": "a",
        "run": "b",
        "turns": [
            {
                "question": "Why?",
                "about": {"id": "t", "title": "T"},
                "answer": None,
                "steps": [{"name": "reading", "seconds": None, "papers": 2}],
                "stopped": False,
                "error": "Gone.",
                "vote": None,
                "note": None,
                "follow_ups": [],
            }
        ],
    }


# What is read of it


def test_history_has_what_was_answered_and_not_what_failed():
    assert [said["content"] for said in TALK.history] == [
        "How large is the error?", QUOTED.text, "How long does it train?", WRITTEN.text, "Who won?", REFUSED.text,
        "And why?", WRITTEN.text,
    ]  # fmt: skip
    assert [said["role"] for said in TALK.history] == ["user", "assistant"] * 4


def test_answers_are_those_of_the_turns_that_have_one():
    assert TALK.answers == [QUOTED, WRITTEN, REFUSED, WRITTEN]


def test_last_turn_is_replaced_and_the_others_stay():
    turn = Turn(question="Else?")
    assert TALK.with_last(turn).turns == (*TALK.turns[:-1], turn)
    assert TALK.turns[-1].error


# Garbage


WRONG = {
    "nothing": None, "true": True, "false": False, "zero": 0, "negative": -1, "huge": 10**30, "enormous": 10**400,
    "fraction": 1.5, "NaN": float("nan"), "infinity": float("inf"), "empty text": "", "text": "x", "NaN as a text": "NaN",
    "half a pair": "\ud800", "empty list": [], "list": [None], "list of texts": ["x"], "empty object": {},
    "object": {"a": 1}, "deep list": DEEP, "digits": "1" * 5000,
}  # fmt: skip
SMALL = through_json(replace(TALK, turns=(TALK.turns[1], replace(TALK.turns[2], vote=True))).to_dict())


def places(values, place=()):
    """The places of all values within these, each as the keys that lead there."""
    yield place
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        yield from places(value, (*place, key))


def with_value(values, place, value):
    """A copy of the values with another value in one place."""
    if not place:
        return value
    key, *rest = place
    copy = values.copy()
    copy[key] = with_value(values[key], rest, value)
    return copy


def without(values, place):
    *way, last = place
    holder = values
    for key in way:
        holder = holder[key]
    copy = holder.copy()
    del copy[last]
    return with_value(values, way, copy)


def use(talk: Conversation) -> None:
    """All that the page does with a talk that it could read."""
    assert Conversation.from_dict(through_json(talk.to_dict())) == talk
    json.dumps(talk.to_dict(), ensure_ascii=False, allow_nan=False).encode()
    assert len(talk.history) == 2 * len(talk.answers)
    thread_html(talk)
    for answer in talk.answers:
        cards_html(answer, 0)
    to_markdown(talk.answers)
    to_bibtex(citation.paper for answer in talk.answers for citation in answer.citations)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_talk_with_a_wrong_value_anywhere_is_refused_or_can_be_used(wrong):
    for place in places(SMALL):
        try:
            talk = Conversation.from_dict(with_value(SMALL, place, wrong))
        except InputError:
            continue
        use(talk)


def test_talk_that_lacks_anything_is_refused_or_can_be_used():
    for place in places(SMALL):
        if place:
            try:
                talk = Conversation.from_dict(without(SMALL, place))
            except InputError:
                continue
            use(talk)


@pytest.mark.parametrize(
    "place",
    [
        (), ("id",), ("turns",), ("turns", 0), ("turns", 0, "question"), ("turns", 0, "answer"),
        ("turns", 0, "about"), ("turns", 0, "steps", 0), ("turns", 0, "steps", 0, "name"),
        ("turns", 0, "answer", "text"), ("turns", 0, "answer", "format"), ("turns", 0, "answer", "notice"),
        ("turns", 0, "answer", "statements", 0, "reason"), ("turns", 0, "answer", "citations", 0, "paper", "title"),
        ("turns", 0, "answer", "citations", 0, "paper", "code_url"), ("turns", 0, "answer", "citations", 0, "paper", "pages", 0),
    ],
    ids=lambda place: ".".join(map(str, place)) or "all",
)  # fmt: skip
@pytest.mark.parametrize("wrong", ["number", "deep list"])
def test_wrong_value_is_told_in_one_sentence_and_what_to_do(place, wrong):
    values = with_value(SMALL, place, {"number": 7, "deep list": DEEP}[wrong])
    with pytest.raises(InputError, match=UNREADABLE):
        Conversation.from_dict(values)


@pytest.mark.parametrize(
    "seconds", [float("nan"), float("inf"), -float("inf"), "nan", "x", 10**400, [1]], ids=lambda value: f"{value!r:.9}"
)
def test_seconds_that_are_no_number_are_refused(seconds):
    with pytest.raises(InputError, match=UNREADABLE):
        Conversation.from_dict(with_value(SMALL, ("turns", 0, "steps", 0, "seconds"), seconds))
    with pytest.raises(InputError, match=UNREADABLE):
        Conversation.from_dict(with_value(SMALL, ("turns", 0, "answer", "ledger", "seconds", "all"), seconds))


@pytest.mark.parametrize("papers", [float("inf"), 10**30, "x", {}], ids=repr)
def test_papers_of_a_step_that_are_no_number_are_refused(papers):
    with pytest.raises(InputError, match=UNREADABLE):
        Conversation.from_dict(with_value(SMALL, ("turns", 0, "steps", 0, "papers"), papers))


def test_negative_numbers_are_shown_as_they_are():
    step = {"name": "writing", "seconds": -1.5, "papers": -3}
    talk = Conversation.from_dict(with_value(SMALL, ("turns", 0, "steps"), [step]))
    assert talk.turns[0].steps == (Step(name="writing", seconds=-1.5, papers=-3),)
    use(talk)


def test_fields_that_nobody_knows_are_left_out():
    extra = {**KEPT, "owner": "me", "turns": [{**turn, "colour": "red", "stage": DEEP} for turn in KEPT["turns"]]}
    assert Conversation.from_dict(extra) == TALK


def test_fields_that_an_older_page_did_not_have_are_as_at_first():
    assert Conversation.from_dict({"id": "a", "turns": [{"question": "Why?"}]}) == Conversation(
        id="a", turns=(Turn(question="Why?"),)
    )


@pytest.mark.parametrize("truth", ["true", 1, [True], None], ids=repr)
def test_only_true_and_false_are_votes_and_only_true_is_stopped(truth):
    turn = Conversation.from_dict({"id": "a", "turns": [{"question": "Why?", "vote": truth, "stopped": truth}]}).turns[
        0
    ]
    assert (turn.vote, turn.stopped) == (None, False)


def test_halves_of_pairs_become_a_sign_that_can_be_sent():
    talk = Conversation.from_dict({"id": "a\ud800", "turns": [{"question": "Why \udc00?", "note": "\ud83d"}]})
    assert (talk.id, talk.turns[0].question, talk.turns[0].note) == ("a\ufffd", "Why \ufffd?", "\ufffd")


def test_other_characters_stay():
    question = "Why 🐦 e\u0301 \u202e \x00 <b>?"
    assert Conversation.from_dict({"id": "a", "turns": [{"question": question}]}).turns[0].question == question


def test_long_names_are_cut():
    talk = Conversation.from_dict({"id": "x" * 100_000, "run": "y" * 100_000, "turns": []})
    assert (talk.id, talk.run) == ("x" * 64, "y" * 64)


def test_only_the_last_turns_are_read():
    turns = [{"question": str(i)} for i in range(MOST_TURNS + 5)]
    read = Conversation.from_dict({"id": "a", "turns": turns}).turns
    assert (len(read), read[0].question, read[-1].question) == (200, "5", "204")


def test_broken_turn_that_is_too_old_to_be_read_does_no_harm():
    assert (
        len(Conversation.from_dict({"id": "a", "turns": [None, *[{"question": "Why?"}] * MOST_TURNS]}).turns)
        == MOST_TURNS
    )


def test_huge_texts_are_read():
    long = "word " * 200_000
    values = with_value(SMALL, ("turns", 0, "answer", "text"), long)
    assert Conversation.from_dict(values).answers[0].text == long


# Wishes


WISH = {
    "talk": KEPT,
    "question": "  And the gulls?\n",
    "about": {"id": "Coun", "title": "Counting Gulls"},
    "fresh": True,
    "strict": False,
    "papers": 5,
}


def test_wish_is_read():
    assert ChatRequest.from_dict(WISH) == ChatRequest(
        talk=TALK,
        question="And the gulls?",
        about=About(id="Coun", title="Counting Gulls"),
        fresh=True,
        strict=False,
        papers=5,
    )


def test_wish_may_be_a_question_alone():
    assert ChatRequest.from_dict({"question": "Why?"}) == ChatRequest(question="Why?")


@pytest.mark.parametrize(
    ("papers", "read"),
    [(None, None), (0, 1), (-5, 1), (1, 1), (30, 30), (31, MOST_PAPERS), (10**400, MOST_PAPERS), (7.9, 7), ("7", 7)],
)
def test_number_of_papers_is_kept_within_its_limits(papers, read):
    assert ChatRequest.from_dict({**WISH, "papers": papers}).papers == read


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}, None], ids=repr)
def test_only_true_and_false_are_settings(value):
    wish = ChatRequest.from_dict({**WISH, "fresh": value, "strict": value})
    assert (wish.fresh, wish.strict) == (False, None)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_wish_with_a_wrong_value_anywhere_is_refused_or_can_be_used(wrong):
    for place in [(), *((name,) for name in WISH), ("about", "id"), ("about", "title"), ("talk", "turns")]:
        try:
            wish = ChatRequest.from_dict(with_value(WISH, place, wrong))
        except InputError:
            continue
        use(Conversation(turns=(*wish.talk.turns, Turn(question=wish.question, about=wish.about))))
        assert wish.papers is None or 1 <= wish.papers <= MOST_PAPERS


@pytest.mark.parametrize(
    "wrong", [{}, None, "x", [], {"question": None}, {"question": DEEP}, {**WISH, "talk": {}}], ids=range(7)
)
def test_what_is_no_wish_is_refused(wrong):
    with pytest.raises(InputError, match=UNREADABLE):
        ChatRequest.from_dict(wrong)


def test_question_has_at_most_4000_characters():
    assert len(ChatRequest.from_dict({"question": "x" * MOST_CHARACTERS}).question) == 4000
    with pytest.raises(InputError) as told:
        ChatRequest.from_dict({"question": "x" * 4001})
    assert str(told.value) == "The question has 4,001 characters, and at most 4,000 are read. Shorten it."


# Steps


def test_steps_so_far_end_where_the_next_began_and_the_last_is_under_way():
    begun = [(Stage(name="searching"), 10.0), (Stage(name="reading", papers=8), 10.5), (Stage(name="writing"), 13.0)]
    assert steps_so_far(begun, 14.0) == (
        Step(name="searching", seconds=0.5),
        Step(name="reading", seconds=2.5, papers=8),
        Step(name="writing"),
    )
    assert steps_so_far([], 1.0) == ()


def test_steps_of_an_answer_have_the_seconds_of_its_ledger_in_the_order_in_which_they_were_done():
    seconds = {"all": 9.0, "checking": 1.0, "writing": 3.0, "search": 0.5, "rewriting": 2.0, "other": 1.0}
    assert steps_of(replace(WRITTEN, ledger=Usage(seconds=seconds)), 12) == (
        Step(name="rewriting", seconds=2.0),
        Step(name="searching", seconds=0.5),
        Step(name="writing", seconds=3.0, papers=12),
        Step(name="checking", seconds=1.0),
    )
    assert steps_of(replace(WRITTEN, ledger=Usage())) == ()


def test_what_a_browser_sends_is_cut_to_what_a_talk_can_have():
    turn = {
        "question": "x" * 10**6,
        "note": "n" * 10**6,
        "steps": [{"name": "searching"}] * 10**4,
        "follow_ups": ["?" * 10**6] * 100,
    }
    (read,) = Conversation.from_dict({"id": "a", "turns": [turn]}).turns
    lengths = len(read.question), len(read.note), len(read.steps), len(read.follow_ups), len(read.follow_ups[0])
    assert lengths == (MOST_CHARACTERS, MOST_CHARACTERS, MOST_STEPS, MOST_STEPS, MOST_CHARACTERS)
