"""What the events of the chat do: ask, show, vote, export. Shared by all visitors, it keeps nothing of any of them.

A conversation comes with each event from the browser and goes back. How events are bound to the page is in chat.
"""

import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import aclosing, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from qa.answer import Answer, Stage
from qa.assistant import Assistant
from qa.errors import InputError, QAError
from qa.export import to_bibtex, to_markdown
from qa.feedback.store import feedback_on, keep
from qa.json_types import is_object
from qa.retrieval.explain import explain_match
from qa.suggestions.questions import first_questions, follow_ups
from qa.text.cleanup import replace_surrogates
from qa.ui.async_bridge import beside
from qa.ui.chat.conversation import (
    MOST_CHARACTERS,
    MOST_NAME,
    MOST_PAPERS,
    MOST_TURNS,
    ChatRequest,
    Conversation,
    Turn,
    steps_of,
    steps_so_far,
)
from qa.ui.chat.paper_cards import cards_html, similar_html
from qa.ui.chat.thread_html import thread_html
from qa.ui.events import error_sentence, skip
from qa.ui.html import render

T = TypeVar("T")
ContextPaper = tuple[Any, Any, dict[str, Any]]
"""What an event shows: the HTML of the conversation and of the papers panel (either may be unchanged), and the
conversation for the browser."""


