"""Search: words (BM25) and meaning (vectors) together, one hit a paper, with the passages that matched."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qa.embed import Embedder, Vectors
from qa.errors import IndexDamagedError, InputError
from qa.index.catalog import Catalog
from qa.index.generation import check_probe, current_generation, fitting_embedder
from qa.index.snapshot import PaperScores, Snapshot
from qa.index.vectors import VectorStore
from qa.mend import well_formed
from qa.papers import Paper
from qa.passages import Passage, split_passages
from qa.question import Question, read_question
from qa.tokens import plain, tokens

T = TypeVar("T")

WORDS_WEIGHT, PAPER_WEIGHT, PASSAGE_WEIGHT = 1.0, 1.5, 1.0
"""Weights of the three standardised scores; a sum of them beat reciprocal ranks on unseen questions."""
PRIOR = 50
PAPER_DEVIATION, PASSAGE_DEVIATION = 0.08, 0.07
"""What similarities usually deviate by, and how many papers this counts for: an index of eight papers says little about
what is usual, and would make much of chance."""
CANDIDATES = 100
"""How many papers each of BM25 and Chroma proposes; the 100th never held an answer that the first 20 lacked."""


@dataclass(frozen=True, kw_only=True)
class HitPassage:
    """A passage of a hit: `paper.abstract[start:end] == text`; `similarity` to the question, a cosine (-1 to 1)."""

    text: str
    start: int
    end: int
    similarity: float


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A paper found. `score` sorts hits: the weighted sum of how many standard deviations the paper lies above the
    usual in words, in the meaning of the whole abstract, and in that of its best passages. `passages` are all of the
    abstract, best first; `similarity` is the paper's cosine and `words` its BM25 score."""

    paper: Paper
    score: float
    passages: tuple[HitPassage, ...]
    words: float
    similarity: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "paper": self.paper.to_dict(), "score": self.score, "words": self.words, "similarity": self.similarity,
            "passages": [dict(passage.__dict__) for passage in self.passages],
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Search:
    """What one search found, and how the question was read. `rarity` says for each token of the question how rare it
    is in the index: 0 in every paper, 1 in none (logarithmic between)."""

    question: Question
    hits: tuple[Hit, ...]
    rarity: dict[str, float]


