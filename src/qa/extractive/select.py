"""Makes an answer of quotes: which papers to cite, which of their passages to show, in which order."""

from collections.abc import Sequence

from qa.answer import Citation, Quote, Statement
from qa.documents.paper import short_title
from qa.retrieval.intent import asks_figure, asks_papers, has_figure
from qa.retrieval.late_interaction import ClosePassage, CloseReading

WORDS = 120
"""Words of an answer at most, but always one passage of each cited paper."""
PASSAGES_OF_ONE = 4
"""Passages quoted where one paper answers: four hold .97 of the key facts of the development questions, three .93."""
PASSAGES_OF_SEVERAL = 2
PASSAGES_OF_BEST = 3
"""Where one paper is looked for and others come close: three passages of the best, one of each other."""
FIGURE_BONUS = 0.05
"""Added to the relevance of a passage with a figure where one is asked for."""

LATER_BONUS = 0.1
"""Added to the last passage of an abstract, and in proportion to those before, where papers are asked for: abstracts say
first what others did and then what they did. Between 0.06 and 0.2 the key facts found do not differ."""


def choose_passages(question: str, reading: CloseReading, count: int, words: int) -> list[ClosePassage]:
    """Up to `count` passages that meet the question best, of up to `words` words in all (but at least one), in order."""
    wants_figure, wants_papers = asks_figure(question), asks_papers(question)
    length_of_text = max(len(reading.paper.abstract), 1)

    def worth(passage: ClosePassage) -> float:
        figure = wants_figure and has_figure(passage.passage.text)
        later = passage.passage.end / length_of_text if wants_papers else 0.0
        return reading.relevance(passage) + FIGURE_BONUS * figure + LATER_BONUS * later

    chosen: list[ClosePassage] = []
    used = 0
    for passage in sorted(reading.passages, key=worth, reverse=True):
        length = len(passage.passage.text.split())
        if len(chosen) < count and (not chosen or used + length <= words):
            chosen.append(passage)
            used += length
    return sorted(chosen, key=lambda passage: passage.passage.start)


def compose(
    question: str, readings: Sequence[CloseReading], *, equal: bool
) -> tuple[str, tuple[Statement, ...], tuple[Citation, ...]]:
    """Text, statements and citations of an answer that quotes these papers in their order.

    One paper is quoted in running text; several on a line each, after their names: equally if `equal`, else
    the first at more length.
    """
    several = len(readings) > 1
    lines: list[str] = []
    statements: list[Statement] = []
    citations: list[Citation] = []
    for i, reading in enumerate(readings):
        if not several:
            count, room = PASSAGES_OF_ONE, WORDS
        elif equal:
            count, room = PASSAGES_OF_SEVERAL, WORDS // len(readings)
        else:
            count, room = (PASSAGES_OF_BEST, WORDS * 2 // 3) if i == 0 else (1, 0)
        passages = choose_passages(question, reading, count, room)
        if not passages:
            continue
        number = len(citations) + 1
        quotes = tuple(Quote(text=p.passage.text, start=p.passage.start, end=p.passage.end) for p in passages)
        citations.append(Citation(number=number, paper=reading.paper, quotes=quotes))
        statements.extend(Statement(text=quote.text, numbers=(number,), quotes=(quote,)) for quote in quotes)
        line = " ".join(f"{quote.text} [{number}]" for quote in quotes)
        lines.append(f"{short_title(reading.paper.title)}: {line}" if several else line)
    return "\n".join(lines), tuple(statements), tuple(citations)
