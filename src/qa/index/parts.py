"""Parts of an index: immutable folders that hold, for some papers, the BM25 index, the passage vectors and the words.

New papers come in a new part and small parts are merged into it, so an update costs about what it adds.
"""

import json
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.embed import Vectors
from qa.errors import IndexDamagedError
from qa.tokens import tokens, words

K1, B = 1.5, 0.75
"""BM25's constants, in Lucene's form of the formula; the best of those tried on the 354 papers."""
WORD_LENGTH = 4
"""Shorter words are not mended as typing errors, and so not kept."""


def write_part(folder: Path, numbers: Sequence[int], texts: Iterable[str], vectors: Iterable[Vectors]) -> str:
    """Write a part for these papers (numbers rising; texts and vectors in the same order) and give its name.

    `vectors` has for each paper (1 + passages) x dimension. The part does not count until the catalog names it.
    """
    import bm25s

    name = f"part-{secrets.token_hex(6)}"
    new = folder / f"{name}.new"
    new.mkdir(parents=True)
    try:
        corpus: list[list[str]] = []
        lexicon: Counter[str] = Counter()
        for text in texts:
            corpus.append(tokens(text) or ["\0"])
            lexicon.update({word for word in words(text) if len(word) >= WORD_LENGTH and word.isalpha()})
        ranker = bm25s.BM25(method="lucene", k1=K1, b=B)
        ranker.index(corpus, show_progress=False)
        ranker.save(new / "bm25", show_progress=False)
        (new / "words.json").write_text(json.dumps(lexicon, ensure_ascii=False), encoding="utf-8")
        blocks = [block.astype(np.float16) for block in vectors]
        np.save(new / "starts.npy", np.cumsum([0, *(len(block) for block in blocks)], dtype=np.int64))
        np.save(new / "vectors.npy", np.concatenate(blocks))
        np.save(new / "numbers.npy", np.asarray(numbers, np.int64))
        os.replace(new, folder / name)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return name


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part on disk, opened when first touched; large files are mapped, not read."""

    folder: Path

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """The papers' numbers, rising."""
        return self._array("numbers.npy")

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each paper's rows begin in `vectors`, and behind the last where they all end: papers + 1."""
        return self._array("starts.npy")

    @cached_property
    def vectors(self) -> NDArray[np.float16]:
        """For each paper the vector of the paper, then those of its passages: rows x dimension."""
        return self._array("vectors.npy", mapped=True)

    @cached_property
    def words(self) -> dict[str, int]:
        """In how many papers each word of four letters or more stands."""
        with self._reading("words.json"):
            return json.loads((self.folder / "words.json").read_text(encoding="utf-8"))

    @cached_property
    def _columns(self) -> dict[str, int]:
        """The column of each token in the BM25 matrix.

        bm25s's files are read as they are: importing bm25s (and scipy with it) would cost a first question more than
        all the rest of opening an index.
        """
        with self._reading("bm25/vocab.index.json"):
            return json.loads((self.folder / "bm25" / "vocab.index.json").read_text(encoding="utf-8"))

    @cached_property
    def _scores(self) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int64]]:
        """The matrix by columns: scores, the papers' places in the part, and where each column begins."""
        data, indices, indptr = (
            self._array(f"bm25/{name}.csc.index.npy", mapped=True) for name in ("data", "indices", "indptr")
        )
        return data, indices, indptr

    def block(self, row: int) -> Vectors:
        """The vectors of the paper in this row: (1 + passages) x dimension."""
        return np.asarray(self.vectors[self.starts[row] : self.starts[row + 1]], np.float32)

    def block_of(self, number: int) -> NDArray[np.float16]:
        """The rows of the paper with this number, which must be in the part."""
        row = int(np.searchsorted(self.numbers, number))
        return self.vectors[self.starts[row] : self.starts[row + 1]]

    def frequency(self, token: str) -> int:
        """In how many papers of the part a token stands."""
        column = self._columns.get(token)
        return 0 if column is None else int(self._scores[2][column + 1] - self._scores[2][column])

    def add_scores(self, scores: Vectors, token: str, weight: float, papers: int, frequency: int) -> None:
        """Add the BM25 scores of a token, times `weight`, to `scores` (one for each paper of the part).

        bm25s has put the part's own rarity of the token into its scores; here the whole index's takes its place.
        """
        column = self._columns.get(token)
        if column is None:
            return
        data, indices, indptr = self._scores
        begin, end = indptr[column], indptr[column + 1]
        factor = weight * _rarity(papers, frequency) / _rarity(len(self.numbers), int(end - begin))
        scores[indices[begin:end]] += factor * data[begin:end]

    def _array(self, name: str, *, mapped: bool = False) -> Any:
        with self._reading(name):
            return np.load(self.folder / name, mmap_mode="r" if mapped else None)

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """A file that is gone, cut or garbled as one clear error."""
        try:
            yield
        except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
            raise IndexDamagedError(
                f"The index file {self.folder / name} is lost or damaged. Build it again from the kept texts:"
                f" qa index --rebuild --index {self.folder.parents[1]}"
            ) from error


def _rarity(papers: int, frequency: int) -> float:
    """Lucene's inverse document frequency."""
    return float(np.log1p((papers - frequency + 0.5) / (frequency + 0.5)))


def parts_to_merge(sizes: dict[str, int], new: int) -> list[str]:
    """Which parts (name: papers that still count) are written anew together with `new` papers.

    From the smallest on, as long as a part is at most twice as large as what is written before it: each paper is
    then rewritten a logarithmic number of times, and a large part is left alone.
    """
    merged = []
    for name, size in sorted(sizes.items(), key=lambda item: item[1]):
        if size <= 2 * new:
            merged.append(name)
            new += size
    return merged
