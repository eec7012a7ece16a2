"""Rewrites a follow-up as a standalone question, from the last question and the last reply."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from qa.answer import REFUSAL
from qa.documents.paper import Paper, short_title, title_key
from qa.errors import InputError
from qa.retrieval.intent import asks_others, asks_the_collection, opens_new_topic, refers_back
from qa.retrieval.mentions import RARE_NAME, coined_names, is_named
from qa.retrieval.search import Index
from qa.text.tokenize import question_tokens, surface_words

FEW_WORDS = 4
"""A question of so few content words leans on the history even without a pronoun ("benchmarks they used?")."""
MANY_WORDS = 14
"""A question of more content words says by itself what it is about, even where it has a pronoun."""

Turn = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """A standalone question: `text` for search and reading, the `papers` that it is about, and those that it
    looks `beyond` ("is there other work …"); both are empty for a question that needs no history."""

    text: str
    papers: tuple[Paper, ...] = ()
    beyond: tuple[Paper, ...] = ()


def stand_alone(question: str, history: Sequence[Turn], index: Index) -> FollowUp:
    """The question as it is where it needs no history, else with what it leans on put before it.

    Raises InputError where a turn is not {"role": "user" or "assistant", "content": text}.
    """
    turns = read_turns(history)
    asked = [content for role, content in turns if role == "user"]
    content_words = len(question_tokens(question))
    if not asked or opens_new_topic(question) or content_words > MANY_WORDS:
        return FollowUp(text=question)
    others = asks_others(question)
    needs_little = content_words > FEW_WORDS or (asks_the_collection(question) and content_words > 1)
    if not refers_back(question) and not others and needs_little:
        return FollowUp(text=question)
    papers = _papers_talked_about(turns, index)
    if others:
        text = question if content_words > FEW_WORDS + 1 else f"{asked[-1].rstrip(' ?.')}? {question}"
        return FollowUp(text=text, beyond=papers)
    if _names_another(question, papers, index):
        return FollowUp(text=question)
    if not papers:
        return FollowUp(text=f"{asked[-1].rstrip(' ?.')}? {question}")
    return FollowUp(text=f"{papers[0].title}: {question}", papers=papers)


def read_turns(history: Sequence[Turn]) -> list[tuple[str, str]]:
    """Role and content of each turn; InputError where one is not {"role": "user" or "assistant", "content": text}."""
    return [(_part(turn, "role"), _part(turn, "content")) for turn in history]


def _papers_talked_about(turns: Sequence[tuple[str, str]], index: Index) -> tuple[Paper, ...]:
    """The papers of the last reply that was no refusal; a refusal leaves the talk where it was before."""
    for i in range(len(turns) - 1, -1, -1):
        role, reply = turns[i]
        if role == "assistant" and not reply.startswith(REFUSAL):
            question = next((content for who, content in reversed(turns[:i]) if who == "user"), "")
            return named_papers(reply, question, index)
    refused = any(role == "assistant" for role, _ in turns)
    return (
        () if refused else named_papers("", next(content for role, content in reversed(turns) if role == "user"), index)
    )


def named_papers(reply: str, last_question: str, index: Index) -> tuple[Paper, ...]:
    """The papers that a reply quotes or names, by title or by a name of their own, in the reply's order.

    Where it does neither, the paper that the last question and the reply find.
    """
    plain = re.sub(r"\s*\[\d+(?:[,\s\d-]*)\]", "", reply)
    hits = index.search(f"{last_question} {plain}"[:2000], 10)
    quoted = [(plain.find(p.text), hit.paper) for hit in hits for p in hit.passages if p.text in plain]
    if quoted:
        return tuple(dict.fromkeys(paper for _, paper in sorted(quoted, key=lambda item: item[0])))
    key, spoken = title_key(plain) if plain.strip() else "", set(surface_words(plain))
    found: list[tuple[int, Paper]] = []
    for hit in hits:
        places = [key.find(name) for name in _names(hit.paper) if len(name) > 3 and name in key]
        coined = [word for word in coined_names(hit.paper) if word in spoken]
        own = [word for word in coined if max(index.rarity([word]).values(), default=0) >= RARE_NAME]
        if places or own:
            found.append((min(places, default=0) if places else key.find(own[0]), hit.paper))
    if not found:
        return tuple(hit.paper for hit in hits[:1])
    return tuple(paper for _, paper in sorted(found, key=lambda item: item[0]))


def _names(paper: Paper) -> list[str]:
    """Title and short name of a paper, without case, blanks and punctuation."""
    return [title_key(paper.title), title_key(short_title(paper.title))]


def _names_another(question: str, papers: Sequence[Paper], index: Index) -> bool:
    """Whether the question itself names a paper that is not among these."""
    known = {paper.id for paper in papers}
    found = index.find(question, 3)
    return any(hit.paper.id not in known and is_named(hit.paper, question, found.rarity) for hit in found.hits)


def _part(turn: Turn, name: str) -> str:
    untrusted: Any = turn
    value = cast(Mapping[str, Any], untrusted).get(name) if isinstance(untrusted, Mapping) else None
    if not isinstance(value, str) or (name == "role" and value not in ("user", "assistant", "system")):
        raise InputError(
            f"A turn of the history has {name} {value!r:.40}."
            ' Write it as {"role": "user", "content": "…"} or {"role": "assistant", "content": "…"}.'
        )
    return value
