"""What an answer is: statements, each held by quotes, each quote verbatim in the abstract of a cited paper.

One object for the library, the command line and files; `to_dict` and `from_dict` are its one JSON form.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from qa.documents.paper import Paper, short_title
from qa.errors import InputError

FORMAT = 1
REFUSAL = "No abstract answers this."
"""How every answer begins that was not found."""
NEAREST = 3
"""How many of the nearest papers a refusal names."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Words of an abstract: `paper.abstract[start:end] == text`, offsets in Python characters."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Citation:
    """A paper that the answer cites: `[number]` in the text, and every quote of it that a statement leans on."""

    number: int
    paper: Paper
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A sentence of the answer without its markers; `numbers` are the citations it leans on, `quotes` their words.

    `support` says how well: "quoted" where the statement is the abstract's own words; of a model's statement
    "supported", "weak", "unsupported", or "absent" where it says that something is not in the papers. `reason` says why,
    in a sentence, where there is something to say.
    """

    text: str
    numbers: tuple[int, ...]
    quotes: tuple[Quote, ...]
    support: str = "quoted"
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """`seconds` by stage, "all" for the whole; tokens as the endpoint counted them, else as estimated; `calls` that went
    to the model, `cache_hits` that did not need to; `cost` in US dollars, None where the model's price is not known."""

    seconds: dict[str, float] = field(default_factory=dict[str, float])
    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 0
    cache_hits: int = 0
    cost: float | None = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The ledger that `to_dict` gave these values; KeyError, TypeError and the like where they are not of that form."""
        cost = values.get("cost", 0.0)
        return cls(
            seconds={str(stage): float(seconds) for stage, seconds in values.get("seconds", {}).items()},
            cost=None if cost is None else float(cost),
            **{name: int(values.get(name, 0)) for name in ("tokens_in", "tokens_out", "calls", "cache_hits")},
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a question.

    `text` has the markers `[1] [2]`, numbered by paper in order of first use; `found` is False where the abstracts do not
    say, and `nearest` then names the nearest papers; `mode` is "quotes" or "model", and `model` says which wrote it and
    where ("gpt-4.1-mini at api.openai.com"); `rewritten` is the question that was searched for where it is not the one
    asked; `answerable` (0 to 1) is the estimated probability that the abstracts answer; `notice` is shown next to
    the text, or None; `ledger` what it took.
    """

    question: str
    text: str
    found: bool
    mode: str
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    nearest: tuple[Paper, ...] = ()
    answerable: float = 0.0
    rewritten: str | None = None
    model: str | None = None
    notice: str | None = None
    ledger: Usage = field(default_factory=Usage)

    def segments(self) -> list[tuple[str, Statement | None]]:
        """`text` split into parts: each statement with its markers, and the text between statements (None). Joined, they are `text`.

        A statement that does not occur in the text is skipped.
        """
        parts: list[tuple[str, Statement | None]] = []
        place = 0
        for statement in self.statements:
            marked = statement.text + "".join(f" [{number}]" for number in statement.numbers)
            start = _between_blanks(marked, self.text, place)
            if start >= 0:
                parts += [(self.text[place:start], None), (marked, statement)]
                place = start + len(marked)
        return [part for part in [*parts, (self.text[place:], None)] if part[0]]

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values, fit for JSON; papers are included in full."""
        return {
            "format": FORMAT,
            "question": self.question,
            "text": self.text,
            "found": self.found,
            "mode": self.mode,
            "statements": [
                {
                    "text": s.text,
                    "numbers": list(s.numbers),
                    "quotes": _quotes(s.quotes),
                    "support": s.support,
                    "reason": s.reason,
                }
                for s in self.statements
            ],
            "citations": [
                {"number": c.number, "paper": c.paper.to_dict(), "quotes": _quotes(c.quotes)} for c in self.citations
            ],
            "nearest": [paper.to_dict() for paper in self.nearest],
            "answerable": self.answerable,
            "rewritten": self.rewritten,
            "model": self.model,
            "notice": self.notice,
            "ledger": self.ledger.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Any) -> "Answer":
        """The answer that `to_dict` gave these values; InputError where they are not of that form."""
        try:
            if values["format"] != FORMAT:
                raise InputError(
                    f"This answer has format {values['format']!r:.40}, but format {FORMAT} is read. Ask the question again."
                )
            return cls(
                question=_text(values["question"]),
                text=_text(values["text"]),
                found=_truth(values["found"]),
                mode=_text(values["mode"]),
                statements=tuple(
                    Statement(
                        text=_text(s["text"]), numbers=tuple(int(n) for n in s["numbers"]), quotes=_read_quotes(s["quotes"]),
                        support=_text(s["support"]), reason=_text_or_none(s.get("reason")),
                    )
                    for s in values["statements"]
                ),
                citations=tuple(
                    Citation(number=int(c["number"]), paper=Paper.from_dict(c["paper"]), quotes=_read_quotes(c["quotes"]))
                    for c in values["citations"]
                ),
                nearest=tuple(Paper.from_dict(paper) for paper in values["nearest"]),
                answerable=float(values["answerable"]),
                rewritten=_text_or_none(values.get("rewritten")),
                model=_text_or_none(values.get("model")),
                notice=_text_or_none(values.get("notice")),
                ledger=Usage.from_dict(values.get("ledger") or {}),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise InputError(
                f"This is not a saved answer ({type(error).__name__}: {error}). Save one with: qa ask --json QUESTION > ANSWER.json"
            ) from error


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage that begins: `name` is "rewriting" (into a standalone question), "searching", "reading" (`papers`
    of them are before the model) or "writing" (its first words came; each sentence is checked as it comes)."""

    name: str
    papers: int | None = None


def refusal_text(nearest: Sequence[Paper]) -> str:
    """What an answer says that was not found: so, and the nearest papers by name."""
    if not nearest:
        return f"{REFUSAL} The index is empty."
    names = "; ".join(f"“{short_title(paper.title)}”" for paper in nearest)
    return f"{REFUSAL} Closest papers: {names}."


def _between_blanks(words: str, text: str, place: int) -> int:
    """The first position of the words in a text, from `place` on, as whole words: a short statement may be the end of a longer
    word. -1 if they do not occur. (A pattern would take minutes for a long statement.)"""
    start = text.find(words, place)
    while start >= 0:
        if not text[max(0, start - 1) : start].strip() and not text[start + len(words) :][:1].strip():
            return start
        start = text.find(words, start + 1)
    return -1


def _quotes(quotes: tuple[Quote, ...]) -> list[dict[str, Any]]:
    return [{"text": quote.text, "start": quote.start, "end": quote.end} for quote in quotes]


def _read_quotes(values: Any) -> tuple[Quote, ...]:
    return tuple(Quote(text=_text(q["text"]), start=int(q["start"]), end=int(q["end"])) for q in values)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false was expected, not {value!r:.40}")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {value!r:.40}")
    return value
