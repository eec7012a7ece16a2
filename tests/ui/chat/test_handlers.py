"""What the events of the chat do for visitors, one after another or at once: called as Gradio calls them, without it."""

import asyncio
import json
import logging
import os
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import gradio as gr
import pytest

import qa
from helpers.embedders import LetterEmbedder
from helpers.talks import QUOTED, TALK
from helpers.writer import Writer
from qa.feedback.store import read_feedback
from qa.settings import feedback_file
from qa.ui.chat.conversation import MOST_TURNS, Conversation, Turn
from qa.ui.chat.handlers import ChatHandlers

QUESTION = "By how much does TideNet lower the error on the ports?"
ERROR = "On 12 ports TideNet lowers the mean error from 9.1 cm to 5.4 cm <On 12 ports>."
TRAINING = "Training takes 40 minutes on one laptop <Training takes>."
WENT_WRONG = "Something went wrong on the server; its log has the details. Nothing was lost: try again."
UNREADABLE = "The conversation that this browser keeps cannot be read. Begin a new one."
GARBAGE = {
    "a number": 7, "a text": "x", "a list": [1], "an empty object": {}, "turns of texts": {"id": "a", "turns": ["x"]},
    "broken answer": {"id": "a", "run": "r", "turns": [{"question": "Why?", "answer": {"format": 1}}]},
    "answer of another format": {"id": "a", "turns": [{"question": "Why?", "answer": {"format": 99}}]},
}  # fmt: skip


def room_of(assistant, votes=None) -> ChatHandlers:
    return ChatHandlers(assistant, votes or feedback_file(os.environ))


def wish(question=QUESTION, talk=None, **values):
    return {"talk": talk or {"id": "a", "run": "r", "turns": []}, "question": question, **values}


def answered(room, *args, **values):
    """The snapshots that a wish brings: the HTML of the thread and the cards, and the talk, each fit for JSON."""
    snapshots = list(room.answered(wish(*args, **values)))
    json.dumps(snapshots, allow_nan=False)
    return snapshots


def last_turn(snapshot):
    return Conversation.from_dict(snapshot[2]).turns[-1]


def event(**values) -> gr.EventData:
    return gr.EventData(None, values)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@pytest.fixture
def room(assistant):
    return room_of(assistant)


@pytest.fixture
def breaking(pages, tmp_path):
    """An assistant and its embedder, which is away from when `away` is set."""

    class Breaking(LetterEmbedder):
        away: Exception | None = None

        def embed_question(self, question):
            if self.away:
                raise self.away
            return super().embed_question(question)

    embedder = Breaking()
    qa.build_index([pages], tmp_path / "index", embedder=embedder)
    index = qa.open_index(tmp_path / "index", embedder=embedder)
    yield qa.Assistant(index), embedder
    index.close()


# An answer while it is made


def test_quotes_come_behind_the_search_with_their_cards(room):
    searching, made, whole = answered(room)
    assert "Searching …" in searching[0]
    assert "5.4 cm" in made[0]
    assert "<mark>" in whole[1]
    assert "Matches" in whole[1]
    assert last_turn(whole).follow_ups


def test_snapshots_are_of_a_stopped_talk_until_the_answer_is_whole(index):
    snapshots = answered(room_of(qa.Assistant(index, Writer(f"{ERROR} {TRAINING}"))))
    turns = [last_turn(snapshot) for snapshot in snapshots]
    assert [turn.stopped for turn in turns] == [True] * (len(turns) - 1) + [False]
    assert [len(turn.answer.statements) for turn in turns if turn.answer] == [1, 2, 2, 2]
    assert [turn.steps[-1].name for turn in turns[:3]] == ["searching", "reading", "writing"]
    assert "5.4 cm" in snapshots[3][0]
    assert "data-vote" not in snapshots[-2][0]
    assert "data-vote" in snapshots[-1][0]


def test_last_snapshot_has_the_steps_of_the_answer_and_what_follows(index):
    turn = last_turn(answered(room_of(qa.Assistant(index, Writer(ERROR))))[-1])
    assert [step.name for step in turn.steps][:1] == ["searching"]
    assert {step.name: step.papers for step in turn.steps}["writing"] == 8
    assert all(step.seconds is not None for step in turn.steps)
    assert turn.follow_ups


def test_reasons_are_told_only_when_the_answer_is_whole(index):
    *growing, whole = answered(room_of(qa.Assistant(index, Writer(ERROR))))
    assert all("Matches" not in panel for _, panel, _ in growing)
    assert "Matches" in whole[1]


