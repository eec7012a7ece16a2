"""What an index keeps on a Chroma server: papers' vectors, pages, and the state that says which of them count.

The server alone holds the truth; what makes an index of it to be searched is a mirror. Who may write: see lease.
"""

import base64
import hashlib
import json
import secrets
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.embedding.base import Vectors
from qa.errors import IndexDamagedError, IndexMismatchError
from qa.index.remote.address import Address
from qa.index.remote.blobs import Blobs
from qa.index.remote.client import ASKING_SECONDS, ChromaClient, Waiting

FORMAT = 1
PAGES, PAPERS = "abstracts-qa-pages", "abstracts-qa-papers"
PAGE_VALUES = 8
"""24 KB a record: a page of 87,000 papers takes about 2,000 of them."""
PIECES_AT_ONCE = 32
REREAD = 5
"""How often a state is reread if a writer publishes another one meanwhile."""

Blocks = Sequence[NDArray[np.float16] | Vectors]


@dataclass(frozen=True, kw_only=True)
class PublishedPage:
    """A page that counts: `source` is its file's name alone, `listed` how many listings it has (0 for plain text, which
    is read anew), `pieces` how many pieces its content has."""

    rank: int
    name: str
    source: str
    form: str
    digest: str
    listed: int
    pieces: int


@dataclass(frozen=True, kw_only=True)
class State:
    """What counts on the server: the pages in their order, what embedded the papers, and where these are.

    `stamp` is another one for each state that was ever published. `papers` names the collection of vectors, `probe` is
    the vector of the question that tells whether an embedder is still the same (float32), `format` that of the catalog.
    """

    pages: tuple[PublishedPage, ...]
    papers: str
    embedder: str
    dimension: int
    rules: int
    format: int
    probe: bytes
    stamp: str = ""


