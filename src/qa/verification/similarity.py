"""How similar a statement is to sentences of an abstract: the share of its words that they match, exactly or in meaning.

Late interaction: a word that does not occur in the sentences counts with the most similar word there, both in context. Who
did what to whom is not considered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from qa.documents.paper import Paper
from qa.embedding.base import Vectors
from qa.retrieval.late_interaction import TokenStateCache
from qa.text.cleanup import clean_text
from qa.text.sentences import Passage
from qa.text.tokenize import ASKING_WORDS, STOP_WORDS, tokens
from qa.verification.numbers import find_numbers, spelled

_COMMON_WORDS = ASKING_WORDS | frozenset(
    "against another answer answers apply applies attain attains back become becomes bring brings build builds built call called "
    "carry carries come comes consist consists cover covers couple couples deal deals done draw draws face faces fall falls far fit "
    "fits follow follows give gives giving go goes grow growing grows hamper hampers held help helps hold holds idea keep keeps kept "
    "kind lag lagged lead leads leave leaves lend lends let lets lie lies like likewise limit limits little made make makes making "
    "match matches matter matters mean means meet meets move moves nearly need needs obtain obtains open part pay paying pays place "
    "play plays prove proves put puts reach reaches receive received rely relies rest rests run runs see seen serve serves set sets "
    "settle settles shed sort stand stands stay stays still stop stops suffer suffers take taken takes taking tell term terms thing "
    "things told try turn turns use used uses using way ways whereas whole win wins yield yields".split()
)
"""Common verbs and nouns in which a paraphrase may differ: they are not terms."""
_WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*%?")


HEAD_STANDS = 0.12
"""Added to the similarity of a term whose second word occurs in the paper."""


@dataclass(frozen=True)
class WordSimilarity:
    """A statement beside one paper or several. `matches` (words x sentences of the abstracts) is 1 where the word itself stands in the
    sentence, else how near its nearest word there is (cosine, about 0 to 1); `in_title` marks the words that a title has,
    `is_figure` those that are figures (8x, eightfold), which are for `agreement`."""

    matches: Vectors
    in_title: NDArray[np.bool_]
    is_figure: NDArray[np.bool_]

    def coverage(self, sentences: Sequence[int]) -> float:
        """How well these sentences (from 0) together meet the statement's words, 0 to about 1; figures and the words of
        the title count only where there are no others, for the latter merely say which paper is meant."""
        if not len(self.matches) or not sentences:
            return 0.0
        best = self.matches[:, list(sentences)].max(axis=1)
        return float(best[self._counting].mean())

    def margin(self, sentences: Sequence[int]) -> float:
        """By how much these sentences meet the statement better than the best of the others does alone."""
        others = np.delete(self._alone, list(sentences))
        return self.coverage(sentences) - float(others.max(initial=0.0))

    @cached_property
    def _counting(self) -> NDArray[np.bool_]:
        for counting in (~self.in_title & ~self.is_figure, ~self.is_figure):
            if counting.any():
                return counting
        return np.ones(len(self.in_title), bool)

    @cached_property
    def _alone(self) -> Vectors:
        if not len(self.matches):
            return np.zeros(int(self.matches.shape[1]), np.float32)
        return cast(Vectors, self.matches[self._counting].mean(axis=0))


def _is_figure(text: str) -> bool:
    """Whether a text is one figure and nothing else: 8x, eight times."""
    whole = len(spelled(text).strip())
    return any(figure.end - figure.start == whole for figure in find_numbers(text))


class StatementWords:
    """The content words of a statement with their token states; one pass of the model."""

    def __init__(self, statement: str, papers: TokenStateCache) -> None:
        self._papers = papers
        self._statement = statement
        states, offsets = papers.model.token_states(statement)
        self.words: list[tuple[tuple[str, ...], Vectors]] = []
        self._spans: list[tuple[int, int]] = []
        for match in _WORD.finditer(statement):
            lower = match[0].casefold()
            own = np.flatnonzero((offsets[:, 0] >= match.start()) & (offsets[:, 1] <= match.end()))
            its_tokens = tuple(tokens(match[0]))
            if lower not in STOP_WORDS and (len(lower) > 1 or lower.isdigit()) and len(own) and its_tokens:
                self.words.append((its_tokens, states[own]))
                self._spans.append(match.span())

    def similarity(self, papers: Sequence[tuple[Paper, Sequence[Passage]]]) -> WordSimilarity:
        """The statement beside all sentences of these papers, in their order; the states of the papers are kept."""
        columns: list[Vectors] = []
        in_titles: set[str] = set()
        for paper, passages in papers:
            title = clean_text(paper.title)[0]
            in_titles |= set(tokens(title))
            states, offsets = self._papers.of(f"{title}. {paper.abstract}")
            starts = offsets[:, 0] - len(title) - 2
            near = [word @ states.T for _, word in self.words]
            for passage in passages:
                there = set(tokens(passage.text))
                own = np.flatnonzero((starts >= passage.start) & (starts < passage.end))
                columns.append(
                    np.array(
                        [
                            1.0
                            if not there.isdisjoint(its_tokens)
                            else float(near[i][:, own].max(axis=1).mean())
                            if len(own)
                            else 0.0
                            for i, (its_tokens, _) in enumerate(self.words)
                        ],
                        np.float32,
                    )
                )
        matches = np.column_stack(columns) if columns else np.zeros((len(self.words), 0), np.float32)
        return WordSimilarity(
            matches=matches,
            in_title=np.array([its_tokens[0] in in_titles for its_tokens, _ in self.words], bool),
            is_figure=np.array([self._is_figure(i) for i in range(len(self.words))], bool),
        )

    def _is_figure(self, i: int) -> bool:
        """Whether a word is a figure, or the "times" behind one."""
        start, end = self._spans[i]
        begin = self._spans[i - 1][0] if i else start
        return _is_figure(self._statement[start:end]) or _is_figure(self._statement[begin:end])

    def least_similar_term(self, papers: Sequence[Paper]) -> tuple[str, float]:
        """The two adjacent words that are furthest from all that these papers say, and how near they are (a mean cosine,
        1 where there are none): neither stands in a title or abstract, or the first does not ("random walk" beside
        "walk", with `HEAD_STANDS` added)."""
        texts = [f"{clean_text(paper.title)[0]}. {paper.abstract}" for paper in papers]
        there = {token for text in texts for token in tokens(text)}
        states = np.concatenate([self._papers.of(text)[0] for text in texts])
        near: dict[int, float] = {}

        def nearness(i: int) -> float:
            if i not in near:
                near[i] = float((self.words[i][1] @ states.T).max(axis=1).mean())
            return near[i]

        strangest = ("", 1.0)
        for i in range(len(self.words) - 1):
            (start, end), (begin, last) = self._spans[i], self._spans[i + 1]
            pair = self._statement[start:last]
            if not re.fullmatch(r"[\s-]", self._statement[end:begin]) or not there.isdisjoint(self.words[i][0]):
                continue
            if not _COMMON_WORDS.isdisjoint(pair.casefold().replace("-", " ").split()):
                continue
            both = there.isdisjoint(self.words[i + 1][0])
            how = (nearness(i) + nearness(i + 1)) / 2 if both else nearness(i) + HEAD_STANDS
            strangest = min(strangest, (pair, how), key=lambda found: found[1])
        return strangest
