"""BM25 on disk: for each token the papers that have it and how often. Counts alone are kept, so that scores follow the
whole index, whatever parts it is made of, and parts are merged without reading a text again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.embedding.base import Vectors
from qa.index.term_dictionary import TermDictionary, merged_words, write_term_dictionary, write_words

K1, B = 1.5, 0.75
"""BM25's constants; the best of those tried on the 354 papers."""
MOST = np.iinfo(np.uint16).max
"""A token counts at most so often in a paper."""


def write_postings(folder: Path, documents: Iterable[Sequence[str]]) -> None:
    """Write the tokens of some papers, in the papers' order, into a new folder."""
    folder.mkdir()
    rows: list[NDArray[np.int32]] = []
    lengths: list[int] = []
    ids: dict[str, int] = {}
    for paper, tokens in enumerate(documents):
        counts = Counter(tokens)
        row = np.empty((len(counts), 3), np.int32)
        row[:, 0] = [ids.setdefault(token, len(ids)) for token in counts]
        row[:, 1] = paper
        row[:, 2] = list(counts.values())
        rows.append(row)
        lengths.append(len(tokens))
    places = write_term_dictionary(folder / "tokens", ids)
    place_of_id = np.array([places[token] for token in ids], np.int64)
    table = np.concatenate(rows) if rows else np.empty((0, 3), np.int32)
    columns = place_of_id[table[:, 0]] if len(table) else np.empty(0, np.int64)
    order = np.argsort(columns, kind="stable")
    np.save(folder / "starts.npy", np.searchsorted(columns[order], np.arange(len(ids) + 1)))
    np.save(folder / "papers.npy", table[order, 1])
    np.save(folder / "counts.npy", table[order, 2].clip(max=MOST).astype(np.uint16))
    np.save(folder / "lengths.npy", np.asarray(lengths, np.int32))


@dataclass(frozen=True, kw_only=True)
class Postings:
    """The tokens of a part's papers; papers go by their rows in the part. Files are mapped, not read."""

    folder: Path

    @cached_property
    def tokens(self) -> TermDictionary:
        return TermDictionary(folder=self.folder / "tokens")

    @cached_property
    def lengths(self) -> NDArray[np.int32]:
        """How many tokens each paper has."""
        return np.load(self.folder / "lengths.npy")

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each token's papers begin, and behind the last where they end."""
        return np.asarray(np.load(self.folder / "starts.npy", mmap_mode="r"))

    @cached_property
    def papers(self) -> NDArray[np.int32]:
        return np.asarray(np.load(self.folder / "papers.npy", mmap_mode="r"))

    @cached_property
    def counts(self) -> NDArray[np.uint16]:
        return np.asarray(np.load(self.folder / "counts.npy", mmap_mode="r"))

    def of(self, token: str) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """The rows of the papers that have a token, rising, and how often each has it."""
        place = self.tokens.place(token)
        begin, end = (0, 0) if place is None else (int(self.starts[place]), int(self.starts[place + 1]))
        return self.papers[begin:end], self.counts[begin:end]

    def frequency(self, token: str) -> int:
        """How many of the papers have a token."""
        place = self.tokens.place(token)
        return 0 if place is None else int(self.starts[place + 1] - self.starts[place])


def saturation(lengths: NDArray[np.int32], mean: float) -> Vectors:
    """What BM25 adds to a token's count below the line, for papers of these lengths: `k1 (1 - b + b length / mean)`."""
    return (K1 * (1 - B + B * lengths / max(mean, 1e-9))).astype(np.float32)


def idf(papers: int, frequency: int) -> float:
    """The inverse document frequency of Lucene's BM25, which is never negative: `ln(1 + (N - n + 0.5) / (n + 0.5))`
    (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, with Lucene's 1 added)."""
    return float(np.log1p((papers - frequency + 0.5) / (frequency + 0.5)))


def merge_postings(folder: Path, parts: Sequence[Postings], kept: Sequence[NDArray[np.bool_]]) -> None:
    """Write those papers of all parts that are `kept` (a mark a paper) into a new folder, one part behind the other.

    Tokens are taken together by their length, so that only those of one length are held at a time.
    """
    folder.mkdir()
    firsts = np.cumsum([0, *(int(mask.sum()) for mask in kept)])
    rows = [np.where(mask, first + np.cumsum(mask) - 1, -1).astype(np.int32) for mask, first in zip(kept, firsts, strict=False)]  # fmt: skip
    starts: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
    word_lengths: list[NDArray[np.int64]] = []
    packed: list[bytes] = []
    total = 0
    with (folder / "papers.new").open("wb") as papers, (folder / "counts.new").open("wb") as counts:
        for length, words, places in merged_words([part.tokens for part in parts]):
            columns, some_papers, some_counts = _concatenated(length, parts, places, rows)
            order = np.argsort(columns, kind="stable")
            sizes = np.bincount(columns, minlength=len(words))
            there = sizes > 0
            starts.append(total + np.cumsum(sizes[there]))
            word_lengths.append(np.full(int(there.sum()), length, np.int64))
            packed.append(words[there].tobytes())
            papers.write(some_papers[order].tobytes())
            counts.write(some_counts[order].tobytes())
            total += len(order)
    write_words(folder / "tokens", np.concatenate(word_lengths or [np.empty(0, np.int64)]), b"".join(packed))
    np.save(folder / "starts.npy", np.concatenate(starts))
    lengths = [part.lengths[mask] for part, mask in zip(parts, kept, strict=True)]
    np.save(folder / "lengths.npy", np.concatenate(lengths or [np.empty(0, np.int32)]))
    for name, kind in (("papers", np.int32), ("counts", np.uint16)):
        _to_npy(folder / f"{name}.new", folder / f"{name}.npy", kind, total)


def _concatenated(
    length: int, parts: Sequence[Postings], places: Sequence[NDArray[np.intp]], rows: Sequence[NDArray[np.int32]]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16]]:
    """Of the tokens of one length in all parts: the column, the new row and the count of each posting that stays."""
    columns: list[NDArray[np.int64]] = []
    papers: list[NDArray[np.int32]] = []
    counts: list[NDArray[np.uint16]] = []
    for part, own, row in zip(parts, places, rows, strict=True):
        if not len(own):
            continue
        first = int(part.tokens.groups[length])
        starts = part.starts[first : first + len(own) + 1]
        begin, end = int(starts[0]), int(starts[-1])
        new = row[part.papers[begin:end]]
        stays = new >= 0
        columns.append(np.repeat(own, np.diff(starts))[stays])
        papers.append(new[stays])
        counts.append(part.counts[begin:end][stays])
    return np.concatenate(columns), np.concatenate(papers), np.concatenate(counts)


def _to_npy(raw: Path, target: Path, kind: Any, size: int) -> None:
    """Numbers in a raw file as a .npy file, copied in pieces."""
    array = np.lib.format.open_memmap(target, "w+", kind, (size,))
    step = 1 << 20
    with raw.open("rb") as file:
        for at in range(0, size, step):
            array[at : at + step] = np.frombuffer(file.read(step * np.dtype(kind).itemsize), kind)
    array.flush()
    raw.unlink()
