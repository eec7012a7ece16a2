"""A conversation as a visitor's browser keeps it: the server has none of it between two questions.

What comes back from a browser is read with care; it is the visitor's own, and may be old, cut or made up.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from qa.answer import Answer, Stage
from qa.errors import InputError
from qa.retrieval.follow_up import Turn as Said
from qa.text.cleanup import replace_surrogates

MOST_CHARACTERS = 4000
"""Of a question; more would not be read by a model either, where a question's budget is spent on its first part."""
MOST_TURNS = 200
MOST_STEPS = 20
"""Of an answer, and questions that follow it; there are up to six of the one and three of the other."""
MOST_PAPERS = 30
"""That a model can be shown; the token budget of a request holds about as many."""
MOST_NAME = 64
"""Characters of a name that the browser gives."""
MOST_DIGITS = 15
"""Of a whole number; JavaScript keeps no more of all of them."""


@dataclass(frozen=True, kw_only=True)
class About:
    """The one paper that a question was asked of."""

    id: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of an answer; `seconds` is None while it runs."""

    name: str
    seconds: float | None = None
    papers: int | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A question with its answer, perhaps `stopped` before its end, or an `error` (one sentence).

    `vote` is True for a thumb up, False for one down; `follow_ups` are questions that the page suggests.
    """

    question: str
    about: About | None = None
    answer: Answer | None = None
    steps: tuple[Step, ...] = ()
    stopped: bool = False
    error: str | None = None
    vote: bool | None = None
    note: str | None = None
    follow_ups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A conversation; `id` is the browser's name for it, and `run` for what the page was doing when it sent it: what
    comes back of something else is thrown away there."""

    id: str = ""
    run: str = ""
    turns: tuple[Turn, ...] = ()

    @property
    def history(self) -> list[Said]:
        """Questions and answers in order, as an assistant takes them; what failed was not said."""
        said: list[Said] = []
        for turn in self.turns:
            if turn.answer is not None:
                said.append({"role": "user", "content": turn.question})
                said.append({"role": "assistant", "content": turn.answer.text})
        return said

    @property
    def answers(self) -> list[Answer]:
        return [turn.answer for turn in self.turns if turn.answer is not None]

    def with_last(self, turn: Turn) -> "Conversation":
        return replace(self, turns=(*self.turns[:-1], turn))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {"id": self.id, "run": self.run, "turns": [_turn_to_dict(turn) for turn in self.turns]}

    @classmethod
    def from_dict(cls, values: Any) -> "Conversation":
        """The conversation that `to_dict` gave these values, and an empty one for None; InputError where they are not of
        that form."""
        if values is None:
            return cls()
        try:
            talk = cls(
                id=_text(values["id"])[:MOST_NAME],
                run=_text(values.get("run", ""))[:MOST_NAME],
                turns=tuple(_turn_from_dict(turn) for turn in values["turns"][-MOST_TURNS:]),
            )
            _check_json(talk.to_dict())
        except (InputError, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise _unreadable() from error
        return talk


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """A visitor's request: the conversation so far, the question, the only paper to ask about, whether to bypass the cache
    where a reply of it is kept, and the visitor's settings (None: those of the assistant)."""

    talk: Conversation = field(default_factory=Conversation)
    question: str = ""
    about: About | None = None
    fresh: bool = False
    strict: bool | None = None
    papers: int | None = None

    @classmethod
    def from_dict(cls, values: Any) -> "ChatRequest":
        """The request in what the browser sent; InputError for a question that is too long, and for an invalid request."""
        try:
            question, about = _text(values["question"]), values.get("about")
            strict, papers = values.get("strict"), values.get("papers")
            wish = cls(
                talk=Conversation.from_dict(values.get("talk")),
                question=question.strip(),
                about=_about(about),
                fresh=values.get("fresh") is True,
                strict=strict if isinstance(strict, bool) else None,
                papers=None if papers is None else min(max(1, int(papers)), MOST_PAPERS),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise _unreadable() from error
        if len(question) > MOST_CHARACTERS:
            raise InputError(
                f"The question has {len(question):,} characters, and at most {MOST_CHARACTERS:,} are read. Shorten it."
            )
        return wish


def steps_so_far(begun: list[tuple[Stage, float]], now: float) -> tuple[Step, ...]:
    """The stages as steps, the last of them under way; `begun` has each with the second at which it began."""
    ends = [at for _, at in begun[1:]]
    return tuple(
        Step(name=stage.name, papers=stage.papers, seconds=ends[i] - at if i < len(ends) else None)
        for i, (stage, at) in enumerate(begun)
    )


_STAGES = {
    "rewriting": "rewriting",
    "search": "searching",
    "reading": "reading",
    "writing": "writing",
    "checking": "checking",
}


def steps_of(answer: Answer, papers: int | None = None) -> tuple[Step, ...]:
    """What was done for an answer, with its ledger's seconds; a model read so many `papers`."""
    seconds = answer.ledger.seconds
    return tuple(
        Step(name=name, seconds=seconds[stage], papers=papers if name == "writing" else None)
        for stage, name in _STAGES.items()
        if stage in seconds
    )


def _turn_to_dict(turn: Turn) -> dict[str, Any]:
    return {
        "question": turn.question,
        "about": turn.about and asdict(turn.about),
        "answer": turn.answer and turn.answer.to_dict(),
        "steps": [asdict(step) for step in turn.steps],
        "stopped": turn.stopped,
        "error": turn.error,
        "vote": turn.vote,
        "note": turn.note,
        "follow_ups": list(turn.follow_ups),
    }


def _turn_from_dict(values: Any) -> Turn:
    about, answer, vote = values.get("about"), values.get("answer"), values.get("vote")
    error, note = values.get("error"), values.get("note")
    return Turn(
        question=_text(values["question"])[:MOST_CHARACTERS],
        about=_about(about),
        answer=None if answer is None else Answer.from_dict(answer),
        steps=tuple(_step(step) for step in values.get("steps", ())[:MOST_STEPS]),
        stopped=values.get("stopped") is True,
        error=None if error is None else _text(error),
        vote=vote if isinstance(vote, bool) else None,
        note=None if note is None else _text(note)[:MOST_CHARACTERS],
        follow_ups=tuple(_text(question)[:MOST_CHARACTERS] for question in values.get("follow_ups", ())[:MOST_STEPS]),
    )


def _about(values: Any) -> About | None:
    return None if values is None else About(id=_text(values["id"]), title=_text(values["title"]))


def _step(values: Any) -> Step:
    seconds, papers = values.get("seconds"), values.get("papers")
    return Step(
        name=_text(values["name"]),
        seconds=None if seconds is None else float(seconds),
        papers=None if papers is None else int(papers),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {value!r:.40}")
    return replace_surrogates(value)


def _check_json(values: Any) -> None:
    """ValueError for what no browser can be given back: NaN, halves of surrogate pairs, whole numbers that it would
    round."""
    json.loads(json.dumps(values, ensure_ascii=False, allow_nan=False).encode(), parse_int=_whole)


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has more than {MOST_DIGITS} digits")
    return int(digits)


def _unreadable() -> InputError:
    return InputError("The conversation that this browser keeps cannot be read. Begin a new one.")