class Index:
    """An open index; any number of threads may search it. It follows what other processes add, remove or rebuild."""

    def __init__(self, folder: str | os.PathLike[str], embedder: Any = None) -> None:
        self.folder = Path(folder)
        self._given_embedder = embedder
        self._lock = threading.RLock()
        self._generation = current_generation(self.folder)
        self._catalog = Catalog(self._generation)
        self._embedder = fitting_embedder(self._catalog, embedder)
        self._vectors = VectorStore(self._generation / "chroma")
        self._version = self._catalog.version()
        self._snapshot = Snapshot(self._catalog, self._vectors)
        self._probed = False
        self._vectors.warm_up()
        warm_up = getattr(self._embedder, "warm_up", None)
        if warm_up:
            warm_up()

    @property
    def embedder(self) -> Embedder:
        return self._embedder

    def search(self, question: str, k: int = 10, *, page: str | None = None, has_code: bool | None = None) -> list[Hit]:
        """The k papers that fit a question best, best first; none for a blank question or an empty index.

        `page` keeps papers listed on that page, `has_code` those with (True) or without (False) a link to their code.
        InputError for a k below 1 or a page that the index does not have.
        """
        return list(self.find(question, k, page=page, has_code=has_code).hits)

    def find(self, question: str, k: int = 10, *, page: str | None = None, has_code: bool | None = None) -> Search:
        """As `search`, together with how the question was read."""
        if k < 1:
            raise InputError(f"k is {k}, but at least one paper must be asked for. Use k=10.")
        clean = well_formed(question)
        return self._with_snapshot(lambda snapshot: self._find(snapshot, clean, k, page, has_code))

    def rarity(self, words: Iterable[str]) -> dict[str, float]:
        """How rare each token of these words is in the index: 0 in every paper, 1 in none (logarithmic between)."""
        snapshot = self.snapshot()
        return {token: _rarity(snapshot, token) for word in words for token in tokens(word)}

    def papers(self, *, page: str | None = None, has_code: bool | None = None) -> list[Paper]:
        """All papers, in the order in which they were indexed."""

        def read(snapshot: Snapshot) -> list[Paper]:
            allowed = self._allowed(snapshot, page, has_code)
            rows = np.flatnonzero(snapshot.alive) if allowed is None else allowed
            return snapshot.papers(rows[np.argsort(snapshot.row_numbers[rows])])

        return self._with_snapshot(read)

    def paper(self, paper_id: str) -> Paper | None:
        """The paper of this id, if the index has it."""

        def read(snapshot: Snapshot) -> Paper | None:
            number = snapshot.catalog.number_of(well_formed(str(paper_id)))
            return None if number is None else snapshot.catalog.papers([number])[number]

        return self._with_snapshot(read)

    def pages(self) -> dict[str, int]:
        """The pages by name, with how many listings each has, in the order in which they were indexed."""
        rows = self.snapshot().catalog.rows(
            "SELECT name, count(position) FROM pages LEFT JOIN listings USING (page) WHERE live = 1 GROUP BY page ORDER BY rank"
        )
        return dict(rows)

    def __len__(self) -> int:
        return self.snapshot().size

    def close(self) -> None:
        self._vectors.close()
        self._catalog.close()

    def snapshot(self) -> Snapshot:
        """The index as it is now: a new snapshot where a build has been committed since the last."""
        with self._lock:
            version = self._catalog.version()
            moved = current_generation(self.folder) != self._generation
            if moved or (version != self._version and self._catalog.meta("stamp") != self._snapshot.stamp):
                self._reopen()
            self._version = version if not moved else self._catalog.version()
            return self._snapshot

    def _with_snapshot(self, action: Callable[[Snapshot], T]) -> T:
        """What an action makes of the index; another process may replace files under it: then once more, with what is new."""
        try:
            return action(self.snapshot())
        except (IndexDamagedError, KeyError):
            self._reopen()
            return action(self.snapshot())

    def _reopen(self) -> None:
        with self._lock:
            generation = current_generation(self.folder)
            self._vectors.close()
            if generation != self._generation:
                catalog = Catalog(generation)
                self._embedder = fitting_embedder(catalog, self._given_embedder)
                self._generation, self._catalog, self._probed = generation, catalog, False
                self._vectors = VectorStore(generation / "chroma")
            self._snapshot = Snapshot(self._catalog, self._vectors)

    def _find(self, snapshot: Snapshot, text: str, k: int, page: str | None, has_code: bool | None) -> Search:
        # 1. What the question says, in words and as a vector.
        if not self._probed:
            check_probe(snapshot.catalog, self._embedder)
            self._probed = True
        question = read_question(text, snapshot)
        if not text.strip() or not snapshot.size:
            return Search(question=question, hits=(), rarity={})
        rarity = {token: _rarity(snapshot, token) for token in question.weights}
        vector = self._embedder.embed_question(plain(question.mended))
        # 2. Candidates: the best by words and the nearest by meaning, of the papers that the filters leave.
        allowed = self._allowed(snapshot, page, has_code)
        lexical = snapshot.lexical_scores(question.weights)
        rows = self._candidates(snapshot, vector, lexical, max(k, CANDIDATES), allowed)
        if not len(rows):
            return Search(question=question, hits=(), rarity=rarity)
        # 3. All scores for all candidates, each standardised by what is usual for this question.
        scores, usual = snapshot.vector_scores(rows, vector)
        total = (
            WORDS_WEIGHT * _standard_words(lexical[rows], lexical[snapshot.alive])
            + PAPER_WEIGHT * _standard(scores.paper, usual.paper, PAPER_DEVIATION)
            + PASSAGE_WEIGHT * _standard(scores.passages, usual.passages, PASSAGE_DEVIATION)
        )
        best = np.argsort(-total, kind="stable")[:k]
        hits = _hits(snapshot, rows, best, total, lexical, scores)
        return Search(question=question, hits=tuple(hits), rarity=rarity)

    def _allowed(self, snapshot: Snapshot, page: str | None, has_code: bool | None) -> NDArray[np.intp] | None:
        if page is None and has_code is None:
            return None
        if page is not None and page not in self.pages():
            raise InputError(f"The index has no page {page!r}. Its pages are: {', '.join(self.pages())}.")
        return snapshot.rows_of(snapshot.catalog.filtered(page, has_code))

    def _candidates(
        self, snapshot: Snapshot, vector: Vectors, lexical: Vectors, count: int, allowed: NDArray[np.intp] | None
    ) -> NDArray[np.intp]:
        if allowed is not None:
            if len(allowed) <= 4 * count:
                return allowed
            inside = np.zeros(len(lexical), bool)
            inside[allowed] = True
        else:
            inside = snapshot.alive
        by_words = np.argsort(-np.where(inside, lexical, -1), kind="stable")[:count]
        wanted = ask = min(count, int(inside.sum()))
        while True:
            near = snapshot.rows_of(self._vectors.nearest(vector, ask))
            near = near[inside[near]][:count]
            # Papers of an unfinished build, or of other pages, may stand among the nearest: then ask for more.
            if len(near) >= wanted // 2 or ask >= len(lexical) * 2:
                break
            ask *= 4
        return np.unique(np.concatenate([by_words[inside[by_words]], near]))


