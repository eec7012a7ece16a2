"""Reads one paper closely for one question: how well each passage meets each word of the question.

Late interaction (Khattab and Zaharia 2020, ColBERT): a word of the question is met as well as the nearest word in the
passage, both taken from the model's token states, so in context. The shipped model reads, whatever embedder built the
index, and so the figures mean the same everywhere.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qa.documents.paper import Paper
from qa.embedding.base import Embedder, Vectors, unit
from qa.embedding.onnx import ShippedEmbedder
from qa.text.cleanup import clean_text
from qa.text.sentences import Passage, split_passages
from qa.text.tokenize import ASKING_WORDS, STOP_WORDS, tokens

_WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*%?")


@dataclass(frozen=True, kw_only=True)
class QueryWord:
    """A content word of a question: its tokens, whether it looks like a name, and its token states (pieces x 384)."""

    text: str
    tokens: tuple[str, ...]
    is_name: bool
    states: Vectors


@dataclass(frozen=True, kw_only=True)
class ClosePassage:
    """A passage as read for a question. `similarities` has for each asked word how well it is met (about 0 to 1)."""

    passage: Passage
    similarities: Vectors
    similarity: float


@dataclass(frozen=True, kw_only=True)
class CloseReading:
    """A paper as read for a question: `similarities` (one a word, about 0 to 1) over title and abstract, `in_title` and
    `in_text` whether the word itself occurs there, `similarity` of paper and question (cosine), and the passages in
    the abstract's order."""

    paper: Paper
    words: tuple[QueryWord, ...]
    similarities: Vectors
    in_title: NDArray[np.bool_]
    in_text: NDArray[np.bool_]
    similarity: float
    passages: tuple[ClosePassage, ...]

    @property
    def beyond_title(self) -> NDArray[np.intp]:
        """The words that do not occur in the title: what is asked about the paper rather than which paper."""
        rest = np.flatnonzero(~self.in_title)
        return rest if len(rest) else np.arange(len(self.words))

    def relevance(self, passage: ClosePassage) -> float:
        """How well a passage meets what is asked of the paper (about 0 to 1)."""
        return float(passage.similarities[self.beyond_title].mean()) if len(self.words) else passage.similarity


class TokenStateCache:
    """The token states of the papers read last, so that the next question about one costs no pass of the model.

    256 papers of usual length, at half precision, take about 40 MB. Threads may share it.
    """

    def __init__(self, embedder: Embedder, papers: int = 256) -> None:
        self.model = embedder if isinstance(embedder, ShippedEmbedder) else ShippedEmbedder()
        self._kept = lru_cache(maxsize=papers)(self._read)

    def of(self, text: str) -> tuple[Vectors, NDArray[np.intp]]:
        """As `ShippedEmbedder.token_states`; the same whether the text was read before or not."""
        states, offsets = self._kept(text)
        return states.astype(np.float32), offsets

    def _read(self, text: str) -> tuple[NDArray[np.float16], NDArray[np.intp]]:
        states, offsets = self.model.token_states(text)
        return states.astype(np.float16), offsets


class CloseReader:
    """Reads papers for one question; the question is passed through the model once, each paper at most once."""

    def __init__(self, question: str, papers: TokenStateCache) -> None:
        self._papers, model = papers, papers.model
        states, offsets = model.token_states(question)
        self._vector = unit(states.mean(axis=0)) if len(states) else np.zeros(model.dimension, np.float32)
        self.words = tuple(_query_words(question, states, offsets))

    def read(self, paper: Paper) -> CloseReading:
        title = clean_text(paper.title)[0]
        text = f"{title}. {paper.abstract}"
        states, offsets = self._papers.of(text)
        nearest = [word.states @ states.T for word in self.words]
        starts = offsets[:, 0] - len(title) - 2
        in_title, in_text = (self._stand_in(set(tokens(part))) for part in (title, text))
        passages: list[ClosePassage] = []
        for passage in split_passages(paper.abstract):
            own = np.flatnonzero((starts >= passage.start) & (starts < passage.end))
            similarities = np.array([_best(near, own) for near in nearest], np.float32)
            vector = unit(states[own].mean(axis=0)) if len(own) else np.zeros_like(self._vector)
            passages.append(
                ClosePassage(passage=passage, similarities=similarities, similarity=float(vector @ self._vector))
            )
        every = np.arange(len(states))
        return CloseReading(
            paper=paper,
            words=self.words,
            similarities=np.array([_best(near, every) for near in nearest], np.float32),
            in_title=in_title,
            in_text=in_text,
            similarity=float(unit(states.mean(axis=0)) @ self._vector) if len(states) else 0.0,
            passages=tuple(passages),
        )

    def _stand_in(self, there: set[str]) -> NDArray[np.bool_]:
        return np.array([any(token in there for token in word.tokens) for word in self.words], bool)


def _query_words(question: str, states: Vectors, offsets: NDArray[np.intp]) -> list[QueryWord]:
    found: list[QueryWord] = []
    for match in _WORD.finditer(question):
        lower = match[0].casefold()
        if lower in STOP_WORDS or lower in ASKING_WORDS or (len(lower) < 2 and not lower.isdigit()):
            continue
        own = np.flatnonzero((offsets[:, 0] >= match.start()) & (offsets[:, 1] <= match.end()))
        its_tokens = tuple(tokens(match[0]))
        if len(own) and its_tokens:
            found.append(
                QueryWord(text=match[0], tokens=its_tokens, is_name=_looks_like_name(match[0]), states=states[own])
            )
    return found


def _looks_like_name(word: str) -> bool:
    """Capitals inside, two capitals or a digit: DiskGNN, LLaMA-7B, FID, ImageNet."""
    return bool(re.search(r"[A-Z].*[A-Z]|[a-z][A-Z]|\d", word))


def _best(near: Vectors, places: NDArray[np.intp]) -> float:
    """The mean over a word's pieces of the nearest piece among these places."""
    return float(near[:, places].max(axis=1).mean()) if len(places) else 0.0
