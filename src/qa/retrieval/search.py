"""Search: words (BM25) and meaning (vectors) together, one hit a paper, with the passages that matched."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.documents.paper import Paper
from qa.embedding.base import Embedder, unit
from qa.errors import InputError
from qa.index.report import Progress
from qa.index.schema import ORDERS
from qa.index.snapshot import Snapshot
from qa.index.versions import FOLDER, refuse_mirror
from qa.retrieval.fusion import CANDIDATES, PRIOR, Hit, ScoredCandidates, rarity_of, score_candidates
from qa.retrieval.query import ParsedQuery
from qa.retrieval.session import IndexSession
from qa.text.cleanup import replace_surrogates
from qa.text.tokenize import tokens

if TYPE_CHECKING:
    from qa.index.remote.address import Address
    from qa.index.remote.replica import Replica

SIMILARITY_DEVIATION = 0.12
"""What the similarities of one paper to all others usually deviate by (measured on the 354 papers)."""


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What one search found, and how the question was read. `rarity` says for each token of the question how rare it
    is in the index: 0 in every paper, 1 in none (logarithmic between)."""

    question: ParsedQuery
    hits: tuple[Hit, ...]
    rarity: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class SimilarPaper:
    """A paper that is like another one: `similarity` is the cosine of their abstracts (-1 to 1), `z_score` how many
    standard deviations that lies above the other one's usual similarity to papers, whatever embedder built the index."""

    paper: Paper
    similarity: float
    z_score: float


