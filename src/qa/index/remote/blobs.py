"""Bytes under keys in a collection of a Chroma server, each with a vector: written, read, searched, deleted in batches.

Chroma's hosted service takes values of 4,096 characters, 32 of them a record and 300 records a request, so what is
longer is spread over values and records here. What the bytes mean is not known here.
"""

import base64
import binascii
import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from qa.embedding.base import Vectors
from qa.errors import InputError
from qa.index.remote.client import ChromaClient, ExistsError, MissingError
from qa.json_types import is_object

VALUE_BYTES = 3_072
"""Make 4,096 characters of base64, the longest value that the hosted service takes."""
VALUES = 30
"""Of the 32 values a record may have, two say how long it is and over how many records it spreads."""
RECORDS = 250
"""A request; the hosted service takes 300."""
REQUEST_BYTES = 3_000_000
"""Of values in one request, to write or to read; servers and proxies refuse bodies that are far larger."""
READ_AT_ONCE = 100
"""Papers read with one request: about 1.3 MB of sentence vectors."""

Row = tuple[str, Vectors, bytes]
"""A key (no dot in it), its vector, and the bytes kept under it."""


class Blobs:
    """One collection, made when first written to; threads may share it. Without the collection nothing is found."""

    def __init__(self, rest: ChromaClient, name: str, *, values: int = VALUES) -> None:
        self.name = name
        self._rest = rest
        self._values = values
        self._id: str | None = None
        self._lock = threading.Lock()

    def put(self, rows: Iterable[Row]) -> None:
        """Keep the rows; a key that is there is overwritten. Those of one request count together or not at all."""
        ids: list[str] = []
        vectors: list[Vectors] = []
        metadatas: list[dict[str, Any]] = []
        size, most = 0, self._rest.most_records(RECORDS)
        for key, vector, data in rows:
            for record, metadata, length in self._spread(key, data):
                if ids and (len(ids) >= most or size + length > REQUEST_BYTES):
                    self._write(ids, vectors, metadatas)
                    ids, vectors, metadatas, size = [], [], [], 0
                ids.append(record)
                vectors.append(vector)
                metadatas.append(metadata)
                size += length
        if ids:
            self._write(ids, vectors, metadatas)

    def read(self, keys: Sequence[str], *, at_once: int = READ_AT_ONCE) -> dict[str, bytes]:
        """The bytes under those of these keys that are there whole."""
        heads: dict[str, dict[str, Any]] = {}
        for some in _cut(keys, at_once):
            heads.update(self._read(some))
        rests = {key: [f"{key}.{i}" for i in range(1, int(head.get("records", 1)))] for key, head in heads.items()}
        spilled: dict[str, dict[str, Any]] = {}
        for some in _cut([record for rest in rests.values() for record in rest], at_once):
            spilled.update(self._read(some))
        found: dict[str, bytes] = {}
        for key, head in heads.items():
            records = [head, *(spilled.get(record, {}) for record in rests[key])]
            data = b"".join(_joined(record) for record in records)
            if len(data) == head.get("bytes"):
                found[key] = data
        return found

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of these keys that are there."""
        found: set[str] = set()
        for some in _cut(keys, RECORDS):
            found.update(self._ask("/get", {"ids": some, "include": []}, {"ids": []})["ids"])
        return found

    def delete(self, keys: Sequence[str]) -> None:
        """Forget these keys; unknown ones are passed over."""
        for some in _cut(keys, READ_AT_ONCE):
            several = self._read(some, spread_only=True)
            spilled = [f"{key}.{i}" for key, head in several.items() for i in range(1, int(head.get("records", 1)))]
            for ids in _cut([*some, *spilled], RECORDS):
                self._ask("/delete", {"ids": ids}, None)

    def keys(self) -> Iterator[str]:
        """Every key, in no order; those that are written or deleted meanwhile may be missed."""
        offset = 0
        while True:
            body: dict[str, Any] = {"limit": RECORDS, "offset": offset, "include": []}
            ids = self._ask("/get", body, {"ids": []})["ids"]
            yield from (record for record in ids if "." not in record)
            if len(ids) < RECORDS:
                return
            offset += len(ids)

    def nearest(self, vector: Vectors, count: int) -> list[str]:
        """The keys of the `count` records nearest to a vector by cosine, nearest first; fewer where there are fewer."""
        body = {"query_embeddings": [np.asarray(vector, np.float32).tolist()], "n_results": count, "include": []}
        return [record for record in self._ask("/query", body, {"ids": [[]]})["ids"][0] if "." not in record]

    def count(self) -> int:
        """How many records there are; a long row has several."""
        return int(self._ask("/count", None, 0))

    def metadata(self) -> dict[str, Any]:
        """What the collection says of itself; {} where it is not there."""
        try:
            found = self._rest.collections("GET", f"/{self.name}")
        except MissingError:
            return {}
        self._id = _id_of(found, self._rest)
        return dict(found.get("metadata") or {})

    def set_metadata(self, metadata: dict[str, Any]) -> None:
        """What the collection says of itself from now on, in one step; values of up to 256 characters."""
        self._made(lambda path: self._rest.collections("PUT", path, {"new_metadata": metadata}))

    def drop(self) -> None:
        """Delete the collection with all that is in it."""
        with contextlib.suppress(MissingError):
            self._rest.collections("DELETE", f"/{self.name}")
        self._id = None

    def _spread(self, key: str, data: bytes) -> Iterator[tuple[str, dict[str, Any], int]]:
        """The records of a row, the first one last: a key counts as there once that is written."""
        step = VALUE_BYTES * self._values
        pieces = [data[i : i + step] for i in range(0, len(data), step)] or [b""]
        for i in reversed(range(len(pieces))):
            metadata: dict[str, Any] = {
                f"v{j}": base64.b64encode(pieces[i][at : at + VALUE_BYTES]).decode("ascii")
                for j, at in enumerate(range(0, len(pieces[i]), VALUE_BYTES))
            }
            if i == 0:
                metadata |= {"bytes": len(data), "records": len(pieces)}
            yield (f"{key}.{i}" if i else key), metadata, len(pieces[i]) * 4 // 3

    def _write(self, ids: list[str], vectors: list[Vectors], metadatas: list[dict[str, Any]]) -> None:
        body = {"ids": ids, "embeddings": self._rest.packed(np.stack(vectors)), "metadatas": metadatas}
        self._made(lambda path: self._rest.collections("POST", f"{path}/upsert", body))

    def _made(self, action: Callable[[str], Any]) -> Any:
        """An action on the collection (its path given), which is made where it is not there."""
        for _ in range(2):
            path = self._path()
            try:
                if path is not None:
                    return action(path)
            except MissingError:
                pass
            self._id = None
            self._make()
        return action(self._path() or "")

    def _make(self) -> None:
        body = {
            "name": self.name,
            "configuration": {"hnsw": {"space": "cosine", "ef_search": 200}},
            "get_or_create": True,
        }
        try:
            self._id = _id_of(self._rest.collections("POST", "", body), self._rest)
        except ExistsError:  # another process has made it meanwhile
            self._id = None

    def _read(self, ids: Sequence[str], *, spread_only: bool = False) -> dict[str, dict[str, Any]]:
        body: dict[str, Any] = {"ids": list(ids), "include": ["metadatas"]}
        if spread_only:
            body["where"] = {"records": {"$gt": 1}}
        found = self._ask("/get", body, {"ids": [], "metadatas": []})
        return {record: metadata or {} for record, metadata in zip(found["ids"], found["metadatas"], strict=True)}

    def _ask(self, path: str, body: Any, empty: Any) -> Any:
        """A request to the collection; `empty` where it is not there."""
        for _ in range(2):
            own = self._path()
            if own is None:
                return empty
            try:
                return self._rest.collections("GET" if body is None else "POST", f"{own}{path}", body)
            except MissingError:  # deleted, and perhaps created again under the same name
                self._id = None
        return empty

    def _path(self) -> str | None:
        """The collection's path by its own id, asked for once."""
        with self._lock:
            if self._id is None:
                try:
                    self._id = _id_of(self._rest.collections("GET", f"/{self.name}"), self._rest)
                except MissingError:
                    return None
            return f"/{self._id}"


def _id_of(answer: Any, rest: ChromaClient) -> str:
    if not is_object(answer) or not isinstance(answer.get("id"), str):
        raise InputError(
            f"The server at {rest.address.url} is not a Chroma server of version 1 or later. Check host and port."
        )
    return answer["id"]


def _joined(record: dict[str, Any]) -> bytes:
    values: list[bytes] = []
    while (value := record.get(f"v{len(values)}")) is not None:
        try:
            values.append(base64.b64decode(str(value), validate=True))
        except binascii.Error:
            return b""
    return b"".join(values)


def _cut(keys: Sequence[str], size: int) -> Iterator[list[str]]:
    for i in range(0, len(keys), size):
        yield list(keys[i : i + size])