class RemotePapers:
    """The vectors of papers by the papers' keys: for each a block of (1 + passages) x dimension, the paper's first."""

    def __init__(self, rest: ChromaClient, name: str, dimension: int) -> None:
        self.name, self.dimension = name, dimension
        self._records = Blobs(rest, name)

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of these papers whose vectors are there."""
        return self._records.known(keys)

    def fetch(self, keys: Sequence[str]) -> dict[str, NDArray[np.float16]]:
        """The blocks of those of these papers that are there, exactly as they were added (in half precision)."""
        row = 2 * self.dimension
        return {
            key: np.frombuffer(data, "<f2").reshape(-1, self.dimension)
            for key, data in self._records.read(keys).items()
            if data and len(data) % row == 0
        }

    def add(self, keys: Sequence[str], blocks: Blocks) -> None:
        """Add or overwrite the blocks of these papers."""
        self._records.put(
            (key, np.asarray(block[0], np.float32), np.asarray(block, "<f2").tobytes())
            for key, block in zip(keys, blocks, strict=True)
        )

    def delete(self, keys: Sequence[str]) -> None:
        """Forget these papers; unknown keys are passed over."""
        self._records.delete(keys)

    def nearest(self, vector: Vectors, count: int) -> list[str]:
        """The keys of up to `count` papers nearest to a vector, nearest first; papers that do not count may be among
        them."""
        return self._records.nearest(vector, count)

    def count(self) -> int:
        """At least as many as there are papers."""
        return self._records.count()

    def keys(self) -> Iterator[str]:
        """Every paper that is there, whether it counts or not."""
        return self._records.keys()


class RemoteStore:
    """An index on a Chroma server. Any number may read it; who writes holds the lease.

    Every call may raise what `ChromaClient` raises. Nothing is asked before the first call.
    """

    def __init__(
        self, address: Address, *, patience_seconds: float = ASKING_SECONDS, waiting: Waiting | None = None
    ) -> None:
        self.address = address
        self.rest = ChromaClient(address, patience_seconds=patience_seconds, waiting=waiting)
        self._pages = Blobs(self.rest, PAGES, values=PAGE_VALUES)

    def close(self) -> None:
        self.rest.close()

    def stamp(self) -> str | None:
        """The stamp of the state that counts; None where nothing was published yet. One request."""
        metadata = self._pages.metadata()
        if not metadata:
            self.rest.check()
        return str(metadata["stamp"]) if metadata.get("stamp") else None

    def state(self) -> State | None:
        """The state that counts; None where nothing was published yet.

        IndexMismatchError where another version of abstracts-qa has published it in another form.
        """
        for _ in range(REREAD):
            stamp = self.stamp()
            if stamp is None:
                return None
            found = self._pages.read([f"state-{stamp}"]).get(f"state-{stamp}")
            if found is not None:
                return self._unpacked(found, stamp)
        raise IndexDamagedError(
            f"The index on the Chroma server at {self.address} has lost its list of pages."
            f" Index your pages again: qa index FILES… --chroma {self.address.url}"
        )

    def papers(self, name: str, dimension: int) -> RemotePapers:
        """The vectors in this collection, which is made when the first are added."""
        return RemotePapers(self.rest, name, dimension)

    def put_page(self, digest: str, pieces: Iterable[bytes]) -> int:
        """Keep the content of a page under its digest, without letting it count yet; gives the number of pieces."""
        count = 0

        def rows() -> Iterator[tuple[str, Vectors, bytes]]:
            nonlocal count
            for piece in pieces:
                key = f"{digest}-{count}"
                yield key, _anywhere(key), zlib.compress(piece, 6)
                count += 1

        self._pages.put(rows())
        return count

    def page(self, page: PublishedPage) -> Iterator[bytes]:
        """The pieces of a page, a few in memory at a time. KeyError where one is not there (any more)."""
        keys = [f"{page.digest}-{i}" for i in range(page.pieces)]
        for i in range(0, len(keys), PIECES_AT_ONCE):
            some = keys[i : i + PIECES_AT_ONCE]
            found = self._pages.read(some)
            for key in some:
                try:
                    yield zlib.decompress(found[key])
                except zlib.error as error:
                    raise KeyError(key) from error

    def publish(self, state: State) -> State:
        """Make exactly this count, in one step; gives it with its stamp. Its pages and papers must be there."""
        before = self.stamp()
        number = int(before.split("-")[0]) + 1 if before and before.split("-")[0].isdigit() else 1
        # A number alone could repeat after the server was emptied and indexed again.
        state = replace(state, stamp=f"{number}-{secrets.token_hex(6)}")
        key = f"state-{state.stamp}"
        self._pages.put([(key, _anywhere(key), _packed(state))])
        self._pages.set_metadata({"stamp": state.stamp})
        return state

    def clean_up(self, state: State, gone: Collection[str] = (), *, papers: Collection[str] | None = None) -> None:
        """Delete what no longer counts: other states and pages, the papers `gone` (keys), whole collections of vectors
        of another embedder, and, where `papers` names all that count, every other one."""
        wanted = {f"{page.digest}-{i}" for page in state.pages for i in range(page.pieces)} | {f"state-{state.stamp}"}
        self._pages.delete([key for key in list(self._pages.keys()) if key not in wanted])
        vectors = self.papers(state.papers, state.dimension)
        vectors.delete(list(gone))
        if papers is not None:
            vectors.delete([key for key in list(vectors.keys()) if key not in papers])
        for name in self._collections():
            if name.startswith(f"{PAPERS}-") and name != state.papers:
                Blobs(self.rest, name).drop()

    def _collections(self) -> list[str]:
        found: list[str] = []
        while True:
            rows = self.rest.collections("GET", f"?limit=100&offset={len(found)}")
            found += [str(row["name"]) for row in rows]
            if len(rows) < 100:
                return found

    def _unpacked(self, data: bytes, stamp: str) -> State:
        try:
            values = json.loads(zlib.decompress(data))
            if values.pop("form") != FORMAT:
                raise IndexMismatchError(
                    f"The index on the Chroma server at {self.address} was published by another version of abstracts-qa."
                    f" Use that version, or build it again with this one: qa index --rebuild --chroma {self.address.url}"
                )
            pages = tuple(PublishedPage(**page) for page in values.pop("pages"))
            probe = base64.b64decode(values.pop("probe"))
            return State(**values, pages=pages, probe=probe, stamp=stamp)
        except (ValueError, TypeError, KeyError, zlib.error) as error:
            raise IndexDamagedError(
                f"The list of pages on the Chroma server at {self.address} cannot be read."
                f" Index your pages again: qa index FILES… --chroma {self.address.url}"
            ) from error


def papers_collection(spec: Mapping[str, Any], *, instead_of: str = "") -> str:
    """The name of the collection for vectors made as `spec` says; another one than `instead_of`, which still counts."""
    name = f"{PAPERS}-{hashlib.sha256(json.dumps(dict(spec), sort_keys=True).encode()).hexdigest()[:10]}"
    return f"{name}-b" if name == instead_of else name


def _packed(state: State) -> bytes:
    values = asdict(state)
    del values["stamp"]
    probe = base64.b64encode(state.probe).decode("ascii")
    return zlib.compress(json.dumps({**values, "probe": probe, "form": FORMAT}).encode(), 6)


def _anywhere(key: str) -> Vectors:
    """Chroma wants a vector for everything; the same one for all would make its graph slow."""
    return np.random.default_rng(zlib.crc32(key.encode())).standard_normal(3).astype(np.float32)
