"""Ranking: which papers may fit a question, how well they fit by words and by meaning, and the order that follows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.documents.paper import Paper
from qa.embedding.base import Embedder, Vectors
from qa.index.snapshot import PaperScores, Snapshot
from qa.retrieval.query import ParsedQuery, parse_query
from qa.text.sentences import split_passages
from qa.text.tokenize import normalize

WEIGHTS = (1.0, 1.5, 1.0)
"""Weights of the standardised scores of words, of the whole abstract's meaning and of its best passages' meaning; a sum
of them beat reciprocal ranks on unseen questions. `python -m qa.evals.fit.answerability fusion` prints what others would give."""
PAPER_DEVIATION, PASSAGE_DEVIATION = 0.08, 0.07
"""What similarities usually deviate by."""
PRIOR = 50
"""How many papers that counts for: an index of eight papers says little about what is usual, and would make much of chance."""
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
class ScoredCandidates:
    """The candidates of one question, in no order. `z_scores` (papers x 3) has how many standard deviations each
    lies above the usual in words, in the meaning of the abstract and in that of its best passages; `bm25` are their
    scores by words, `similarities` their cosines (None where nothing was scored). `rarity` says of each of the question's tokens how rare it is: 0 in every
    paper, 1 in none (logarithmic between)."""

    question: ParsedQuery
    rarity: dict[str, float]
    z_scores: Vectors
    bm25: Vectors
    similarities: PaperScores | None
    _snapshot: Snapshot
    _rows: NDArray[np.intp]

    def totals(self, weights: Sequence[float] = WEIGHTS) -> Vectors:
        """The score of each paper: the weighted sum of its standardised scores."""
        return self.z_scores @ np.asarray(weights, np.float32)

    def order(self, weights: Sequence[float] = WEIGHTS) -> NDArray[np.intp]:
        """The positions of papers in these arrays, best first; ties keep the order of the index."""
        return np.argsort(-self.totals(weights), kind="stable")

    def papers(self, places: Sequence[int] | NDArray[np.intp]) -> list[Paper]:
        """The papers in these places; KeyError where another process has removed one since the question was scored."""
        return self._snapshot.papers(self._rows[np.asarray(places, np.intp)])

    def all_papers(self) -> list[Paper]:
        """Every paper scored, in the places of these arrays; KeyError as for `papers`."""
        return self.papers(range(len(self.bm25)))

    def hits(self, places: Sequence[int] | NDArray[np.intp]) -> Iterator[Hit]:
        """The papers in these places as hits, with their passages."""
        totals = self.totals()
        for i, paper in zip(places, self.papers(places), strict=True):
            assert self.similarities is not None
            sentences = split_passages(paper.abstract)
            similarities = self.similarities.passages_of(int(i))
            yield Hit(
                paper=paper,
                score=float(totals[i]),
                passages=tuple(
                    HitPassage(
                        text=sentences[j].text,
                        start=sentences[j].start,
                        end=sentences[j].end,
                        similarity=float(similarities[j]),
                    )
                    for j in map(int, np.argsort(-similarities, kind="stable"))
                ),
                words=float(self.bm25[i]),
                similarity=float(self.similarities.paper[i]),
            )


def score_candidates(
    text: str, snapshot: Snapshot, embedder: Embedder, count: int, allowed: NDArray[np.intp] | None = None
) -> ScoredCandidates:
    """The `count` best papers by words and the `count` nearest by meaning, of those in the `allowed` rows, scored.

    None are scored for a blank question or an empty index.
    """
    # 1. What the question says, in words and as a vector.
    question = parse_query(text, snapshot)
    if not text.strip() or not snapshot.size:
        return _no_candidates(question, {}, snapshot)
    rarity = {token: rarity_of(token, snapshot) for token in question.weights}
    vector = embedder.embed_question(normalize(question.corrected))
    # 2. Candidates: the best by words and the nearest by meaning, of the papers that the filters leave.
    lexical = snapshot.lexical_scores(question.weights)
    rows = _candidates(snapshot, vector, lexical, count, allowed)
    if not len(rows):
        return _no_candidates(question, rarity, snapshot)
    # 3. All scores for all candidates, each standardised by what is usual for this question.
    scores, usual = snapshot.vector_scores(rows, vector)
    z_scores = np.column_stack(
        [
            _z_scores_of_words(lexical[rows], lexical[snapshot.alive]),
            _z_scores(scores.paper, usual.paper, PAPER_DEVIATION),
            _z_scores(scores.passages, usual.passages, PASSAGE_DEVIATION),
        ]
    )
    return ScoredCandidates(
        question=question, rarity=rarity, z_scores=z_scores, bm25=lexical[rows], similarities=scores, _snapshot=snapshot, _rows=rows
    )  # fmt: skip


def rarity_of(token: str, snapshot: Snapshot) -> float:
    """Lucene's inverse document frequency of a token, divided by that of a token that no paper has."""
    papers = len(snapshot.row_numbers)
    frequency = snapshot.frequency(token)
    return float(np.log1p((papers - frequency + 0.5) / (frequency + 0.5)) / np.log1p((papers + 0.5) / 0.5))


def _no_candidates(question: ParsedQuery, rarity: dict[str, float], snapshot: Snapshot) -> ScoredCandidates:
    return ScoredCandidates(
        question=question, rarity=rarity, z_scores=np.empty((0, 3), np.float32), bm25=np.empty(0, np.float32),
        similarities=None, _snapshot=snapshot, _rows=np.empty(0, np.intp),
    )  # fmt: skip


def _candidates(
    snapshot: Snapshot, vector: Vectors, lexical: Vectors, count: int, allowed: NDArray[np.intp] | None
) -> NDArray[np.intp]:
    if allowed is not None:
        if len(allowed) <= 4 * count:
            return allowed
        inside = np.zeros(len(lexical), bool)
        inside[allowed] = True
    else:
        inside = snapshot.alive
    by_words = _highest(np.where(inside, lexical, -1), count)
    near = snapshot.nearest(vector, count, inside)
    return np.unique(np.concatenate([by_words[inside[by_words]], near]))


def _highest(scores: Vectors, count: int) -> NDArray[np.intp]:
    """The places of the `count` highest scores, in no order; of equal ones those that come first."""
    if count >= len(scores):
        return np.arange(len(scores))
    floor = np.partition(scores, len(scores) - count)[len(scores) - count]
    above = np.flatnonzero(scores > floor)
    return np.concatenate([above, np.flatnonzero(scores == floor)[: count - len(above)]])


def _z_scores_of_words(scores: Vectors, usual: Vectors) -> Vectors:
    """How many standard deviations BM25 scores lie above the usual, as if PRIOR more papers had none of the words."""
    with_prior = np.concatenate([usual, np.zeros(PRIOR, np.float32)])
    deviation = float(with_prior.std())
    return (scores - with_prior.mean()) / deviation if deviation > 0 else np.zeros_like(scores)


def _z_scores(scores: Vectors, usual: Vectors, expected: float) -> Vectors:
    """How many standard deviations similarities lie above the usual; the `expected` deviation counts like PRIOR papers."""
    variance = (len(usual) * float(usual.var()) + PRIOR * expected**2) / (len(usual) + PRIOR)
    return (scores - usual.mean()) / variance**0.5
