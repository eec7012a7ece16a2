"""The conversation as HTML: questions, steps, answers with their links to papers, what is doubtful, what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

from qa.answer import Answer, Citation, Quote, Statement
from qa.console.format import MARKS, usage_text
from qa.documents.paper import short_title
from qa.ui.chat.conversation import Conversation, Step, Turn
from qa.ui.html import printable, render

STEPS = {
    "rewriting": ("Rewriting the follow-up", "Rewrote the follow-up"),
    "searching": ("Searching", "Searched"),
    "reading": ("Reading the papers found", "Read the papers found"),
    "writing": ("Writing and checking each sentence", "Wrote"),
    "checking": ("Checking", "Checked each sentence against its quotes"),
}
"""What is being done, and what was done."""
FIRST_WORDS = 12
"""Of a doubtful sentence whose reason is shown under the answer."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A number in the text that leads to a paper, and the words that it leans on there."""

    number: int
    title: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Text of an answer: of a statement with its marks, or between statements; `sign` where it is doubtful."""

    text: str
    marks: tuple[Mark, ...] = ()
    support: str | None = None
    reason: str | None = None

    @property
    def opening(self) -> str:
        words = self.text.split()
        return " ".join(words[:FIRST_WORDS]) + (" …" if len(words) > FIRST_WORDS else "")


def thread_html(
    talk: Conversation,
    *,
    first_questions: Sequence[str] = (),
    papers: int = 0,
    model: str | None = None,
    live: bool = False,
) -> str:
    """The conversation; before its first question, what can be asked. `papers` is how many the index has, `model` who
    writes the answers (None: they are made of quotes); `live` while the last answer is being made."""
    return render(
        "thread",
        turns=[_Shown(turn, before) for turn, before in zip(talk.turns, (None, *talk.turns), strict=False)],
        first_questions=first_questions,
        papers=papers,
        model=model,
        live=live,
        run=talk.run,
    )


class _Shown:
    """A turn as the template reads it."""

    def __init__(self, turn: Turn, before: Turn | None) -> None:
        self.turn = turn
        said = before and before.answer and before.answer.notice
        # How to add a model is worth saying once.
        self.notice = turn.answer and turn.answer.notice if turn.answer and turn.answer.notice != said else None
        self.paragraphs = paragraphs(turn.answer) if turn.answer else []
        pieces = [piece for paragraph in self.paragraphs for piece in paragraph]
        self.doubtful = [piece for piece in pieces if piece.support in MARKS]
        self.steps = [(_step_text(step), step.seconds) for step in turn.steps]
        seconds = [step.seconds for step in turn.steps]
        self.took = None if None in seconds else sum(filter(None, seconds))  # of one that was stopped it is not known
        self.copied = copied_text(turn.answer) if turn.answer else ""
        whole = turn.answer if turn.answer and not turn.stopped else None  # what a stopped one took is not known
        self.wrote = usage_text(whole.ledger) if whole and whole.mode == "model" else None


def paragraphs(answer: Answer) -> list[list[Piece]]:
    """The text of an answer, a line of it a paragraph, in pieces; empty for an empty text."""
    lines: list[list[Piece]] = [[]]
    for text, statement in answer.segments():
        if statement is not None:
            lines[-1].append(_piece(statement, answer.citations))
            continue
        first, *rest = text.split("\n")
        for i, line in enumerate([first, *rest]):
            if i:
                lines.append([])
            if line.strip() or (line and lines[-1]):
                lines[-1].append(Piece(text=line))
    return [line for line in lines if any(piece.text.strip() for piece in line)]


def copied_text(answer: Answer) -> str:
    """What the button "Copy" copies: the text, and the titles behind its numbers."""
    papers = [f"[{citation.number}] {citation.paper.title}" for citation in answer.citations]
    return "\n\n".join(filter(None, [answer.text, "\n".join(papers)]))


def _piece(statement: Statement, citations: Sequence[Citation]) -> Piece:
    by_number = {citation.number: citation for citation in citations}
    marks = tuple(_mark(by_number[number], statement.quotes) for number in statement.numbers if number in by_number)
    doubt = MARKS.get(statement.support)
    return Piece(
        text=statement.text,
        marks=marks,
        support=statement.support,
        reason=(statement.reason or doubt[1]) if doubt else None,
    )


def _mark(citation: Citation, quotes: Sequence[Quote]) -> Mark:
    own = tuple(printable(quote.text) for quote in quotes if quote in citation.quotes)
    return Mark(number=citation.number, title=short_title(citation.paper.title), quotes=own)


def _step_text(step: Step) -> str:
    now, done = STEPS.get(step.name, (step.name, step.name))
    text = now if step.seconds is None else done
    if step.papers is not None and step.name in ("reading", "writing"):
        count = f"{step.papers} paper{'' if step.papers == 1 else 's'}"
        text = {"reading": f"Reading {count}", "writing": f"Read {count} and wrote"}[step.name]
    return text