class Index:
    """An open index; any number of threads may search it. It follows what other processes add, remove or rebuild."""

    def __init__(
        self, folder: str | os.PathLike[str], embedder: Any = None, *, replica: "Replica | None" = None
    ) -> None:
        self._session = IndexSession(folder, embedder, replica)
        self.folder = self._session.folder

    @property
    def embedder(self) -> Embedder:
        return self._session.embedder

    @property
    def chroma(self) -> "Address | None":
        """The Chroma server that holds the index; None where its folder does."""
        replica = self._session.replica
        return replica.address if replica is not None else None

    def search(self, question: str, k: int = 10, *, page: str | None = None, has_code: bool | None = None) -> list[Hit]:
        """The k papers that fit a question best, best first; none for a blank question or an empty index.

        `page` keeps papers listed on that page, `has_code` those with (True) or without (False) a link to their code.
        InputError for a k below 1 or a page that the index does not have.
        """
        return list(self.find(question, k, page=page, has_code=has_code).hits)

    def find(
        self,
        question: str,
        k: int = 10,
        *,
        page: str | None = None,
        has_code: bool | None = None,
        paper: str | None = None,
    ) -> SearchResult:
        """As `search`, together with how the question was read; of the paper of this id alone where one is given."""
        if k < 1:
            raise InputError(f"k is {k}, but at least one paper must be asked for. Use k=10.")
        clean = replace_surrogates(question)
        return self._session.read(lambda snapshot: self._find(snapshot, clean, k, page, has_code, paper))

    def score_candidates(self, question: str, count: int = CANDIDATES) -> ScoredCandidates:
        """The papers that a search would choose from, `count` by words and `count` by meaning, each with its scores."""
        clean = replace_surrogates(question)
        return self._session.read(lambda snapshot: self._score(snapshot, clean, count, None))

    def rarity(self, words: Iterable[str]) -> dict[str, float]:
        """How rare each token of these words is in the index: 0 in every paper, 1 in none (logarithmic between)."""
        snapshot = self.snapshot()
        return {token: rarity_of(token, snapshot) for word in words for token in tokens(word)}

    def papers(self, *, page: str | None = None, has_code: bool | None = None) -> list[Paper]:
        """All papers, in the order in which they were indexed."""

        def read(snapshot: Snapshot) -> list[Paper]:
            allowed = self._allowed(snapshot, page, has_code)
            rows = np.flatnonzero(snapshot.alive) if allowed is None else allowed
            return snapshot.papers(rows[np.argsort(snapshot.row_numbers[rows])])

        return self._session.read(read)

    def browse(
        self,
        *,
        page: str | None = None,
        has_code: bool | None = None,
        among: Iterable[str] | None = None,
        order: str = "pages",
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[int, list[Paper]]:
        """How many papers there are, and up to `limit` of them from `offset` on; no others are loaded.

        `page` and `has_code` as in `search`; `among` keeps papers of these ids. `order` is "pages" (as the pages list
        them), "title", or "date" (newest first, those without a date last). InputError for another order, an offset
        below 0, a limit below 1, or a page that the index does not have.
        """
        if order not in ORDERS:
            raise InputError(f"Papers cannot be sorted by {order!r}. Choose one of: {', '.join(ORDERS)}.")
        if offset < 0 or limit < 1:
            raise InputError(
                f"The offset is {offset} and the limit {limit}, but they must be 0 and 1 or more. Use offset=0, limit=50."
            )
        chosen = None if among is None else [replace_surrogates(paper_id) for paper_id in among]

        def read(snapshot: Snapshot) -> tuple[int, list[Paper]]:
            self._check_page(page)
            total, numbers = snapshot.catalog.browse(page, has_code, chosen, order, offset, limit)
            papers = snapshot.catalog.papers(numbers)
            return total, [papers[number] for number in numbers]

        return self._session.read(read)

    def similar(self, paper_id: str, k: int = 5) -> list[SimilarPaper]:
        """The k papers whose whole abstracts are nearest in meaning to a paper's, best first; it is not among them.

        Fewer where the index has fewer. InputError for a k below 1, or an id that the index does not have.
        """
        if k < 1:
            raise InputError(f"k is {k}, but at least one paper must be asked for. Use k=5.")

        def read(snapshot: Snapshot) -> list[SimilarPaper]:
            number = snapshot.catalog.number_of(replace_surrogates(str(paper_id)))
            if number is None:
                raise InputError(
                    f"The index has no paper {_truncate(paper_id)!r}. It may have been removed; look for another one."
                )
            return self._similar(snapshot, number, k)

        return self._session.read(read)

    def paper(self, paper_id: str) -> Paper | None:
        """The paper of this id, if the index has it."""

        def read(snapshot: Snapshot) -> Paper | None:
            number = snapshot.catalog.number_of(replace_surrogates(str(paper_id)))
            return None if number is None else snapshot.catalog.papers([number])[number]

        return self._session.read(read)

    def pages(self) -> dict[str, int]:
        """The pages by name, with how many listings each has, in the order in which they were indexed."""
        rows = self.snapshot().catalog.rows("SELECT name, listed FROM pages WHERE live = 1 ORDER BY rank, page")
        return dict(rows)

    def __len__(self) -> int:
        return self.snapshot().size

    def close(self) -> None:
        self._session.close()

    def snapshot(self) -> Snapshot:
        """The index as it is now: a new snapshot if a build has been committed since the last one."""
        return self._session.snapshot()

    def _find(
        self, snapshot: Snapshot, text: str, k: int, page: str | None, has_code: bool | None, paper: str | None
    ) -> SearchResult:
        allowed = self._allowed(snapshot, page, has_code) if paper is None else self._only(snapshot, paper)
        scored = self._score(snapshot, text, max(k, CANDIDATES), allowed)
        hits = scored.hits(scored.order()[:k])
        return SearchResult(question=scored.question, hits=tuple(hits), rarity=scored.rarity)

    def _similar(self, snapshot: Snapshot, number: int, k: int) -> list[SimilarPaper]:
        own = snapshot.rows_of([number])
        if not len(own):
            raise KeyError(number)  # another process has added it since this snapshot was taken
        vector = unit(snapshot.vector_of(int(own[0])))
        others = snapshot.alive.copy()
        others[own] = False
        near = snapshot.nearest(vector, k, others)
        if not len(near):
            return []
        scores, usual = snapshot.vector_scores(np.sort(near), vector)
        usually = usual.paper[usual.rows != own[0]]
        # As in ranking: the expected deviation counts like PRIOR papers, or a small index would make much of chance.
        variance = (len(usually) * float(usually.var()) + PRIOR * SIMILARITY_DEVIATION**2) / (len(usually) + PRIOR)
        best = np.argsort(-scores.paper, kind="stable")
        return [
            SimilarPaper(
                paper=paper,
                similarity=float(scores.paper[i]),
                z_score=float((scores.paper[i] - usually.mean()) / variance**0.5),
            )
            for i, paper in zip(best, snapshot.papers(scores.rows[best]), strict=True)
        ]

    def _score(self, snapshot: Snapshot, text: str, count: int, allowed: NDArray[np.intp] | None) -> ScoredCandidates:
        self._session.check_embedder(snapshot)
        return score_candidates(text, snapshot, self.embedder, count, allowed)

    def _only(self, snapshot: Snapshot, paper_id: str) -> NDArray[np.intp]:
        number = snapshot.catalog.number_of(replace_surrogates(paper_id))
        rows = snapshot.rows_of([] if number is None else [number])
        if not len(rows):
            raise InputError(
                f"The index has no paper {paper_id[:80]!r} any more. Ask about all papers, or another one."
            )
        return rows

    def _allowed(self, snapshot: Snapshot, page: str | None, has_code: bool | None) -> NDArray[np.intp] | None:
        if page is None and has_code is None:
            return None
        self._check_page(page)
        return snapshot.rows_of(snapshot.catalog.filtered(page, has_code))

    def _check_page(self, page: str | None) -> None:
        if page is not None and page not in self.pages():
            raise InputError(f"The index has no page {page!r}. Its pages are: {', '.join(self.pages())}.")


def open_index(
    folder: str | os.PathLike[str] | None = None,
    *,
    chroma: "Address | str | None" = None,
    embedder: Any = None,
    progress: Progress | None = None,
) -> Index:
    """Open the index in a folder (none given: index/chroma) for searching and asking. With `chroma`, the address of a
    Chroma server, the index is the one there, and the folder this machine's mirror of it (none given: among this user's
    caches), which is synchronised; `progress` is called with its progress.

    IndexMissingError if there is none, IndexMismatchError if it was built by another embedder than the given one
    (none given: the one that built it), ServerUnavailableError where the server does not answer.
    """
    if chroma is None:
        root = Path(folder or FOLDER)
        refuse_mirror(root)
        return Index(root, embedder)
    # What speaks to servers is imported where there is one: it would cost every first question its time.
    from qa.index.remote.replica import Replica
    from qa.index.remote.sync import synchronize

    replica = Replica(chroma, folder)
    synchronize(replica, embedder, progress)
    return Index(replica.folder, embedder, replica=replica)


def _truncate(text: object) -> str:
    """The beginning of what a message names."""
    text = str(text)
    return text if len(text) <= 80 else f"{text[:80]}…"


def reading_notice(search: SearchResult) -> str | None:
    """What was read otherwise than typed, in a sentence; None where nothing was."""
    changed = search.question.corrections
    return "Read " + ", ".join(f"“{typed}” as “{read}”" for typed, read in changed.items()) + "." if changed else None
