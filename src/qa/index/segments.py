"""Parts of an index: immutable folders that hold, for some papers, the BM25 counts, the sentence vectors and the words.

New papers come in new parts and small parts are merged into one, so an update costs about what it adds.
"""

import os
import secrets
import shutil
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.embedding.base import Vectors
from qa.errors import IndexDamagedError
from qa.index.bm25 import Postings, merge_postings, write_postings
from qa.index.term_dictionary import TermDictionary, merged_words, write_term_dictionary, write_words
from qa.text.tokenize import surface_words, tokens

WORD_LENGTH = 4
"""Shorter words are not corrected, and so not kept."""


def write_segment(folder: Path, numbers: Sequence[int], texts: Iterable[str], vectors: Iterable[NDArray[Any]]) -> str:
    """Write a part for these papers (texts and vectors in the order of the numbers) and give its name.

    `vectors` has for each paper (1 + passages) x dimension. The part does not count until the catalog names it.
    """
    with _new_segment(folder) as (name, new):
        lexicon: set[str] = set()

        def documents() -> Iterator[list[str]]:
            for text in texts:
                lexicon.update(word for word in surface_words(text) if len(word) >= WORD_LENGTH and word.isalpha())
                yield tokens(text)

        write_postings(new / "postings", documents())
        write_term_dictionary(new / "words", lexicon)
        blocks = [block.astype(np.float16) for block in vectors]
        np.save(new / "starts.npy", np.cumsum([0, *(len(block) for block in blocks)], dtype=np.int64))
        np.save(new / "vectors.npy", np.concatenate(blocks))
        np.save(new / "numbers.npy", np.asarray(numbers, np.int64))
    return name


def merge_segments(folder: Path, parts: Sequence["Segment"], alive: NDArray[np.int64]) -> str | None:
    """Write the papers of these parts whose numbers are `alive` (sorted) as one part and give its name; None for no paper.

    Files are copied piece by piece: what is held at a time does not grow with the vectors.
    """
    kept = [part.among(alive) for part in parts]
    if not any(mask.any() for mask in kept):
        return None
    with _new_segment(folder) as (name, new):
        with parts[0].reading("postings"):
            merge_postings(new / "postings", [part.postings for part in parts], kept)
        _merge_words(new / "words", [part.words for part in parts])
        sizes = np.concatenate([np.diff(part.starts)[mask] for part, mask in zip(parts, kept, strict=True)])
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        np.save(new / "starts.npy", starts)
        np.save(
            new / "numbers.npy", np.concatenate([part.numbers[mask] for part, mask in zip(parts, kept, strict=True)])
        )
        header = {"descr": np.dtype(np.float16).str, "fortran_order": False}
        with (new / "vectors.npy").open("wb") as file:
            shape = (int(starts[-1]), parts[0].vectors.shape[1])
            np.lib.format.write_array_header_1_0(file, {**header, "shape": shape})
            for part, mask in zip(parts, kept, strict=True):
                for some in part.vectors_of(mask):
                    file.write(some.tobytes())
    return name


def _merge_words(folder: Path, lexicons: Sequence[TermDictionary]) -> None:
    groups = [(length, found) for length, found, _ in merged_words(lexicons)]
    lengths = [np.full(len(found), length, np.int64) for length, found in groups]
    write_words(
        folder, np.concatenate(lengths or [np.empty(0, np.int64)]), b"".join(found.tobytes() for _, found in groups)
    )


@contextmanager
def _new_segment(folder: Path) -> Generator[tuple[str, Path], None, None]:
    """A name and a folder to fill, which gets that name when all of it is there."""
    name = f"part-{secrets.token_hex(6)}"
    new = folder / f"{name}.new"
    new.mkdir(parents=True)
    try:
        yield name, new
        os.replace(new, folder / name)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A part on disk, opened when first touched; large files are mapped, not read."""

    folder: Path

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """The papers' numbers, a row each."""
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
    def words(self) -> TermDictionary:
        """The words of four letters or more in its papers."""
        return TermDictionary(folder=self.folder / "words")

    @cached_property
    def postings(self) -> Postings:
        """The tokens of its papers."""
        return Postings(folder=self.folder / "postings")

    def blocks(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
        """The vectors of the papers in these rows, one block behind the other, and how many each has: (1 + passages)."""
        begins, sizes = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        ends = np.cumsum(sizes)
        return self.vectors[np.repeat(begins - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)], sizes

    def among(self, alive: NDArray[np.int64]) -> NDArray[np.bool_]:
        """For each paper whether its number is among these (sorted)."""
        places = np.searchsorted(alive, self.numbers).clip(max=max(len(alive) - 1, 0))
        return alive[places] == self.numbers if len(alive) else np.zeros(len(self.numbers), bool)

    def vectors_of(self, mask: NDArray[np.bool_]) -> Generator[NDArray[np.float16], None, None]:
        """The vectors of the papers that are marked, in pieces of some thousand rows."""
        rows = np.repeat(mask, np.diff(self.starts))
        step = 1 << 14
        for begin in range(0, len(rows), step):
            # Mapped again for each block: pages of a mapping stay in memory as long as it does.
            piece = self._array("vectors.npy", mapped=True)[begin : begin + step]
            yield piece[rows[begin : begin + step]]

    def frequency(self, token: str) -> int:
        """Document frequency of a token in the segment."""
        with self.reading("postings"):
            return self.postings.frequency(token)

    @cached_property
    def lengths(self) -> NDArray[np.int32]:
        """How many tokens each paper has."""
        with self.reading("postings"):
            return self.postings.lengths

    def words_near(self, word: str, reach: int) -> list[list[str]]:
        """Its words that are up to `reach` bytes longer or shorter than this one."""
        with self.reading("words"):
            return list(self.words.near(word, reach))

    def add_scores(self, scores: Vectors, token: str, weight: float, saturation: Vectors) -> None:
        """Add `weight` times what BM25 gives for a token's count to `scores` (one for each paper of the part)."""
        with self.reading("postings"):
            papers, counts = self.postings.of(token)
            frequency = counts.astype(np.float32)
            scores[papers] += np.float32(weight) * frequency / (frequency + saturation[papers])

    def _array(self, name: str, *, mapped: bool = False) -> Any:
        with self.reading(name):
            # As plain arrays: numpy's class for mapped files makes every small step several times slower.
            return np.asarray(np.load(self.folder / name, mmap_mode="r" if mapped else None))

    @contextmanager
    def reading(self, name: str) -> Generator[None, None, None]:
        """Raises IndexDamagedError for a missing, truncated or damaged file."""
        try:
            yield
        except (OSError, ValueError, KeyError, EOFError, TypeError, IndexError) as error:
            raise IndexDamagedError(
                f"The index file {self.folder / name} is lost or damaged. Build it again from the kept texts:"
                f" qa index --rebuild --index {self.folder.parents[1]}"
            ) from error


def segments_to_merge(sizes: dict[str, int], new: int) -> list[str]:
    """Which parts (name: papers that still count) are written anew together with `new` papers.

    From the smallest on, as long as a part is at most twice as large as what is written before it: each paper is
    then rewritten a logarithmic number of times, and a large part is left alone.
    """
    merged: list[str] = []
    for name, size in sorted(sizes.items(), key=lambda item: item[1]):
        if size <= 2 * new:
            merged.append(name)
            new += size
    return merged
