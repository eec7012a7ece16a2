"""Recorded replies: what a model was shown and what it wrote, so that the chain can be scored without one.

A case keeps its own sentences: whatever the search does later, the reply is checked against what was shown.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, cast

from qa.answer import Answer
from qa.context import CONTEXT_PAPERS, ContextPaper
from qa.documents.paper import Paper, title_key
from qa.errors import InputError
from qa.generation.prompts import answer_messages, context_within
from qa.generation.stream import GenerationRequest, read_reply
from qa.llm.base import Message, StreamEnd
from qa.retrieval.late_interaction import TokenStateCache
from qa.retrieval.search import Index
from qa.text.sentences import Passage, split_passages


@dataclass(frozen=True, kw_only=True)
class ShownPaper:
    """A paper as it was shown: its title and its sentences, which had the labels number.1, number.2 …"""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RecordedReply:
    """A model's reply to a reference question (`id`), with all that it was made from. `rewritten` is the question that
    was searched for where it is not the one asked; `request` is the hash of the request, which only says whether the
    chain would ask the same today."""

    id: str
    question: str
    history: tuple[dict[str, str], ...]
    rewritten: str | None
    shown: tuple[ShownPaper, ...]
    reply: str
    request: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The case that `to_dict` gave these values; KeyError, TypeError and the like where they are not of that form."""
        texts = {name: _text(values[name]) for name in ("id", "question", "reply", "request")}
        return cls(
            **texts,
            history=tuple(
                {name: _text(turn[name]) for name in ("role", "content")} for turn in _list(values["history"])
            ),
            rewritten=None if values["rewritten"] is None else _text(values["rewritten"]),
            shown=tuple(
                ShownPaper(title=_text(paper["title"]), sentences=tuple(map(_text, _list(paper["sentences"]))))
                for paper in _list(values["shown"])
            ),
        )


def request_hash(messages: Sequence[Message]) -> str:
    """Sixteen hexadecimal digits that differ where a request does."""
    plain = [[message["role"], message["content"]] for message in messages]
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode()).hexdigest()[:16]


def read_replies(path: str | os.PathLike[str]) -> dict[str, RecordedReply]:
    """The cases of a JSON Lines file by the ids of their questions; InputError names an invalid line."""
    try:
        # Not splitlines: a text may hold U+2028 and the like, which end no line of JSON Lines.
        lines = Path(path).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read ({getattr(error, 'strerror', None) or error}). Recorded replies are in replies/, next to the questions."
        ) from error
    found: dict[str, RecordedReply] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            case = RecordedReply.from_dict(json.loads(line))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise InputError(f"{path}, line {number}: no recorded reply ({error!r:.200}). Record it again.") from error
        if case.id in found:
            raise InputError(f"{path}, line {number}: {case.id!r} occurs twice. Keep one of them.")
        found[case.id] = case
    return found


def changed_requests(cases: Mapping[str, RecordedReply], index: Index) -> int:
    """How many of these requests the chain would make otherwise today: other papers, other sentences, another prompt."""
    changed = 0
    for case in cases.values():
        found = index.find(case.rewritten or case.question, CONTEXT_PAPERS).hits
        messages = answer_messages(case.question, context_within([hit.paper for hit in found]), case.rewritten)
        changed += request_hash(messages) != case.request
    return changed


class Replay:
    """Answers from recorded replies, checked as if they came from a model now."""

    def __init__(self, cases: dict[str, RecordedReply], index: Index, states: TokenStateCache) -> None:
        self._cases, self._states = cases, states
        self._papers = {title_key(paper.title): paper for paper in index.papers()}

    def answer(self, case_id: str, *, strict: bool = False) -> Answer:
        """The answer made from the recorded reply; KeyError if there is none."""
        case = self._cases[case_id]
        shown = tuple(self._shown(number, paper) for number, paper in enumerate(case.shown, 1))
        task = GenerationRequest(question=case.question, rewritten=case.rewritten, shown=shown)
        pieces = iter([case.reply, StreamEnd(tokens_in=0, tokens_out=0, cost=0.0, cached=True)])
        *_, answer = read_reply(task, pieces, self._states, strict=strict)
        assert isinstance(answer, Answer)
        return answer

    def _shown(self, number: int, paper: ShownPaper) -> ContextPaper:
        """The index's own paper where it still has these sentences, else one made of them."""
        own = self._papers.get(title_key(paper.title))
        if own is not None:
            passages = split_passages(own.abstract)
            if tuple(passage.text for passage in passages) == paper.sentences:
                return ContextPaper(number=number, paper=own, passages=passages)
        abstract = " ".join(paper.sentences)
        return ContextPaper(
            number=number,
            paper=Paper(id=f"recorded-{number}", title=paper.title, abstract=abstract, original=abstract, pages=()),
            passages=_placed(paper.sentences),
        )


def _placed(sentences: Sequence[str]) -> tuple[Passage, ...]:
    """Sentences as the passages of an abstract that joins them with blanks."""
    placed: list[Passage] = []
    start = 0
    for text in sentences:
        placed.append(Passage(text=text, start=start, end=start + len(text)))
        start += len(text) + 1
    return tuple(placed)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {value!r:.40}")
    return value


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"a list was expected, not {value!r:.40}")
    return cast(Sequence[Any], value)
