"""Texts to vectors: what every embedder offers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class EmbedderText:
    """What an embedder reads of a paper: a title, an abstract and the offsets of its passages in the abstract."""

    title: str
    abstract: str
    spans: tuple[tuple[int, int], ...]


class Embedder(Protocol):
    """Turns papers and questions into vectors of unit length; `name` says which model, and changes when that does."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed_papers(self, papers: Sequence[EmbedderText]) -> Iterator[Vectors]:
        """For each paper, in order, (1 + passages) x dimension: first the paper, then its passages in order."""
        ...

    def embed_question(self, question: str) -> Vectors:
        """One vector of `dimension` numbers; a blank question gives a valid vector too."""
        ...


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """The vectors (in the last axis) at length 1; a vector of zeros stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
