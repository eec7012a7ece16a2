"""An open index that follows builds: it reopens when another process commits, and synchronises a replica first."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from qa.embedding.base import Embedder
from qa.errors import IndexDamagedError
from qa.index.catalog import Catalog
from qa.index.snapshot import Snapshot
from qa.index.vector_store import PaperVectors, VectorStore
from qa.index.versions import check_probe, current_version, fitting_embedder

if TYPE_CHECKING:
    from qa.index.remote.replica import Replica

T = TypeVar("T")

MAX_REOPENS = 3
"""How often an action restarts if another build removes its files or papers; changes may follow each other."""


class IndexSession:
    """The files, the embedder and the current snapshot of an index; any number of threads may share it.

    `embedder` is the one that the caller wants, None for the one that built the index. With `replica` the index is on a
    Chroma server and `folder` its local replica.
    """

    def __init__(self, folder: str | os.PathLike[str], embedder: Any = None, replica: "Replica | None" = None) -> None:
        self.folder = Path(folder)
        self.replica = replica
        self._given_embedder = embedder
        self._lock = threading.RLock()
        self._version = current_version(self.folder)
        self._catalog = Catalog(self._version)
        self.embedder: Embedder = fitting_embedder(self._catalog, embedder)
        self._vectors = self._open_vectors()
        self._data_version = self._catalog.version()
        self._snapshot = Snapshot(self._catalog, self._vectors)
        self._probed = False
        self._vectors.warm_up()
        warm_up = getattr(self.embedder, "warm_up", None)
        if warm_up:
            warm_up()

    def snapshot(self) -> Snapshot:
        """The index as it is now: a new snapshot if a build has been committed since the last one."""
        if self.replica is not None and self.replica.moved():
            from qa.index.remote.sync import synchronize

            synchronize(self.replica, self._given_embedder)
        with self._lock:
            data_version = self._catalog.version()
            moved = current_version(self.folder) != self._version
            if moved or (data_version != self._data_version and self._catalog.meta("stamp") != self._snapshot.stamp):
                self._reopen()
            self._data_version = data_version if not moved else self._catalog.version()
            return self._snapshot

    def read(self, action: Callable[[Snapshot], T]) -> T:
        """The result of an action on the current snapshot; repeated on a new one if a build replaced its files."""
        for _ in range(MAX_REOPENS):
            try:
                return action(self.snapshot())
            except (IndexDamagedError, KeyError):
                self._reopen()
        return action(self.snapshot())

    def check_embedder(self, snapshot: Snapshot) -> None:
        """IndexMismatchError if the embedder's weights are not those that built the index; checked once per version."""
        if not self._probed:
            check_probe(snapshot.catalog, self.embedder)
            self._probed = True

    def close(self) -> None:
        self._vectors.close()
        self._catalog.close()
        if self.replica is not None:
            self.replica.close()

    def _open_vectors(self) -> PaperVectors:
        if self.replica is not None:
            return self.replica.vectors(self._catalog)
        return VectorStore(self._version / "chroma")

    def _reopen(self) -> None:
        with self._lock:
            version = current_version(self.folder)
            self._vectors.close()
            if version != self._version:
                catalog = Catalog(version)
                self.embedder = fitting_embedder(catalog, self._given_embedder)
                self._version, self._catalog, self._probed = version, catalog, False
                self._vectors = self._open_vectors()
            self._snapshot = Snapshot(self._catalog, self._vectors)