class ChatHandlers:
    """What the events of the tab do; shared by all visitors, it keeps nothing of any of them."""

    def __init__(self, assistant: Assistant, votes: Path) -> None:
        self._assistant = assistant
        self._index = assistant.index
        self._votes = votes

    @property
    def settings(self) -> dict[str, Any]:
        """What a visitor can set, as it is at first."""
        return {
            "has_model": self._assistant.calls is not None,
            "strict": self._assistant.strict,
            "papers": self._assistant.papers,
            "most_papers": MOST_PAPERS,
        }

    async def ask(self, wish: Any) -> AsyncIterator[ContextPaper]:
        """See `answered`; runs in a thread."""
        async with aclosing(beside(self.answered(wish))) as shown:
            async for one in shown:
                yield one

    def answered(self, wish: Any) -> Generator[ContextPaper, None, None]:
        """The conversation while its next question is answered. What is shown is what the browser keeps, at any moment:
        stopping it, or closing the page, loses no sentence that was shown. An invalid request changes
        nothing of it: its error takes the place of the talk, and the page shows it under the question."""
        try:
            wished = ChatRequest.from_dict(wish)
        except QAError as error:
            yield skip(), skip(), {"run": _run_of(wish), "error": error_sentence(error)}
            return
        turn = Turn(question=wished.question, about=wished.about, stopped=True)
        before = replace(wished.talk, turns=wished.talk.turns[1 - MOST_TURNS :])  # with this turn, no more are read
        talk = replace(before, turns=(*before.turns, turn))
        begun: list[tuple[Stage, float]] = []
        read: int | None = None
        try:
            items = self._assistant.watch(
                wished.question, before.history, about=wished.about and wished.about.id, fresh=wished.fresh,
                papers=wished.papers, strict=wished.strict,
            )  # fmt: skip
            with closing(items):
                for item in items:
                    if isinstance(item, Stage):
                        begun.append((item, time.perf_counter()))
                        read = item.papers or read
                        turn = replace(turn, steps=steps_so_far(begun, time.perf_counter()))
                    else:
                        turn = replace(turn, answer=item)
                    talk = talk.with_last(turn)
                    yield self._shown(talk, live=True)
            answer = turn.answer
            assert answer is not None
            # All at once: what a visitor does with a whole answer must not meet a later state of it.
            following = _or(lambda: follow_ups(answer, self._index, before.history, quoter=self._assistant.quoter), ())
            turn = replace(turn, stopped=False, steps=steps_of(answer, read), follow_ups=following)
        except Exception as error:
            turn = replace(turn, stopped=False, error=error_sentence(error), steps=())
        yield self._shown(talk.with_last(turn))

    def show(self, talk: Any) -> ContextPaper:
        """A conversation as it was kept, with the papers of its last answer; one that cannot be read gives a new one."""
        try:
            return self._shown(Conversation.from_dict(talk))
        except Exception as error:
            told = render("told", text=error_sentence(error))
            thread, panel, empty = self._shown(Conversation(run=_run_of(talk)))
            return told + thread, panel, empty

    def cards(self, talk: Any, event: gr.EventData) -> str:
        """The papers of one turn's answer."""
        try:
            return self._cards(Conversation.from_dict(talk), int(event.turn))
        except Exception as error:
            return render("told", text=error_sentence(error))

    def vote(self, talk: Any, event: gr.EventData) -> tuple[str, dict[str, Any]]:
        """Keep what the visitor thinks of an answer."""
        try:
            kept = Conversation.from_dict(talk)
            turns, number = list(kept.turns), int(event.turn)
            if not 0 <= number < len(turns):
                raise InputError(f"This conversation has no question {number + 1}. Reload the page.")
            note = event.note[:MOST_CHARACTERS] if isinstance(event.note, str) else ""
            answer = turns[number].answer
            if answer is None:
                raise InputError(f"Question {number + 1} has no answer. Ask it again.")
            good, history = event.good is True, replace(kept, turns=kept.turns[:number]).history
            try:
                keep(feedback_on(answer, good=good, note=note, history=history), self._votes)
            except InputError as error:
                raise RuntimeError("a vote cannot be kept") from error  # why is for the server's log: it names a path
            turns[number] = replace(turns[number], vote=good, note=note or None)
            kept = replace(kept, turns=tuple(turns))
            return self._thread(kept), kept.to_dict()
        except Exception as error:
            told = render("told", text=error_sentence(error))
            thread, _, same = self.show(talk)
            return thread if thread.startswith(told) else told + thread, same

    def similar(self, paper_id: Any) -> str:
        """The papers most similar to one."""
        try:
            return similar_html(self._index, str(paper_id))
        except Exception as error:
            return render("told", text=error_sentence(error))

    def markdown(self, talk: Any) -> dict[str, str]:
        """The conversation as a Markdown file."""
        return _made(lambda: to_markdown(_answers(talk)))

    def bibtex(self, talk: Any) -> dict[str, str]:
        """The papers that the conversation cites, as a BibTeX file."""

        def make() -> str:
            papers = [citation.paper for answer in _answers(talk) for citation in answer.citations]
            if not papers:
                raise InputError("No paper has been cited yet. Ask something that the abstracts hold.")
            return to_bibtex(papers)

        return _made(make)

    def _shown(self, talk: Conversation, *, live: bool = False) -> ContextPaper:
        return self._thread(talk, live=live), self._cards(talk, len(talk.turns) - 1, live=live), talk.to_dict()

    def _thread(self, talk: Conversation, *, live: bool = False) -> str:
        if talk.turns:
            return thread_html(talk, live=live)
        suggested = _or(lambda: first_questions(self._index, quoter=self._assistant.quoter), ())
        return thread_html(talk, first_questions=suggested, papers=len(self._index), model=self._who())

    def _cards(self, talk: Conversation, number: int, *, live: bool = False) -> str:
        """The papers of an answer; match explanations are added when it is complete."""
        turn = talk.turns[number] if 0 <= number < len(talk.turns) else None
        answer = turn.answer if turn else None
        if turn is None or answer is None:
            return cards_html(None, number, run=talk.run)
        reasons = {}
        if not live:
            asked = answer.rewritten or answer.question
            asked = f"{turn.about.title}: {asked}" if turn.about else asked
            papers = [citation.paper for citation in answer.citations] + list(answer.nearest)
            reasons = _or(lambda: explain_match(self._index, asked, papers), {})
        return cards_html(answer, number, reasons, run=talk.run)

    def _who(self) -> str | None:
        """Who writes the answers, without asking the endpoint for its model's name, which may take long."""
        model = self._assistant.calls and self._assistant.calls.model
        if model is None:
            return None
        return f"a language model at {model.host}" if model.host else model.name


def _run_of(values: Any) -> str:
    """For what the page sent these values, where they cannot be read as a wish or a talk."""
    sent = values.get("talk", values) if is_object(values) else None
    run = sent.get("run") if is_object(sent) else None
    return replace_surrogates(run)[:MOST_NAME] if isinstance(run, str) else ""


def _or(make: Callable[[], T], nothing: T) -> T:
    """An optional part of an answer, or `nothing` if it fails: no answer is lost for it."""
    try:
        return make()
    except QAError:
        return nothing


def _answers(talk: Any) -> list[Answer]:
    answers = Conversation.from_dict(talk).answers
    if not answers:
        raise InputError("Nothing has been answered yet. Ask something first.")
    return answers


def _made(make: Callable[[], str]) -> dict[str, str]:
    """What a server function gives to the page: a text, or an error to be shown in its place."""
    try:
        return {"text": make()}
    except Exception as error:
        return {"error": error_sentence(error)}
