"""Paper vectors in a local Chroma collection: add, delete and search by paper number."""

import contextlib
import logging
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.embedding.base import Vectors
from qa.errors import IndexDamagedError

_COLLECTION = "papers"
_BATCH = 5_000
"""Chroma takes at most 5,461 rows a call."""
_CLIENTS = threading.Lock()
"""Held while any client opens or closes: Chroma shares state between the clients of one folder, counts them, and guards
neither, so that a builder and a reader of one process would meet it half open or half closed."""


class PaperVectors(Protocol):
    """Where the vectors of papers lie. Papers go by their numbers in the catalog and by their keys (what they say)."""

    def warm_up(self) -> None:
        """Begin to open what the first search needs."""

    def known(self, keys: Sequence[str]) -> Mapping[str, NDArray[np.float16]]:
        """The vectors, (1 + passages) x dimension, of those of these papers that were embedded elsewhere before."""
        ...

    def add(self, numbers: Sequence[int], keys: Sequence[str], blocks: Sequence[NDArray[np.floating]]) -> None:
        """Add or overwrite the vectors of these papers: (1 + passages) x dimension each."""

    def delete(self, papers: Mapping[int, str]) -> None:
        """Forget these papers (number to key); unknown ones are passed over."""

    def nearest(self, vector: Vectors, count: int) -> list[int]:
        """The numbers of the `count` papers nearest to a vector, nearest first; fewer where there are fewer."""
        ...

    def count(self) -> int: ...

    def close(self) -> None: ...


class VectorStore:
    """Paper vectors in a folder, compared by cosine. The client is opened when first used; threads take turns."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self._folder = folder
        self._create = create
        self._lock = threading.RLock()
        self._client: Any = None
        self._collection: Any = None

    def warm_up(self) -> None:
        """Open the client in another thread: importing Chroma takes longer than all the rest of a first question."""
        threading.Thread(target=self._try_to_open, name="chroma", daemon=True).start()

    def _try_to_open(self) -> None:
        with contextlib.suppress(IndexDamagedError), self._open():
            pass  # the next use of the store raises the same error

    def known(self, keys: Sequence[str]) -> Mapping[str, NDArray[np.float16]]:
        """None: what this machine has embedded, its catalog knows."""
        return {}

    def add(self, numbers: Sequence[int], keys: Sequence[str], blocks: Sequence[NDArray[np.floating]]) -> None:
        with self._open() as collection:
            for i in range(0, len(numbers), _BATCH):
                ids = [str(number) for number in numbers[i : i + _BATCH]]
                vectors = np.stack([block[0] for block in blocks[i : i + _BATCH]])
                collection.upsert(ids=ids, embeddings=vectors.astype(np.float32))

    def delete(self, papers: Mapping[int, str]) -> None:
        numbers = list(papers)
        with self._open() as collection:
            for i in range(0, len(numbers), _BATCH):
                collection.delete(ids=[str(number) for number in numbers[i : i + _BATCH]])

    def nearest(self, vector: Vectors, count: int) -> list[int]:
        with self._open() as collection:
            found = collection.query(query_embeddings=[np.asarray(vector, np.float32)], n_results=count, include=[])
        return [int(number) for number in found["ids"][0]]

    def count(self) -> int:
        with self._open() as collection:
            return collection.count()

    def close(self) -> None:
        """Let go of the client. The next call opens a new one, which sees what other processes have added since."""
        with self._lock:
            if self._client is not None:
                with _CLIENTS:
                    self._client.close()
            self._client = self._collection = None

    @contextmanager
    def _open(self) -> Generator[Any, None, None]:
        with self._lock:
            import chromadb
            from chromadb.config import Settings
            from chromadb.errors import ChromaError

            try:
                if self._collection is None:
                    if not self._create and not (self._folder / "chroma.sqlite3").exists():
                        raise FileNotFoundError("its files are missing")
                    logging.getLogger("chromadb").setLevel(logging.ERROR)
                    settings = Settings(anonymized_telemetry=False)
                    with _CLIENTS:
                        self._client = chromadb.PersistentClient(str(self._folder), settings=settings)
                    # Without embedding_function=None Chroma would want to fetch a model of its own.
                    if self._create:
                        settled = {"hnsw": {"space": "cosine", "ef_search": 200}}
                        self._collection = self._client.get_or_create_collection(
                            _COLLECTION, embedding_function=None, configuration=settled
                        )
                    else:
                        self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
                yield self._collection
            except (ChromaError, OSError, ValueError, AttributeError, RuntimeError) as error:
                raise IndexDamagedError(
                    f"Chroma cannot use {self._folder} ({_one_line(error)}). Free some space or check permissions and try again;"
                    f" if that does not help: qa index --rebuild --index {self._folder.parents[1]}"
                ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
