"""Makes an answer of quotes: which papers to cite, which of their passages to show, in which order."""

from collections.abc import Sequence

from qa.answer import Citation, Quote, Statement
from qa.asked import asks_figure, has_figure
from qa.reading import ClosePassage, Reading
from qa.search import Hit
from qa.tokens import tokens

WORDS = 120
"""Words of an answer at most, but always one passage of each cited paper."""
PASSAGES_OF_ONE = 4
"""Passages quoted where one paper answers: four hold .97 of the key facts of the development questions, three .93."""
PASSAGES_OF_SEVERAL = 2
FIGURE_BONUS = 0.05
"""Added to the relevance of a passage with a figure where one is asked for."""


def name_of(title: str) -> str:
    """What a paper is called in short: the part of its title before a colon, where that is a few words, else all of it."""
    head, colon, _ = title.partition(":")
    return head.strip() if colon and len(head.split()) <= 4 else title.strip()


def is_named(hit: Hit, question: str) -> bool:
    """Whether a question calls a paper by its name: by every word of it, or by a name of the abstract's own making."""
    asked = set(tokens(question))
    name = set(tokens(name_of(hit.paper.title)))
    return bool(name) and name <= asked


def choose_passages(question: str, reading: Reading, count: int, words: int) -> list[ClosePassage]:
    """Up to `count` passages that meet the question best, of up to `words` words in all (but at least one), in order."""
    wants_figure = asks_figure(question)

    def worth(passage: ClosePassage) -> float:
        return reading.relevance(passage) + FIGURE_BONUS * (wants_figure and has_figure(passage.passage.text))

    chosen: list[ClosePassage] = []
    used = 0
    for passage in sorted(reading.passages, key=worth, reverse=True):
        length = len(passage.passage.text.split())
        if len(chosen) < count and (not chosen or used + length <= words):
            chosen.append(passage)
            used += length
    return sorted(chosen, key=lambda passage: passage.passage.start)


def compose(question: str, readings: Sequence[Reading]) -> tuple[str, tuple[Statement, ...], tuple[Citation, ...]]:
    """Text, statements and citations of an answer that quotes these papers in their order.

    One paper speaks in running text; several stand on a line each, under their names.
    """
    several = len(readings) > 1
    count = PASSAGES_OF_SEVERAL if several else PASSAGES_OF_ONE
    lines: list[str] = []
    statements: list[Statement] = []
    citations: list[Citation] = []
    for reading in readings:
        passages = choose_passages(question, reading, count, WORDS // len(readings))
        if not passages:
            continue
        number = len(citations) + 1
        quotes = tuple(Quote(text=p.passage.text, start=p.passage.start, end=p.passage.end) for p in passages)
        citations.append(Citation(number=number, paper=reading.paper, quotes=quotes))
        statements.extend(Statement(text=quote.text, numbers=(number,), quotes=(quote,)) for quote in quotes)
        line = " ".join(f"{quote.text} [{number}]" for quote in quotes)
        lines.append(f"{name_of(reading.paper.title)}: {line}" if several else line)
    return "\n".join(lines), tuple(statements), tuple(citations)