def test_turns_before_stay_and_go_to_the_model(index):
    writer = Writer("How long does TideNet train?", TRAINING)
    before = Conversation(
        id="a", run="r", turns=(Turn(question=QUESTION, answer=QUOTED), Turn(question="Lost", error="Gone."))
    )
    *_, end = answered(room_of(qa.Assistant(index, writer)), "How long does it train?", before.to_dict())
    assert Conversation.from_dict(end[2]).turns[:2] == before.turns
    assert QUOTED.text.removesuffix(" [1]") in str(writer.asked[0])
    assert "Lost" not in str(writer.asked)


def test_talk_keeps_its_name_and_run(room):
    talk = {"id": "5ca1ab1e", "run": "9", "turns": []}
    assert {(kept["id"], kept["run"]) for _, _, kept in answered(room, talk=talk)} == {("5ca1ab1e", "9")}


def test_longest_talk_takes_one_more_turn_and_loses_its_first(room):
    before = Conversation(run="r", turns=tuple(Turn(question=str(i), error="Gone.") for i in range(MOST_TURNS)))
    *_, end = answered(room, talk=before.to_dict())
    kept = Conversation.from_dict(end[2]).turns
    assert (len(end[2]["turns"]), kept[0].question, kept[-1].question) == (MOST_TURNS, "1", QUESTION)


def test_question_of_one_paper_is_answered_of_it_alone(room, index):
    gulls = next(paper for paper in index.papers() if paper.title.startswith("Counting Gulls"))
    *_, end = answered(room, "What does it assume?", about={"id": gulls.id, "title": gulls.title})
    assert [citation.paper.id for citation in last_turn(end).answer.citations] == [gulls.id]
    assert f"About this paper only: {gulls.title}" in words(end[0])


def test_settings_of_the_visitor_are_those_of_the_question(index):
    writer = Writer(ERROR)
    answered(room_of(qa.Assistant(index, writer)), papers=2, strict=True)
    assert len(writer.shown) == 2


def test_refusal_has_the_nearest_papers_as_cards(room):
    *_, end = answered(room, "Who won the cup final?")
    assert not last_turn(end).answer.found
    assert "Closest papers" in end[1]


def test_whoever_stops_keeps_what_was_shown_and_the_model_is_stopped(index):
    closed, went_on = [], []

    def model(messages):
        try:
            yield "On 12 ports it lowers the mean error from 9.1 cm to 5.4 cm [1.4]. Training takes 40 minutes"
            went_on.append(True)
        finally:
            closed.append(True)

    snapshots = room_of(qa.Assistant(index, model)).answered(wish())
    shown = next(snapshot for snapshot in snapshots if last_turn(snapshot).answer)
    snapshots.close()
    assert (closed, went_on) == ([True], [])
    assert last_turn(shown).stopped
    thread, _, talk = room_of(qa.Assistant(index)).show(shown[2])
    assert "Stopped. The text above was checked" in thread
    assert talk == shown[2]


def test_asking_beside_the_loop_gives_the_same_snapshots(room):
    async def ask():
        return [snapshot async for snapshot in room.ask(wish())]

    loop = asyncio.new_event_loop()
    try:
        with ThreadPoolExecutor(1) as thread:  # a browser may be open in this one
            asked = thread.submit(loop.run_until_complete, ask()).result()
    finally:
        loop.close()
    assert [last_turn(one).stopped for one in asked] == [True, True, False]
    assert last_turn(asked[-1]).answer.text == last_turn(answered(room)[-1]).answer.text


# Errors


@pytest.mark.parametrize("question", ["", " \n\t", "\u00a0"], ids=["empty", "blank", "other blank"])
def test_blank_question_is_an_error_in_its_turn(room, question):
    (only,) = answered(room, question)
    assert last_turn(only).error.startswith("The question is blank.")
    assert not last_turn(only).stopped


def test_question_too_long_leaves_the_talk_as_it_is(room):
    ((thread, panel, told),) = answered(room, "x" * 4001)
    assert told == {"run": "r", "error": "The question has 4,001 characters, and at most 4,000 are read. Shorten it."}
    assert (thread, panel) == (gr.skip(), gr.skip())


@pytest.mark.parametrize("talk", GARBAGE.values(), ids=GARBAGE)
def test_wish_with_a_talk_that_cannot_be_read_leaves_it_as_it_is(room, talk):
    ((_, _, told),) = room.answered({"talk": talk, "question": QUESTION})
    assert told["error"] == UNREADABLE


