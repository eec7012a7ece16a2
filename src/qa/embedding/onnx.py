"""The shipped model, run by onnxruntime: one pass over title and abstract.

The mean of all token states is the vector of the paper, the mean of a sentence's own token states the vector of that
sentence. It never fetches anything.
"""

import importlib
import os
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.embedding.base import EmbedderText, Vectors, unit
from qa.errors import EmbedderError

MAX_WORD_PIECES = 448
"""The special tokens included; 448 served better than 256 on the 354 papers (the longest has 432)."""
SHIPPED = "abstracts-minilm"


class ShippedEmbedder:
    """The model in `qa/models` (384 dimensions). Made at once; the weights are loaded in the background on `warm_up`."""

    name = SHIPPED
    dimension = 384

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or min(4, os.cpu_count() or 1)
        self._wide: Future[Any] | None = None
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Load the tokenizer and the weights for use on all cores, in another thread. Without
        it a text is embedded on one core, as papers are, and the weights are in memory only once."""
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

        Special tokens and tokens beyond the model's limit are not included.
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
            if len(ids) > MAX_WORD_PIECES:  # a single sentence beyond the limit is truncated
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
        return _load_session(1)

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
        return _load_session(self._threads)


def _run(session: Any, ids: list[int]) -> Vectors:
    """Token states, tokens x 384. One text at a time: padded batches spill the cache and were slower here."""
    row = np.array([ids], np.int64)
    feed = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
    return session.run(["last_hidden_state"], feed)[0][0]


def _load_session(threads: int) -> Any:
    """The shipped model, run by so many threads."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read while onnxruntime is imported
    onnxruntime: Any = importlib.import_module("onnxruntime")  # it has no type stubs
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin after a run would take the processor from Chroma and numpy.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    with _model_folder() as path:
        return onnxruntime.InferenceSession(str(path / "model.onnx"), options, providers=["CPUExecutionProvider"])


@contextmanager
def _model_folder() -> Generator[Path, None, None]:
    """The folder of the shipped model; any fault of its files is raised as EmbedderError."""
    try:
        with resources.as_file(resources.files("qa").joinpath("models")) as path:
            yield path
    except Exception as error:
        raise EmbedderError(f"The shipped model cannot be loaded ({error}). Install abstracts-qa again.") from error
