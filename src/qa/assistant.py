"""Answers a question from an index: search, close reading, the decision whether the abstracts say, and the quotes."""

import time
from collections.abc import Sequence
from typing import Any

from qa.answer import Answer
from qa.answerable import THRESHOLD, answerable, features
from qa.asked import asks_papers, asks_several, clauses
from qa.embed import ShippedEmbedder
from qa.errors import InputError
from qa.history import FollowUp, Turn, stand_alone
from qa.quotes import compose, is_named, name_of
from qa.reading import Reader
from qa.search import Hit, Index, Search

NEAREST = 3
"""How many of the nearest papers a refusal names."""
SEVERAL = 4
"""How many papers an answer cites at most."""
CLOSE = 1.5
"""A further paper is cited beside the best when its score is at most so much lower (standard deviations)."""


class Assistant:
    """Answers questions from an index. It keeps no state between questions; threads may share it."""

    def __init__(self, index: Index) -> None:
        self.index = index
        embedder = index.embedder
        self._reading_model = embedder if isinstance(embedder, ShippedEmbedder) else ShippedEmbedder()

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The answer to a question, after the turns in `history` (each a role and a content), oldest first.

        An answer in which `found` is False says that the abstracts do not hold one and names the nearest papers.
        InputError for a blank question or a turn that is none.
        """
        if not question.strip():
            raise InputError("The question is blank. Ask something, such as: Which papers train on a single GPU?")
        started = time.perf_counter()
        # 1. A question that stands alone, and the papers that bear on it.
        follow_up = stand_alone(question, history, self.index)
        search = self.index.find(follow_up.text, 10)
        searched = time.perf_counter()
        if not search.hits:
            return self._refusal(question, search, 0.0, _ledger(started, searched))
        hits = self._papers_to_cite(follow_up, search)
        # 2. Read them closely, and decide whether they say what is asked.
        reader = Reader(search.question.mended, self._reading_model)
        readings = [reader.read(hit.paper) for hit in hits]
        likelihood = answerable(features(search.question.mended, readings, search.rarity))
        ledger = _ledger(started, searched)
        if likelihood < THRESHOLD:
            return self._refusal(question, search, likelihood, ledger)
        # 3. The answer in quotes.
        text, statements, citations = compose(search.question.mended, readings)
        return Answer(
            question=question, text=text, found=True, mode="quotes", statements=statements, citations=citations,
            answerable=likelihood, notice=_notice(search), ledger=ledger,
        )  # fmt: skip

    def _papers_to_cite(self, follow_up: FollowUp, search: Search) -> list[Hit]:
        """The papers that an answer would quote: mostly the best, several where the question asks for several."""
        best = search.hits[0]
        question = search.question.mended
        if follow_up.papers:
            known = [hit for hit in search.hits if hit.paper.id == follow_up.papers[0].id]
            return known or [best]
        if asks_several(question):
            return self._several(search)
        if asks_papers(question) and not is_named(best, question):
            return [best, *(hit for hit in search.hits[1:3] if best.score - hit.score < CLOSE)]
        return [best]

    def _several(self, search: Search) -> list[Hit]:
        """Papers that the question names, the best for each of its parts, and others as close as the best."""
        question = search.question.mended
        chosen = {hit.paper.id: hit for hit in search.hits if is_named(hit, question)}
        if len(chosen) < 2:
            best = search.hits[0]
            chosen.setdefault(best.paper.id, best)
            for part in clauses(question)[:SEVERAL]:
                for hit in self.index.search(part, 1):
                    chosen.setdefault(hit.paper.id, hit)
            for hit in search.hits[1:SEVERAL]:
                if best.score - hit.score < CLOSE or len(chosen) < 2:
                    chosen.setdefault(hit.paper.id, hit)
        return list(chosen.values())[:SEVERAL]

    def _refusal(self, question: str, search: Search, likelihood: float, ledger: dict[str, Any]) -> Answer:
        nearest = tuple(hit.paper for hit in search.hits[:NEAREST])
        text = "The abstracts do not say."
        if nearest:
            text += " Nearest to the question: " + "; ".join(f"“{name_of(paper.title)}”" for paper in nearest) + "."
        return Answer(
            question=question, text=text, found=False, mode="quotes", nearest=nearest, answerable=likelihood,
            notice=_notice(search), ledger=ledger,
        )  # fmt: skip


def _notice(search: Search) -> str | None:
    """What was read otherwise than typed."""
    changed = search.question.corrections
    return "Read " + ", ".join(f"“{typed}” as “{read}”" for typed, read in changed.items()) + "." if changed else None


def _ledger(started: float, searched: float) -> dict[str, Any]:
    now = time.perf_counter()
    return {"seconds": {"search": round(searched - started, 4), "reading": round(now - searched, 4), "all": round(now - started, 4)}}


