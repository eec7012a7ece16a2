"""Texts to vectors: the shipped model run by onnxruntime, or any other embedder behind the same two calls.

The shipped model reads title and abstract in one pass; the mean of all token states is the vector of the paper, the
mean of a sentence's own token states the vector of that sentence. It never fetches anything.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.errors import EmbedderError

Vectors = NDArray[np.float32]
MAX_WORD_PIECES = 448
"""The special tokens included; 448 served better than 256 on the 354 papers (the longest has 432)."""
SHIPPED = "abstracts-minilm"


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


class ShippedEmbedder:
    """The model in `qa/models` (384 dimensions). Made at once; the weights are loaded in the background on `warm_up`."""

    name = SHIPPED
    dimension = 384

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or min(4, os.cpu_count() or 1)
        self._wide: Future[Any] | None = None
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Get ready for questions in another thread: load the tokenizer, and the weights to be run on all cores. Without
        it a text is run on one core, as papers are, and the weights are held only once."""
        with self._lock:
            if self._wide is None:
                pool = ThreadPoolExecutor(1, thread_name_prefix="embedder")
                self._wide = pool.submit(self._load)
                pool.shutdown(wait=False)

    def embed_papers(self, papers: Sequence[EmbedderText]) -> Iterator[Vectors]:
        """Several papers at a time, each on one core: that took a fifth less time than one paper on all of them."""
        # Loaded here, before the threads below would load each their own.
        _ = self._narrow, self._tokenizer
        with ThreadPoolExecutor(self._threads, thread_name_prefix="embedding") as pool:
            running = [pool.submit(self._embed_paper, paper) for paper in papers]
            try:
                for one in running:
                    yield one.result()
            finally:
                for one in running:
                    one.cancel()

    def embed_question(self, question: str) -> Vectors:
        session = self._session()
        states = _run(session, self._tokenizer.encode(question).ids[:MAX_WORD_PIECES])
        return unit(states.mean(axis=0))

    def token_states(self, text: str) -> tuple[Vectors, NDArray[np.intp]]:
        """The states of the text's word pieces at unit length (pieces x dimension) and their offsets (pieces x 2).

        The special tokens are left out, and what lies beyond the model's limit.
        """
        session = self._session()
        encoded = self._tokenizer.encode(text)
        ids = encoded.ids[:MAX_WORD_PIECES]
        last = len(ids) - 1 if len(encoded.ids) == len(ids) else len(ids)
        return unit(_run(session, ids))[1:last], np.array(encoded.offsets, np.intp).reshape(-1, 2)[1:last]

    def _embed_paper(self, paper: EmbedderText) -> Vectors:
        """One pass where title and abstract fit into the model, else one for each window of whole sentences."""
        head = paper.title + ". "
        total = np.zeros(self.dimension, np.float64)
        sums = np.zeros((len(paper.spans), self.dimension), np.float64)
        for first, last in self._windows(head, paper):
            begin, end = (paper.spans[first][0], paper.spans[last - 1][1]) if paper.spans else (0, len(paper.abstract))
            encoded = self._tokenizer.encode(head + paper.abstract[begin:end])
            ids, offsets = encoded.ids, np.array(encoded.offsets)
            if len(ids) > MAX_WORD_PIECES:  # a single sentence beyond the limit: its beginning stands for it
                ids, offsets = [*ids[: MAX_WORD_PIECES - 1], ids[-1]], offsets[: MAX_WORD_PIECES - 1]
            states = _run(self._narrow, ids)
            total += states.sum(axis=0)
            starts = offsets[:, 0] - len(head) + begin
            inside = (offsets[:, 0] >= len(head)) & (offsets[:, 1] > offsets[:, 0])
            for i in range(first, last):
                start, stop = paper.spans[i]
                own = np.flatnonzero(inside & (starts >= start) & (starts < stop))
                if own.size:
                    sums[i] = states[own].mean(axis=0)
        return unit(np.vstack([total[None], sums]))

    def _windows(self, head: str, paper: EmbedderText) -> Iterator[tuple[int, int]]:
        """Runs of passages, as (first, behind the last), that fit into the model together with the title."""
        tokenizer = self._tokenizer
        if len(paper.abstract) < 1200 or len(tokenizer.encode(head + paper.abstract).ids) <= MAX_WORD_PIECES:
            yield 0, len(paper.spans)
            return
        room = MAX_WORD_PIECES - len(tokenizer.encode(head).ids)
        sizes = [len(tokenizer.encode(paper.abstract[a:b]).ids) - 2 for a, b in paper.spans]
        first = used = 0
        for i, size in enumerate(sizes):
            if i > first and used + size > room:
                yield first, i
                first, used = i, 0
            used += size
        yield first, len(sizes)

    def _session(self) -> Any:
        """What runs one text: on all cores once it was asked to warm up, else on one."""
        return self._narrow if self._wide is None else self._wide.result()

    @cached_property
    def _narrow(self) -> Any:
        """The model on one core, for several texts side by side."""
        return _opened(1)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        with _model_folder() as path:
            tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _load(self) -> Any:
        _ = self._tokenizer
        return _opened(self._threads)


