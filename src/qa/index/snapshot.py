"""What an index holds at one moment, opened for reading: live papers, their words and vectors."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.documents.paper import Paper
from qa.embedding.base import Vectors
from qa.index.bm25 import idf, saturation
from qa.index.catalog import Catalog
from qa.index.segments import Segment
from qa.index.vector_store import PaperVectors

BACKGROUND = 400
"""Papers by which scores are standardised; a sample of 400 gives a standard deviation to about 4 %."""
PASSAGES_IN_SCORE = 3
"""A paper's passage score is the mean of its best three; three beat one and all on described papers (STACK table)."""
ASKED = (1, 4, 16)
"""Chroma is asked for so many times the papers that are wanted, one after the other, before all are compared instead."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PaperScores:
    """Similarities (cosines, -1 to 1) of some papers to a question: of the `paper` and of its best `passages`, one
    number a paper each. `rows` are the papers' rows in the index."""

    rows: NDArray[np.intp]
    paper: Vectors
    passages: Vectors
    _all: Vectors
    _starts: NDArray[np.intp]
    _sizes: NDArray[np.intp]

    def passages_of(self, i: int) -> Vectors:
        """The similarity of each passage of the i-th paper, in the abstract's order; none for an empty abstract."""
        return self._all[self._starts[i] + 1 : self._starts[i] + self._sizes[i]]

    def take(self, rows: NDArray[np.intp]) -> "PaperScores":
        """The scores of these rows only, all of which must be among them (`self.rows` must rise)."""
        at = np.searchsorted(self.rows, rows)
        return PaperScores(
            rows=rows, paper=self.paper[at], passages=self.passages[at],
            _all=self._all, _starts=self._starts[at], _sizes=self._sizes[at],
        )  # fmt: skip


