"""A sorted list of words in a file: read by mapping it, searched by halving, merged without holding its words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write_term_dictionary(folder: Path, words: Iterable[str]) -> dict[str, int]:
    """Write these words (each once, none empty) into a new folder; gives the place of each."""
    ordered = sorted((word.encode("utf-8") for word in words), key=lambda word: (len(word), word))
    write_words(folder, np.array([len(word) for word in ordered], np.int64), b"".join(ordered))
    return {word.decode("utf-8"): place for place, word in enumerate(ordered)}


def write_words(folder: Path, lengths: NDArray[np.int64], packed: bytes) -> None:
    """Write words that are in order already: their lengths in bytes (rising), and all of them in one row."""
    folder.mkdir()
    longest = int(lengths[-1]) if len(lengths) else 0
    np.save(folder / "groups.npy", np.searchsorted(lengths, np.arange(longest + 2)))
    (folder / "words.bin").write_bytes(packed)


@dataclass(frozen=True, kw_only=True)
class TermDictionary:
    """Words by place: shorter ones (in UTF-8) first, those of one length in the order of their bytes.

    All words of one length lie side by side, so a mapped file is an array of them as it is.
    """

    folder: Path

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """Where the words of each length begin, up to the longest, and behind it where they end."""
        return np.load(self.folder / "groups.npy")

    def __len__(self) -> int:
        return int(self.groups[-1])

    @property
    def longest(self) -> int:
        """Bytes of the longest word."""
        return len(self.groups) - 2

    def place(self, word: str) -> int | None:
        """The place of a word, if it is there."""
        sought = word.encode("utf-8", "replace")
        if not 0 < len(sought) <= self.longest:
            return None
        group = self.of_length(len(sought))
        at = int(np.searchsorted(group, np.bytes_(sought)))
        return int(self.groups[len(sought)]) + at if at < len(group) and group[at] == sought else None

    def of_length(self, length: int) -> NDArray[Any]:
        """The words of so many bytes (1 or more), in order, as bytes."""
        if length > self.longest:
            return np.empty(0, f"S{length}")
        begin, end = int(self.groups[length]), int(self.groups[length + 1])
        at = int(self._offsets[length])
        return self._packed[at : at + (end - begin) * length].view(f"S{length}")

    def near(self, word: str, reach: int) -> Iterator[list[str]]:
        """The words whose length in bytes is at most `reach` more or less than this word's, a list for each length."""
        length = len(word.encode("utf-8", "replace"))
        for one in range(max(1, length - reach), min(self.longest, length + reach) + 1):
            if one not in self._texts:
                self._texts[one] = [found.decode("utf-8") for found in self.of_length(one).tolist()]
            yield self._texts[one]

    @cached_property
    def _texts(self) -> dict[int, list[str]]:
        """Words as text, for the lengths that were looked at."""
        return {}

    @cached_property
    def _offsets(self) -> NDArray[np.int64]:
        """Where in the packed words those of each length begin."""
        sizes = np.diff(self.groups) * np.arange(len(self.groups) - 1)
        return np.concatenate([[0], np.cumsum(sizes)])

    @cached_property
    def _packed(self) -> NDArray[np.uint8]:
        path, size = self.folder / "words.bin", int(self._offsets[-1])
        if path.stat().st_size != size:
            raise ValueError(f"{path.name} has not the size that its groups say")
        return np.asarray(np.memmap(path, np.uint8, "r")) if size else np.empty(0, np.uint8)


def merged_words(lexicons: Sequence[TermDictionary]) -> Iterator[tuple[int, NDArray[Any], list[NDArray[np.intp]]]]:
    """For each length: that length, its words in all the lexicons in order, and for each lexicon the places of its own
    words of that length among them."""
    for length in range(1, max((lexicon.longest for lexicon in lexicons), default=0) + 1):
        groups = [lexicon.of_length(length) for lexicon in lexicons]
        words, places = np.unique(np.concatenate(groups), return_inverse=True)
        if len(words):
            yield length, words, np.split(places, np.cumsum([len(group) for group in groups])[:-1])