def _run(session: Any, ids: list[int]) -> Vectors:
    """Token states, tokens x 384. One text at a time: padded batches spill the cache and were slower here."""
    row = np.array([ids], np.int64)
    feed = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
    return session.run(["last_hidden_state"], feed)[0][0]


def _opened(threads: int) -> Any:
    """The shipped model, run by so many threads."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read while onnxruntime is imported
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that go on spinning after a run take the processor from Chroma and numpy beside them.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    with _model_folder() as path:
        return onnxruntime.InferenceSession(str(path / "model.onnx"), options, providers=["CPUExecutionProvider"])


@contextmanager
def _model_folder() -> Iterator[Path]:
    """Where the shipped model lies; whatever goes wrong with its files is one clear error."""
    try:
        with resources.as_file(resources.files("qa").joinpath("models")) as path:
            yield path
    except Exception as error:
        raise EmbedderError(f"The shipped model cannot be loaded ({error}). Install abstracts-qa again.") from error


class TextEmbedder:
    """Any function from texts to vectors as an Embedder: the paper and each passage are embedded on their own.

    `embed(texts, is_question)` returns one vector a text, in order, all of one dimension.
    """

    def __init__(
        self, name: str, embed: Callable[[list[str], bool], Sequence[Sequence[float]]], batch: int = 64
    ) -> None:
        self.name = name
        self._embed = embed
        self._batch = batch
        self._dimension: int | None = None

    @property
    def dimension(self) -> int:
        """Found by embedding one word, once."""
        dimension = self._dimension or self._vectors(["probe"], is_question=True).shape[1]
        self._dimension = dimension
        return dimension

    def embed_papers(self, papers: Sequence[EmbedderText]) -> Iterator[Vectors]:
        for paper in papers:
            texts = [f"{paper.title}. {paper.abstract}", *(paper.abstract[a:b] for a, b in paper.spans)]
            yield np.vstack([self._vectors(texts[i : i + self._batch]) for i in range(0, len(texts), self._batch)])

    def embed_question(self, question: str) -> Vectors:
        return self._vectors([question or " "], is_question=True)[0]

    def _vectors(self, texts: list[str], *, is_question: bool = False) -> Vectors:
        vectors = np.asarray(self._embed(texts, is_question), np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise EmbedderError(
                f"The embedder {self.name} gave no proper vectors for {len(texts)} texts. Try another embedder."
            )
        return unit(vectors)


def endpoint_embedder(model: str, base_url: str | None = None, api_key: str | None = None) -> TextEmbedder:
    """An embedder behind an OpenAI-compatible `/embeddings` endpoint; the client is made when it is first used."""
    clients: list[Any] = []

    def embed(texts: list[str], is_question: bool) -> list[list[float]]:
        import openai

        if not clients:
            key = api_key or ("none" if base_url else None)
            try:
                clients.append(openai.OpenAI(base_url=base_url, api_key=key, timeout=60, max_retries=3))
            except openai.OpenAIError as error:
                raise EmbedderError(
                    "The embedder needs a key. Set OPENAI_API_KEY, or use the shipped embedder."
                ) from error
        try:
            reply = clients[0].embeddings.create(model=model, input=texts)
        except openai.OpenAIError as error:
            raise EmbedderError(
                f"The embeddings endpoint did not answer for {model!r} ({type(error).__name__}). Check its address, model and key."
            ) from error
        return [row.embedding for row in sorted(reply.data, key=lambda row: row.index)]

    return TextEmbedder(f"openai:{model}" + (f"@{base_url}" if base_url else ""), embed)


def llama_index_embedder(embedding: Any) -> TextEmbedder:
    """Any llama-index embedding object as an Embedder."""

    def embed(texts: list[str], is_question: bool) -> list[list[float]]:
        return (
            [embedding.get_query_embedding(text) for text in texts]
            if is_question
            else embedding.get_text_embedding_batch(texts)
        )

    return TextEmbedder(f"llama-index:{getattr(embedding, 'model_name', type(embedding).__name__)}", embed)


def make_embedder(embedder: "str | Embedder | Any | None" = None) -> Embedder:
    """The embedder that was meant: None or its name for the shipped one, `openai:MODEL` or `openai:MODEL@BASE_URL` for
    an endpoint (key in OPENAI_API_KEY), an Embedder as it is, a llama-index embedding object wrapped."""
    if embedder is None or embedder == SHIPPED:
        return ShippedEmbedder()
    if isinstance(embedder, str):
        kind, _, rest = embedder.partition(":")
        model, _, base_url = rest.partition("@")
        if kind != "openai" or not model:
            raise EmbedderError(f"There is no embedder {embedder!r}. Use {SHIPPED} or openai:MODEL@BASE_URL.")
        return endpoint_embedder(model, base_url or os.environ.get("OPENAI_BASE_URL"), os.environ.get("OPENAI_API_KEY"))
    if hasattr(embedder, "embed_papers"):
        return embedder
    if hasattr(embedder, "get_query_embedding"):
        return llama_index_embedder(embedder)
    raise EmbedderError(
        f"{type(embedder).__name__} is no embedder. Pass a name, an Embedder or a llama-index embedding."
    )
