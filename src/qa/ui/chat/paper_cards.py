"""The papers behind an answer as cards: the quoted words marked in the abstract, and why each paper was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa.answer import Answer, Quote
from qa.documents.paper import Paper
from qa.retrieval.explain import MatchExplanation
from qa.retrieval.search import Index
from qa.ui.html import render


@dataclass(frozen=True, kw_only=True)
class Card:
    """A paper with its number in the answer (None for one that is only near), its abstract in parts (text, whether it
    is quoted), and why it was found, where that is known."""

    paper: Paper
    number: int | None
    parts: tuple[tuple[str, bool], ...]
    why: MatchExplanation | None


def cards_html(
    answer: Answer | None, turn: int, reasons: Mapping[str, MatchExplanation] | None = None, *, run: str = ""
) -> str:
    """The cards of an answer, the one of that many turns before it: of the papers that it cites, else of the nearest.
    `run` is that of the talk."""
    return render("cards", turn=turn, cards=cards(answer, reasons or {}) if answer else None, answer=answer, run=run)


def cards(answer: Answer, reasons: Mapping[str, MatchExplanation]) -> list[Card]:
    """A card for each paper that the answer cites, by number; for a refusal, then those that are nearest."""
    cited = {citation.paper.id: citation for citation in answer.citations}
    papers = [citation.paper for citation in answer.citations] + [p for p in answer.nearest if p.id not in cited]
    return [
        Card(
            paper=paper,
            number=cited[paper.id].number if paper.id in cited else None,
            parts=marked(paper.abstract, cited[paper.id].quotes if paper.id in cited else ()),
            why=reasons.get(paper.id),
        )
        for paper in papers
    ]


def marked(abstract: str, quotes: Sequence[Quote]) -> tuple[tuple[str, bool], ...]:
    """An abstract in parts that, joined, are it, each with whether it is quoted. Quotes that are not its words are left
    out, those that overlap make one part."""
    parts: list[tuple[str, bool]] = []
    place = 0
    for quote in sorted(quotes, key=lambda quote: (quote.start, quote.end)):
        if not 0 <= quote.start < quote.end or abstract[quote.start : quote.end] != quote.text:
            continue
        start = max(quote.start, place)
        if start < quote.end:
            parts += [(abstract[place:start], False), (abstract[start : quote.end], True)]
            place = quote.end
    return tuple(part for part in [*parts, (abstract[place:], False)] if part[0])


def similar_html(index: Index, paper_id: str) -> str:
    """The papers most similar to one; InputError where the index does not have it."""
    return render("similar", similar=index.similar(paper_id))