@pytest.mark.parametrize("garbage", [None, 7, "x", [], {}, {"question": 7}], ids=repr)
def test_what_is_no_wish_is_told(room, garbage):
    ((_, _, told),) = room.answered(garbage)
    assert told == {"run": "", "error": UNREADABLE}


@pytest.mark.parametrize("run", [7, None, "r" * 1000, "\ud800", {}], ids=lambda run: f"{run!r:.9}")
def test_run_of_what_cannot_be_read_is_a_short_text(room, run):
    ((_, _, told),) = room.answered({"talk": {"run": run}, "question": QUESTION})
    assert len(told["run"].encode()) <= 64


def test_paper_that_is_gone_is_told_and_the_turns_before_stay(room):
    before = Conversation(run="r", turns=TALK.turns[:1])
    *_, end = answered(room, talk=before.to_dict(), about={"id": "gone-1", "title": "Gone"})
    assert "has no paper 'gone-1' any more" in last_turn(end).error
    assert 'role="alert"' in end[0]
    assert Conversation.from_dict(end[2]).turns[:1] == before.turns


@pytest.mark.parametrize(
    "error",
    [
        qa.ModelUnavailableError("Nobody is there. Start it."), qa.ModelSetupError("The key is wrong. Set another."),
        qa.BudgetError("It would cost too much. Raise --max-cost."), qa.TooLongError("It is too long. Ask less."),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_error_of_the_model_without_a_fallback_is_one_sentence(index, error):
    *_, end = answered(room_of(qa.Assistant(index, Writer(error), fallback=False)))
    turn = last_turn(end)
    assert (turn.error, turn.stopped, turn.steps) == (str(error), False, ())
    assert words(end[0]).count(str(error)) == 1


def test_model_that_stays_away_is_told_beside_the_quotes(index):
    *_, end = answered(room_of(qa.Assistant(index, Writer(qa.ModelUnavailableError("Nobody is there. Start it.")))))
    assert (last_turn(end).answer.mode, last_turn(end).error) == ("quotes", None)
    assert "Nobody is there." in words(end[0])


def test_model_that_breaks_in_the_middle_leaves_what_was_checked(index):
    def model(messages):
        yield "On 12 ports it lowers the mean error from 9.1 cm to 5.4 cm [1.4]. Training takes"
        raise ConnectionError("secret words")

    *_, end = answered(room_of(qa.Assistant(index, model)))
    assert "5.4 cm" in last_turn(end).answer.text
    assert not last_turn(end).stopped


def test_embedder_that_is_away_is_one_sentence(breaking):
    assistant, embedder = breaking
    embedder.away = qa.EmbedderError("The embedder is away. Start it.")
    *_, end = answered(room_of(assistant))
    assert last_turn(end).error == "The embedder is away. Start it."


@pytest.mark.parametrize(
    "error", [KeyError("/srv/secret.key"), RecursionError("secret.key"), OSError(5, "secret.key")], ids=repr
)
def test_unexpected_error_is_logged_and_told_without_its_words(breaking, caplog, error):
    assistant, embedder = breaking
    embedder.away = error
    with caplog.at_level(logging.ERROR, "qa.ui"):
        *_, end = answered(room_of(assistant))
    assert last_turn(end).error == WENT_WRONG
    assert "secret" not in json.dumps(end)
    assert "secret.key" in caplog.text
    assert "Traceback" in caplog.text


def test_expected_error_is_not_logged(room, caplog):
    answered(room, "")
    assert caplog.text == ""


def test_whole_answer_is_not_lost_where_reasons_and_suggestions_cannot_be_made(breaking):
    assistant, embedder = breaking
    snapshots = []
    for snapshot in room_of(assistant).answered(wish()):
        snapshots.append(snapshot)
        if last_turn(snapshot).answer:
            embedder.away = qa.EmbedderError("The embedder is away. Start it.")
    turn = last_turn(snapshots[-1])
    assert (turn.stopped, turn.error, turn.follow_ups) == (False, None, ())
    assert "Matches" not in snapshots[-1][1]
    assert '<article class="card"' in snapshots[-1][1]


# A talk that comes from the browser


def test_kept_talk_is_shown_with_the_papers_of_its_last_answer(room):
    thread, panel, talk = room.show(TALK.to_dict())
    assert talk == TALK.to_dict()
    assert thread.count('class="turn"') == len(TALK.turns)
    assert "appear here" in panel  # the last turn has no answer
    assert "[1]" in room.show(Conversation(turns=TALK.turns[:2]).to_dict())[1]


def test_no_talk_is_a_welcome_with_questions(room):
    thread, panel, talk = room.show(None)
    assert "Ask a question about the 8 papers" in thread
    assert "data-ask" in thread
    assert "appear here" in panel
    assert talk == Conversation().to_dict()


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_talk_that_cannot_be_read_gives_a_new_one_and_says_so(room, garbage):
    thread, _, talk = room.show(garbage)
    assert thread.startswith(f'<p class="qa error" role="alert">{UNREADABLE}</p>')
    assert "Ask a question about the 8 papers" in thread
    assert talk["turns"] == []
    assert talk["run"] == (garbage.get("run", "") if isinstance(garbage, dict) else "")


def test_talk_is_shown_where_the_embedder_is_away(breaking):
    assistant, embedder = breaking
    embedder.away = qa.EmbedderError("The embedder is away. Start it.")
    room = room_of(assistant)
    assert room.show(TALK.to_dict())[2] == TALK.to_dict()
    assert "Ask a question about the 8 papers" in room.show(None)[0]


def test_cards_are_those_of_the_turn_that_was_chosen(room):
    assert "[2]" not in room.cards(TALK.to_dict(), event(turn=0))
    assert "[2]" in room.cards(TALK.to_dict(), event(turn=1))
    assert "Closest papers" in room.cards(TALK.to_dict(), event(turn=2))


@pytest.mark.parametrize("turn", [99, -1, 4], ids=["beyond", "negative", "without an answer"])
def test_cards_of_a_turn_without_an_answer_are_none(room, turn):
    assert "appear here" in room.cards(TALK.to_dict(), event(turn=turn))


@pytest.mark.parametrize("values", [{}, {"turn": None}, {"turn": "x"}, {"turn": []}], ids=repr)
def test_cards_of_garbage_are_one_sentence(room, values):
    assert words(room.cards(TALK.to_dict(), event(**values))) == WENT_WRONG
    assert words(room.cards({"id": 7}, event(turn=0))) == UNREADABLE


def test_similar_papers_of_one_that_is_gone_are_one_sentence(room, index):
    assert "no paper 'gone-1'" in words(room.similar("gone-1"))
    assert 'role="alert"' in room.similar({"a": 1})
    assert "ask-about" in room.similar(index.papers()[0].id)


# Votes


@pytest.mark.parametrize(
    ("good", "note", "kept"),
    [
        (True, None, (True, None)),
        (False, "Too short.", (False, "Too short.")),
        (True, "", (True, None)),
        ("yes", 7, (False, None)),
    ],
    ids=["up", "down with a note", "empty note", "garbage"],
)
def test_vote_is_noted_at_its_turn_alone(room, good, note, kept):
    thread, talk = room.vote(TALK.to_dict(), event(turn=2, good=good, note=note))
    turns = Conversation.from_dict(talk).turns
    assert (turns[2].vote, turns[2].note) == kept
    assert [*turns[:2], *turns[3:]] == [*TALK.turns[:2], *TALK.turns[3:]]
    assert "Saved" in thread


def test_votes_are_kept_in_the_file_with_the_turns_before(assistant, tmp_path):
    room = room_of(assistant, tmp_path / "votes.jsonl")
    room.vote(TALK.to_dict(), event(turn=1, good=False, note=None))
    room.vote(TALK.to_dict(), event(turn=1, good=True, note="Better than I thought."))
    (vote,) = read_feedback(tmp_path / "votes.jsonl").votes
    assert (vote.question, vote.good, vote.note) == (TALK.turns[1].answer.question, True, "Better than I thought.")
    assert [said["content"] for said in vote.history] == [TALK.turns[0].question, TALK.turns[0].answer.text]


def test_vote_that_cannot_be_kept_is_told_and_not_shown_as_kept(assistant, tmp_path):
    (tmp_path / "votes.jsonl").mkdir()
    thread, talk = room_of(assistant, tmp_path / "votes.jsonl").vote(
        TALK.to_dict(), event(turn=0, good=True, note=None)
    )
    assert words(thread).startswith(WENT_WRONG)
    assert str(tmp_path) not in thread
    assert talk == TALK.to_dict()


def test_huge_note_is_cut(room):
    assert len(room.vote(TALK.to_dict(), event(turn=0, good=True, note="x" * 10**6))[1]["turns"][0]["note"]) <= 4000


@pytest.mark.parametrize("turn", [5, 99, -1, 10**30], ids=repr)
def test_vote_on_a_turn_that_does_not_exist_is_told_and_changes_nothing(room, turn):
    thread, talk = room.vote(TALK.to_dict(), event(turn=turn, good=True, note=None))
    assert 'role="alert">This conversation has no question' in thread
    assert talk == TALK.to_dict()


@pytest.mark.parametrize("values", [{}, {"turn": None}, {"turn": float("nan")}, {"turn": 0}], ids=repr)
def test_vote_of_garbage_is_told_and_changes_nothing(room, values):
    thread, talk = room.vote(TALK.to_dict(), event(**values))
    assert WENT_WRONG in thread
    assert talk == TALK.to_dict()


def test_vote_on_a_talk_that_cannot_be_read_is_told_once(room):
    thread, talk = room.vote({"id": "a", "run": "r", "turns": 7}, event(turn=0, good=True, note=None))
    assert thread.count(UNREADABLE) == 1
    assert talk == Conversation(run="r").to_dict()


# Files


def test_talk_becomes_a_markdown_file_and_its_cited_papers_a_bibtex_file(room):
    assert room.markdown(TALK.to_dict())["text"].count("\n# ") == 3
    assert room.bibtex(TALK.to_dict())["text"].count("@misc{") == 2


@pytest.mark.parametrize(
    "talk",
    [None, Conversation().to_dict(), Conversation(turns=TALK.turns[4:]).to_dict()],
    ids=["none", "empty", "failed"],
)
def test_file_of_a_talk_without_answers_is_an_error(room, talk):
    told = {"error": "Nothing has been answered yet. Ask something first."}
    assert (room.markdown(talk), room.bibtex(talk)) == (told, told)


def test_bibtex_of_a_talk_that_cites_nothing_is_an_error(room):
    refused = Conversation(turns=TALK.turns[2:3]).to_dict()
    assert room.bibtex(refused) == {"error": "No paper has been cited yet. Ask something that the abstracts hold."}
    assert "text" in room.markdown(refused)


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_file_of_garbage_is_an_error(room, garbage):
    assert room.markdown(garbage) == room.bibtex(garbage) == {"error": UNREADABLE}


# Several visitors


def test_two_talks_at_once_know_nothing_of_one_another(index):
    writer = Writer(lambda messages: ERROR if "on the ports?" in messages[-1]["content"] else TRAINING)
    room = room_of(qa.Assistant(index, writer))
    one = room.answered(wish(QUESTION, {"id": "one", "run": "1", "turns": []}))
    two = room.answered(
        wish("How long does TideNet train?", {"id": "two", "run": "2", "turns": []}, papers=3, strict=True)
    )
    ones, twos = [], []
    for first, second in zip(one, two, strict=True):
        ones.append(first)
        twos.append(second)
    assert {talk["id"] for _, _, talk in ones} == {"one"}
    assert {talk["id"] for _, _, talk in twos} == {"two"}
    assert all("TideNet train" not in thread.partition("Suggested questions")[0] for thread, _, _ in ones)
    assert all("on the ports?" not in thread.partition("Suggested questions")[0] for thread, _, _ in twos)
    assert "5.4 cm" in last_turn(ones[-1]).answer.text
    assert "40 minutes" in last_turn(twos[-1]).answer.text


def test_room_is_after_a_visitor_as_it_was_before(room):
    before = dict(vars(room))
    settings = room.settings
    answered(room, strict=True, papers=2)
    room.show(TALK.to_dict())
    room.vote(TALK.to_dict(), event(turn=0, good=True, note="secret"))
    room.markdown(TALK.to_dict())
    assert vars(room) == before
    assert room.settings == settings
    assert "secret" not in room.show(None)[0]


def test_settings_say_whether_there_is_a_model(index, assistant):
    assert room_of(assistant).settings == {"has_model": False, "strict": False, "papers": 12, "most_papers": 30}
    with_model = qa.Assistant(index, Writer(ERROR), papers=4, strict=True)
    assert room_of(with_model).settings == {"has_model": True, "strict": True, "papers": 4, "most_papers": 30}


def test_welcome_names_who_writes(index):
    assert "Answers are written by Writer, and" in words(room_of(qa.Assistant(index, Writer(ERROR))).show(None)[0])
