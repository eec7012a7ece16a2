"""Explains why a paper was found: the words of the question that occur in it, and how close it is.

Nothing is searched again: the scores are those of the search.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from qa.documents.paper import Paper
from qa.embedding.base import Vectors
from qa.retrieval.fusion import ScoredCandidates
from qa.retrieval.query import ParsedQuery
from qa.retrieval.search import Index
from qa.text.acronyms import acronym_key
from qa.text.cleanup import clean_text
from qa.text.tokenize import surface_words, tokens

MOST_WORDS = 8
LEVELS = ((4.5, "very high"), (2.8, "high"), (1.65, "medium"))
"""Similarity in meaning, in standard deviations above the background. Of the right papers of 150 development questions
half reach the first level, nine in ten or more the second; of the other candidates one in a hundred reaches the second
and one in ten the third."""
LOW = "meaning: low"
NOT_SCORED = "from the conversation"

_WORD = re.compile(r"\d+(?:\.\d+)+%?|[^\W_]+(?:['’][^\W_]+)*(?:_\{?\d\}?)?%?")
_COMPOUND = re.compile(r"[^\W_]+(?:[-‐‑–][^\W_]+)+")


@dataclass(frozen=True, kw_only=True)
class MatchExplanation:
    """Why a paper was found: the question's `words` that occur in its title or abstract, as the question spells them and
    rarest first, and its `closeness` as a phrase."""

    words: tuple[str, ...]
    closeness: str


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A word or compound of the question: `ways` are the tokens, or runs of tokens, any of which matches it."""

    text: str
    start: int
    end: int
    ways: list[str] = field(default_factory=list[str])


def explain_match(index: Index, question: str, papers: Sequence[Paper]) -> dict[str, MatchExplanation]:
    """For each paper, by its id, why a search for the question finds it; nothing for a blank question."""
    if not question.strip() or not papers:
        return {}
    scored, places = _weighed(index, question)
    asked = _asked_words(scored.question, index)
    return {
        paper.id: MatchExplanation(
            words=_matched(asked, paper, scored.rarity),
            closeness=closeness(scored.z_scores[places[paper.id]]) if paper.id in places else NOT_SCORED,
        )
        for paper in papers
    }


def closeness(z_scores: Sequence[float] | Vectors) -> str:
    """How close a paper is in meaning, as a phrase ("meaning: high"), from its z-scores by words, by the whole abstract
    and by its best passages."""
    _, abstract, passages = (float(score) for score in z_scores)
    best = max(abstract, passages)
    return next((f"meaning: {level}" for least, level in LEVELS if best >= least), LOW)


def _weighed(index: Index, question: str) -> tuple[ScoredCandidates, dict[str, int]]:
    """The papers scored for a question, and the place of each by its id."""
    scored = index.score_candidates(question)
    try:
        found = scored.all_papers()
    except KeyError:  # another process has removed one meanwhile: once more, with what there is now
        scored = index.score_candidates(question)
        found = scored.all_papers()
    return scored, {paper.id: i for i, paper in enumerate(found)}


def _asked_words(question: ParsedQuery, index: Index) -> list[_Asked]:
    """The words that the search scores, each as typed and as the search read it."""
    asked: list[_Asked] = []
    for match in (*_COMPOUND.finditer(question.text), *_WORD.finditer(question.text)):
        typed = surface_words(match[0])
        read = question.corrections.get(typed[0], match[0]) if len(typed) == 1 else match[0]
        way = next(iter(tokens(read)), "")
        if question.weights.get(way) == 1:
            asked.append(_Asked(text=match[0], start=match.start(), end=match.end(), ways=[way]))
    _add_acronyms(asked, question, index)
    return asked


def _add_acronyms(asked: list[_Asked], question: ParsedQuery, index: Index) -> None:
    """Let the long form match its acronym, and the acronym the words of its long form, as the search does."""
    typed = {acronym_key(word.text): word for word in asked}
    added = {acronym_key(expansion) for expansion in question.expansions}
    own = {word.ways[0]: word for word in asked}
    for acronym, long_key, long_form, _ in index.snapshot().catalog.acronyms("acronym", sorted(typed.keys() | added)):
        if acronym in typed and long_form in question.expansions:
            typed[acronym].ways.append(long_key)
        roots = long_key.split()
        if acronym in added and all(root in own for root in roots):
            for root in roots:
                own[root].ways.append(acronym)


def _matched(asked: list[_Asked], paper: Paper, rarity: dict[str, float]) -> tuple[str, ...]:
    text = f" {' '.join(tokens(f'{clean_text(paper.title)[0]}. {paper.abstract}'))} "
    met: dict[str, _Asked] = {}
    for word in asked:  # compounds come first, and speak for their parts
        inside = any(other.start <= word.start and word.end <= other.end for other in met.values())
        says_nothing = len(word.text) == 1 and word.text.isdigit()
        if not inside and not says_nothing and any(f" {way} " in text for way in word.ways):
            met.setdefault(word.ways[0], word)
    ranked = sorted(met.values(), key=lambda word: (-rarity.get(word.ways[0], 0.0), word.start))
    return tuple(word.text for word in ranked[:MOST_WORDS])