def open_index(folder: str | os.PathLike[str] = "index/chroma", *, embedder: Any = None) -> Index:
    """Open the index in a folder for searching and asking.

    IndexMissingError where there is none, IndexMismatchError where it belongs to another embedder than the given one
    (none given: the one that built it).
    """
    return Index(folder, embedder)


def _rarity(snapshot: Snapshot, token: str) -> float:
    """Lucene's inverse document frequency of a token, divided by that of a token that no paper has."""
    papers = len(snapshot.row_numbers)
    frequency = snapshot.frequency(token)
    return float(np.log1p((papers - frequency + 0.5) / (frequency + 0.5)) / np.log1p((papers + 0.5) / 0.5))


def _standard_words(scores: Vectors, usual: Vectors) -> Vectors:
    """How many standard deviations BM25 scores lie above the usual, as if PRIOR more papers had none of the words."""
    with_prior = np.concatenate([usual, np.zeros(PRIOR, np.float32)])
    deviation = float(with_prior.std())
    return (scores - with_prior.mean()) / deviation if deviation > 0 else np.zeros_like(scores)


def _standard(scores: Vectors, usual: Vectors, expected: float) -> Vectors:
    """How many standard deviations similarities lie above the usual; the `expected` deviation counts like PRIOR papers."""
    variance = (len(usual) * float(usual.var()) + PRIOR * expected**2) / (len(usual) + PRIOR)
    return (scores - usual.mean()) / variance**0.5


def _hits(
    snapshot: Snapshot,
    rows: NDArray[np.intp],
    best: Sequence[int] | NDArray[np.intp],
    total: NDArray[np.floating],
    lexical: Vectors,
    scores: PaperScores,
) -> Iterator[Hit]:
    papers = snapshot.papers(rows[best])
    for i, paper in zip(best, papers, strict=True):
        passages = split_passages(paper.abstract)
        similarities = scores.passages_of(int(i))
        order = np.argsort(-similarities, kind="stable")
        yield Hit(
            paper=paper,
            score=float(total[i]),
            passages=tuple(_hit_passage(passages[j], float(similarities[j])) for j in order),
            words=float(lexical[rows[i]]),
            similarity=float(scores.paper[i]),
        )


def _hit_passage(passage: Passage, similarity: float) -> HitPassage:
    return HitPassage(text=passage.text, start=passage.start, end=passage.end, similarity=similarity)
