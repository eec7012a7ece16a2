"""Answers without a language model: search, close reading, the decision whether the abstracts say, and the quotes."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qa.answer import NEAREST, Answer, Usage, refusal_text
from qa.documents.paper import Paper, short_title
from qa.extractive.answerability import THRESHOLD, answerable, features
from qa.extractive.select import compose
from qa.retrieval.follow_up import FollowUp, Turn, stand_alone
from qa.retrieval.fusion import Hit
from qa.retrieval.intent import asks_for_more, asks_papers, papers_requested
from qa.retrieval.late_interaction import CloseReader, CloseReading, TokenStateCache
from qa.retrieval.mentions import is_named
from qa.retrieval.search import Index, SearchResult, reading_notice
from qa.text.cleanup import replace_surrogates
from qa.text.tokenize import question_tokens

SEVERAL = 4
"""How many papers an answer cites at most."""
CLOSE = 1.5
"""A further paper is cited if its score is at most this much below the best (standard deviations)."""

CLOSE_OF_SEVERAL = 3.0
"""The same where the question asks for several papers without saying how many."""
FAR = 0.6
"""A paper that scores less than this fraction of the best is not cited only to make up a number of papers."""


@dataclass(frozen=True, kw_only=True)
class AnswerPlan:
    """A question before it is answered: what is asked of the papers, how rare its tokens are, the search for it, the
    papers that an answer would cite as they were read (`equal` where they count alike, else the first is what was asked
    for), how likely they hold an answer, and the question that was searched for where it leans on the history."""

    question: str
    rarity: dict[str, float]
    search: SearchResult
    readings: tuple[CloseReading, ...]
    equal: bool
    likelihood: float
    seconds: dict[str, float]
    rewritten: str | None = None


class ExtractiveAnswerer:
    """Answers questions with quotes. It keeps nothing of one question for the next; threads may share it."""

    def __init__(self, index: Index, papers: TokenStateCache) -> None:
        self.index = index
        self._papers = papers

    def answer(self, question: str, history: Sequence[Turn] = (), about: str | None = None) -> Answer:
        """The answer to a question, after the turns in `history` (each a role and a content), oldest first, out of the
        paper of the id `about` alone where one is given.

        InputError for an invalid turn, and for a paper that is not in the index.
        """
        started = time.perf_counter()
        case = self.consider(question, history, about)
        ledger = Usage(seconds={**case.seconds, "all": round(time.perf_counter() - started, 4)})
        common: dict[str, Any] = {
            "question": question,
            "mode": "quotes",
            "notice": reading_notice(case.search),
            "ledger": ledger,
            "rewritten": case.rewritten,
        }
        if case.likelihood < THRESHOLD:
            nearest = tuple(hit.paper for hit in case.search.hits[:NEAREST])
            return Answer(
                text=refusal_text(nearest), found=False, nearest=nearest, answerable=case.likelihood, **common
            )
        text, statements, citations = compose(case.question, case.readings, equal=case.equal)
        return Answer(
            text=text, found=True, statements=statements, citations=citations, answerable=case.likelihood, **common
        )

    def consider(self, question: str, history: Sequence[Turn] = (), about: str | None = None) -> AnswerPlan:
        """What an answer is made from: the papers that bear on a question, read closely, and whether they say."""
        started = time.perf_counter()
        question = replace_surrogates(question)
        paper = self.index.paper(about) if about is not None else None
        if paper is None:
            follow_up = stand_alone(question, history, self.index)
        else:  # as if it had been talked about
            follow_up = FollowUp(text=f"{paper.title}: {question}", papers=(paper,))
        search = self.index.find(follow_up.text, 10, paper=about)
        searched = time.perf_counter()
        hits, equal = self._papers_to_cite(follow_up, search) if search.hits else ([], False)
        asked = (
            f"{short_title(follow_up.papers[0].title)}: {question}" if follow_up.papers else search.question.corrected
        )
        rarity = {token: search.rarity[token] for token in question_tokens(asked) if token in search.rarity}
        reader = CloseReader(asked, self._papers)
        readings = tuple(reader.read(hit.paper) for hit in hits)
        likelihood = answerable(features(asked, readings, rarity)) if readings else 0.0
        if follow_up.papers and hits:
            likelihood = self._of_follow_up(likelihood, question, hits[0].paper, rarity)
        seconds = {"search": round(searched - started, 4), "reading": round(time.perf_counter() - searched, 4)}
        return AnswerPlan(
            question=asked,
            rarity=rarity,
            search=search,
            readings=readings,
            equal=equal,
            likelihood=likelihood,
            seconds=seconds,
            rewritten=follow_up.text if paper is None and follow_up.text != question else None,
        )

    def _of_follow_up(self, named: float, question: str, paper: Paper, rarity: dict[str, float]) -> float:
        """The likelihood for a follow-up: midway (in log odds) between the question with the paper's name before it,
        which the paper meets too easily, and the bare question, which it meets too hardly."""
        reader = CloseReader(question, self._papers)
        if not reader.words and asks_for_more(question):
            return 1.0  # "Tell me more about that paper": whatever it says is an answer
        known = {token: rarity[token] for token in question_tokens(question) if token in rarity}
        bare = answerable(features(question, (reader.read(paper),), known))
        odds = math.sqrt(named / (1 - named) * bare / (1 - bare))
        return odds / (1 + odds)

    def _papers_to_cite(self, follow_up: FollowUp, search: SearchResult) -> tuple[list[Hit], bool]:
        """The papers that an answer would quote, and whether they count alike (else the first is what was asked for)."""
        question = search.question.corrected
        beyond = {paper.id for paper in follow_up.beyond}
        hits = [hit for hit in search.hits if hit.paper.id not in beyond] or list(search.hits)
        if follow_up.papers:
            return [hit for hit in hits if hit.paper.id == follow_up.papers[0].id] or hits[:1], False
        named = [hit for hit in hits if is_named(hit.paper, question, search.rarity)]
        count = papers_requested(question)
        if len(named) > 1 or count is not None:
            return _several(hits, named, count or 0), True
        if named:
            return named, False
        if asks_papers(question):
            return [hits[0], *(hit for hit in hits[1:3] if hits[0].score - hit.score < CLOSE)], False
        return hits[:1], False


def _several(hits: list[Hit], named: list[Hit], count: int) -> list[Hit]:
    """Papers that the question names, then the best ones."""
    chosen = {hit.paper.id: hit for hit in named}
    for i, hit in enumerate(hits[: max(count, SEVERAL)]):
        wanted = len(chosen) < count or (len(chosen) < 2 and hit.score > FAR * hits[0].score)
        if i == 0 or wanted or (not count and hits[0].score - hit.score < CLOSE_OF_SEVERAL):
            chosen.setdefault(hit.paper.id, hit)
    return list(chosen.values())[: max(count, SEVERAL)]