class _Blocks:
    """The vectors of some papers and their passages, ready to be compared with questions."""

    def __init__(self, rows: NDArray[np.intp], matrix: NDArray[np.float16], sizes: NDArray[np.int64]) -> None:
        self.rows = rows
        self.sizes = sizes
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.matrix = matrix.astype(np.float32)
        self.is_passage = np.ones(len(self.matrix), bool)
        self.is_passage[self.starts] = False
        width = max(int(self.sizes.max()) - 1, PASSAGES_IN_SCORE)
        self.inside = np.arange(width) < (self.sizes - 1)[:, None]

    def scores(self, question: Vectors) -> PaperScores:
        similarities = self.matrix @ question
        paper = similarities[self.starts]
        # Papers x passages, filled up with -2 (below any cosine), so that one partition finds the best of every paper.
        table = np.full(self.inside.shape, -2, np.float32)
        table[self.inside] = similarities[self.is_passage]
        best = np.partition(table, -PASSAGES_IN_SCORE, axis=1)[:, -PASSAGES_IN_SCORE:]
        known = best > -1.5
        mean = np.where(known, best, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        mean = np.where(known.any(axis=1), mean, paper)
        return PaperScores(
            rows=self.rows, paper=paper, passages=mean, _all=similarities, _starts=self.starts, _sizes=self.sizes
        )


class Snapshot:
    """One state of an index. Papers go by their numbers; rows count through all parts, in the parts' order."""

    def __init__(self, catalog: Catalog, vectors: PaperVectors) -> None:
        self.catalog = catalog
        self.vectors = vectors
        self.stamp: int = catalog.meta("stamp")
        self.parts = [Segment(folder=Path(catalog.folder) / name) for name in catalog.part_names()]
        rows = np.concatenate([part.numbers for part in self.parts]) if self.parts else np.empty(0, np.int64)
        self.row_numbers: Numbers = rows
        self.alive: NDArray[np.bool_] = np.ones(len(rows), bool)
        order = np.argsort(rows, kind="stable")
        self._order, self._sorted = order, rows[order]
        self._bounds = np.cumsum([0, *(len(part.numbers) for part in self.parts)])
        # Of papers that no longer count a part keeps what it has, until it is merged.
        self.alive[self.rows_of(catalog.gone_numbers())] = False
        self.size = int(self.alive.sum())
        """How many papers count."""

    def rows_of(self, numbers: Iterable[int]) -> NDArray[np.intp]:
        """The rows of those of the numbers that count, in their order."""
        wanted = np.fromiter(numbers, np.int64)
        if not len(self._sorted) or not len(wanted):
            return np.empty(0, np.intp)
        places = np.searchsorted(self._sorted, wanted).clip(max=len(self._sorted) - 1)
        rows = self._order[places][self._sorted[places] == wanted]
        return rows[self.alive[rows]]

    def papers(self, rows: Sequence[int] | NDArray[np.intp]) -> list[Paper]:
        """The papers in these rows; KeyError where a build has removed one since this snapshot was taken."""
        numbers = [int(self.row_numbers[row]) for row in rows]
        found = self.catalog.papers(numbers)
        return [found[number] for number in numbers]

    def lexical_scores(self, weights: dict[str, float]) -> Vectors:
        """BM25 scores of all rows for weighted tokens; 0 if no token occurs in a paper, and for deleted rows."""
        scores = np.zeros(len(self.row_numbers), np.float32)
        for token, weight in weights.items():
            frequency = self.frequency(token)
            if frequency:
                rarity = weight * idf(len(scores), frequency)
                for i, part in enumerate(self.parts):
                    own = scores[self._bounds[i] : self._bounds[i + 1]]
                    part.add_scores(own, token, rarity, self._saturations[i])
        scores[~self.alive] = 0
        return scores

    @cached_property
    def _saturations(self) -> list[Vectors]:
        """For each part what the lengths of its papers mean to BM25, by the mean length in the whole index."""
        lengths = [part.lengths for part in self.parts]
        mean = sum(int(some.sum()) for some in lengths) / max(len(self.row_numbers), 1)
        return [saturation(some, mean) for some in lengths]

    def frequency(self, token: str) -> int:
        """Document frequency of a token (deleted papers may be included)."""
        return sum(part.frequency(token) for part in self.parts)

    def words_near(self, word: str, reach: int) -> Iterable[list[str]]:
        """Lists of words of the papers, with all those that are up to `reach` bytes longer or shorter."""
        for part in self.parts:
            yield from part.words_near(word, reach)

    def vector_scores(self, rows: NDArray[np.intp], question: Vectors) -> tuple[PaperScores, PaperScores]:
        """How near the papers in these rows (rising, at least one), and their passages, are to a question's vector;
        and the same for an even sample of all papers: what is usual for this question."""
        usual = self._background.scores(question)
        if len(usual.rows) == self.size:
            return usual.take(rows), usual
        return self._blocks(rows).scores(question), usual

    def vector_of(self, row: int) -> Vectors:
        """The vector of the whole abstract (and title) of the paper in this row."""
        return self._paper_vectors(np.array([row]))[0]

    def nearest(self, vector: Vectors, count: int, inside: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Of the rows marked `inside` (all of which count), the `count` nearest to a vector, nearest first.

        Chroma proposes them. Papers of other files, of an unfinished build, or removed ones may be among the
        nearest: then it is asked for more, and where those that are left are few among many, they are compared one by one.
        """
        wanted = min(count, int(inside.sum()))
        for times in ASKED:
            rows = self.rows_of(self.vectors.nearest(vector, times * count))
            rows = rows[inside[rows]][:count]
            if len(rows) >= wanted:
                return rows
        rows = np.flatnonzero(inside)
        similarities = np.concatenate([self._paper_vectors(some) @ vector for some in _pieces(rows)])
        return rows[np.argsort(-similarities, kind="stable")[:count]]

    def _paper_vectors(self, rows: NDArray[np.intp]) -> Vectors:
        """The vectors of whole papers, in these rows (rising): rows x dimension."""
        return np.concatenate([part.vectors[part.starts[own]] for part, own in self._in_parts(rows)]).astype(np.float32)

    def _blocks(self, rows: NDArray[np.intp]) -> _Blocks:
        """The vectors of the papers in these rows (rising, at least one) and of their passages."""
        found = [part.blocks(own) for part, own in self._in_parts(rows)]
        return _Blocks(rows, np.concatenate([some for some, _ in found]), np.concatenate([sizes for _, sizes in found]))

    def _in_parts(self, rows: NDArray[np.intp]) -> Iterator[tuple[Segment, NDArray[np.intp]]]:
        """These rows (rising) by the parts that have them, as rows of the part."""
        for i, part in enumerate(self.parts):
            first, last = np.searchsorted(rows, self._bounds[i : i + 2])
            if last > first:
                yield part, rows[first:last] - self._bounds[i]

    @cached_property
    def _background(self) -> _Blocks:
        """Of a small index all papers: then no vector is read twice."""
        rows = np.flatnonzero(self.alive)
        step = max(1, len(rows) / BACKGROUND)
        chosen = rows[np.arange(0, len(rows), step).astype(int)]
        return self._blocks(chosen)


def _pieces(rows: NDArray[np.intp], size: int = 4096) -> Iterable[NDArray[np.intp]]:
    return (rows[i : i + size] for i in range(0, len(rows), size))


def english_words() -> frozenset[str]:
    """Words of general English: the whole words that the shipped tokenizer knows."""
    table = json.loads(resources.files("qa").joinpath("models/tokenizer.json").read_text(encoding="utf-8"))
    return frozenset(table["model"]["vocab"])
