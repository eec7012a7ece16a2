"""Watching an assistant answer: its stages, the answer as it grows, and what can be asked for one question alone."""

import pytest

import qa
from helpers.fake_endpoint import FakeEndpoint, says
from helpers.writer import Writer
from qa.answer import Stage

QUESTION = "By how much does TideNet lower the error on the ports?"
ERROR = "On 12 ports TideNet lowers the mean error from 9.1 cm to 5.4 cm <On 12 ports>."
TRAINING = "Training takes 40 minutes on one laptop <Training takes>."
INVENTED = "On 99 ports TideNet lowers the mean error to 0.3 cm <On 12 ports>."
TALK = [
    {"role": "user", "content": "How can gulls be counted without labels?"},
    {"role": "assistant", "content": "Gull Contrast Learning (GCL) separates gulls from stones [1]."},
]


def paper_id(index, title):
    return next(paper.id for paper in index.papers() if paper.title.startswith(title))


def test_model_is_seen_searching_reading_and_writing(index):
    items = list(qa.Assistant(index, Writer(f"{ERROR} {TRAINING}")).watch(QUESTION))
    assert items[:3] == [Stage(name="searching"), Stage(name="reading", papers=8), Stage(name="writing")]
    assert [len(answer.statements) for answer in items[3:]] == [1, 2, 2]


def test_follow_up_is_seen_being_rewritten(index):
    writer = Writer("How long does TideNet train?", TRAINING)
    first, *_ = qa.Assistant(index, writer).watch("How long does it train?", TALK)
    assert first == Stage(name="rewriting")


def test_answer_grows_by_checked_statements_with_their_citations(index):
    *_, one, two, whole = qa.Assistant(index, Writer(f"{ERROR} {INVENTED}")).watch(QUESTION)
    assert [statement.support for statement in one.statements] == ["supported"]
    assert [statement.support for statement in two.statements] == ["supported", "unsupported"]
    assert one.citations[0].quotes[0].text.startswith("On 12 ports")
    assert two.text == whole.text
    assert whole.text.startswith(one.text)


def test_last_item_is_what_ask_returns(index):
    watched, asked = qa.Assistant(index, Writer(ERROR)), qa.Assistant(index, Writer(ERROR))
    *_, answer = watched.watch(QUESTION)
    assert answer.to_dict() | {"ledger": None} == asked.ask(QUESTION).to_dict() | {"ledger": None}


def test_quotes_come_in_one_piece_behind_the_search(assistant):
    stage, answer = assistant.watch(QUESTION)
    assert stage == Stage(name="searching")
    assert (answer.mode, answer.found) == ("quotes", True)


def test_quotes_take_the_place_of_a_model_that_stays_away(index):
    *_, answer = qa.Assistant(index, Writer(qa.ModelUnavailableError("Nobody is there. Start it."))).watch(QUESTION)
    assert (answer.mode, answer.found) == ("quotes", True)
    assert "Nobody is there." in answer.notice


# About one paper


@pytest.mark.parametrize("history", [(), TALK], ids=["alone", "after a talk about gulls"])
def test_quotes_are_of_the_paper_that_was_asked_about(index, assistant, history):
    motors = paper_id(index, "Quiet Motors")
    *_, answer = assistant.watch("What does it compare against?", history, about=motors)
    assert [citation.paper.id for citation in answer.citations] == [motors]
    assert "captains follow today" in answer.text


def test_what_another_paper_says_is_not_said_of_this_one(index, assistant):
    gulls = paper_id(index, "Counting Gulls")
    *_, answer = assistant.watch("How many minutes does the training take on a laptop?", about=gulls)
    assert not answer.found
    assert [paper.id for paper in answer.nearest] == [gulls]


def test_model_is_shown_only_the_paper_that_was_asked_about(index):
    writer = Writer("We compare it with the rules that captains follow today <We compare>.")
    *_, answer = qa.Assistant(index, writer).watch("What about rivals?", about=paper_id(index, "Quiet Motors"))
    assert [lines[0] for lines in writer.shown] == ["[1] Quiet Motors: Learning to Steer Ferries with Less Noise"]
    assert answer.found


def test_paper_that_is_gone_is_an_error_that_says_so(index, assistant):
    for one in (assistant, qa.Assistant(index, Writer("Never asked."))):
        with pytest.raises(qa.InputError, match="has no paper 'gone-1' any more"):
            list(one.watch(QUESTION, about="gone-1"))


# For one question alone


def test_papers_and_strictness_are_those_of_this_question(index):
    writer = Writer(f"{ERROR} {INVENTED}")
    assistant = qa.Assistant(index, writer, papers=5)
    *_, answer = assistant.watch(QUESTION, papers=2, strict=True)
    assert (len(writer.shown), [s.support for s in answer.statements]) == (2, ["supported"])
    *_, answer = assistant.watch(QUESTION)
    assert (len(writer.shown), [s.support for s in answer.statements]) == (5, ["supported", "unsupported"])


def test_asking_anew_passes_the_cached_reply_by_and_replaces_it(index, tmp_path):
    with FakeEndpoint(says("It trains for 40 minutes. [1.5]"), says("It needs one laptop. [1.5]")) as server:
        model = qa.Endpoint(base_url=server.url, model="fake-model", sleep=lambda seconds: None)
        assistant = qa.Assistant(index, qa.MeteredModel(model, cache=qa.ReplyCache(tmp_path)))
        texts = []
        for fresh in (False, False, True, False):
            *_, answer = assistant.watch("How long does TideNet train?", fresh=fresh)
            texts.append(answer.statements[0].text)
    assert texts == ["It trains for 40 minutes."] * 2 + ["It needs one laptop."] * 2
    assert len(server.requests) == 2


def test_whoever_stops_watching_stops_the_model(index):
    closed = []

    def model(messages):
        try:
            yield "On 12 ports it lowers the mean error from 9.1 cm to 5.4 cm [1.4]. Training takes 40 minutes"
            raise AssertionError("nobody listens any more")
        finally:
            closed.append(True)

    items = qa.Assistant(index, model).watch(QUESTION)
    while isinstance(next(items), Stage):
        pass
    items.close()
    assert closed
