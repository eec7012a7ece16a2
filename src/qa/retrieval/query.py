"""Parses a question for search: corrects typing errors, adds acronyms and long forms, weights words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from qa.index.segments import WORD_LENGTH
from qa.index.snapshot import Snapshot, english_words
from qa.text.acronyms import acronym_key
from qa.text.tokenize import question_tokens, surface_words, tokens

LONG_FORM_WEIGHT = 0.3
ACRONYM_WEIGHT = 0.5
"""What an expansion counts against a word that was typed; chosen on the development questions."""
LONG_FORM_WORDS = 8
BYTES_PER_EDIT = 3
"""A slip makes a word at most so much longer or shorter in UTF-8; the letters of the largest alphabets take as many."""


@dataclass(frozen=True, kw_only=True)
class ParsedQuery:
    """A question read against an index: `text` as typed, `corrected` without typing errors, `weights` of its tokens,
    `corrections` (typed word to the index's word) and `expansions` (what was added for acronyms and long forms)."""

    text: str
    corrected: str
    weights: dict[str, float]
    corrections: dict[str, str]
    expansions: tuple[str, ...]


def parse_query(text: str, snapshot: Snapshot) -> ParsedQuery:
    """Never fails: an empty question has no weights, a question of unknown words only those."""
    names = {word.casefold() for word in re.findall(r"[^\W_]+", text) if not word[1:].islower()}
    corrections = _corrections((word for word in surface_words(text) if word not in names), snapshot)
    corrected = text
    for typed, right in corrections.items():
        corrected = _replace_word(corrected, typed, right)
    weights = dict.fromkeys(question_tokens(corrected), 1.0)
    expansions: list[str] = []
    for expansion, weight in _expansions(corrected, snapshot):
        expansions.append(expansion)
        for token in tokens(expansion):
            weights.setdefault(token, weight)
    return ParsedQuery(
        text=text, corrected=corrected, weights=weights, corrections=corrections, expansions=tuple(expansions)
    )


def _corrections(typed: Iterable[str], snapshot: Snapshot) -> dict[str, str]:
    """For each word that neither the index nor English knows, the index's nearest word, if one is near."""
    found: dict[str, str] = {}
    for word in dict.fromkeys(typed):
        if len(word) < WORD_LENGTH or not word.isalpha() or word in _english():
            continue
        if any(snapshot.frequency(token) for token in tokens(word)):
            continue
        right = _nearest(word, snapshot)
        if right:
            found[word] = right
    return found


def _nearest(word: str, snapshot: Snapshot) -> str | None:
    """The most frequent of the nearest words: one slip away, two in a word of eight letters or more."""
    slips = 2 if len(word) >= 8 else 1
    near = {
        found: distance
        for words_of_a_length in snapshot.words_near(word, BYTES_PER_EDIT * slips)
        for found, distance, _ in process.extract(
            word, words_of_a_length, scorer=OSA.distance, score_cutoff=slips, limit=None
        )
    }
    frequencies = {found: max(map(snapshot.frequency, tokens(found)), default=0) for found in near}
    # The first letter is seldom wrong. A word that no paper has any more may still be listed.
    ranked = sorted(
        (found for found in near if frequencies[found]),
        key=lambda found: (near[found], found[0] != word[0], -frequencies[found], found),
    )
    return ranked[0] if ranked else None


def _expansions(text: str, snapshot: Snapshot) -> list[tuple[str, float]]:
    """Long forms of the question's acronyms, and acronyms of the long forms in it, as the abstracts define them."""
    typed = surface_words(text)
    keys = {acronym_key(word) for word in typed if 2 <= len(word) <= 12}
    roots = [" ".join(tokens(word)) for word in typed]
    longs = {
        " ".join(filter(None, roots[i : i + n]))
        for n in range(2, LONG_FORM_WORDS + 1)
        for i in range(len(roots) - n + 1)
    }
    longs = {key for key in longs if " " in key}  # one word with a stop word next to it is not a long form
    found: dict[str, float] = {}
    for acronym, _, long_form, papers in snapshot.catalog.acronyms("acronym", sorted(keys)):
        # An English word ("spread", "lens") is an acronym only where it says so often.
        if acronym not in _english() or papers > 2:
            found.setdefault(long_form, LONG_FORM_WEIGHT)
    for acronym, *_ in snapshot.catalog.acronyms("long_key", sorted(longs)):
        found.setdefault(acronym, ACRONYM_WEIGHT)
    return list(found.items())


def _replace_word(text: str, typed: str, right: str) -> str:
    """`text` with each whole word `typed`, in any case, replaced."""
    return re.sub(rf"(?<![^\W_]){re.escape(typed)}(?![^\W_])", lambda _: right, text, flags=re.IGNORECASE)


@cache
def _english() -> frozenset[str]:
    return english_words()
