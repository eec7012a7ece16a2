"""A mirror: the ordinary index folder in which one machine keeps what counts on a Chroma server, and how they are kept in
step. It is built by build.py, like any index, from the server's pages, with the vectors that the server has.
"""

import contextlib
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from qa.documents import SourceFile, parse_source
from qa.documents.paper import Entry
from qa.errors import IndexDamagedError, IndexMissingError, InputError, ServerUnavailableError
from qa.index.catalog import Catalog
from qa.index.remote.address import Address, chroma_address, mirror_folder
from qa.index.remote.client import ASKING_SECONDS, Waiting
from qa.index.remote.lease import Lease, lease, new_token
from qa.index.remote.replica_vectors import (
    Difference,
    ReplicaVectors,
    file_text,
    paper_keys,
    ranked_files,
    vector_blocks,
)
from qa.index.remote.store import PublishedPage, RemoteStore, State, papers_collection
from qa.index.schema import FORMAT
from qa.index.versions import MARKER, read_pointer
from qa.text.sentences import RULES_VERSION

WRITERS = "WRITERS"
FRESH_SECONDS = 1.0
"""How long the server's stamp is believed: asking for it takes a request, about 3 ms on one machine."""
PIECE_CHARACTERS = 60_000
"""Of listings in one piece of a page; packed, they fit into one record or two."""
LAST_WRITERS = 8
WASTE = 1.5
"""Times as many records as papers, beyond which the server is searched for those that do not count."""


class Replica:
    """The mirror of one server in a folder, which is chosen among this user's caches where none is given.

    InputError where the folder holds anything else. What is asked of the server may raise what `Rest` raises.
    """

    def __init__(
        self,
        chroma: Address | str,
        folder: str | os.PathLike[str] | None = None,
        *,
        patience_seconds: float = ASKING_SECONDS,
        waiting: Waiting | None = None,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self.address = chroma_address(chroma) if isinstance(chroma, str) else chroma
        self.folder = mirror_folder(self.address) if folder is None else Path(folder)
        self.server = RemoteStore(self.address, patience_seconds=patience_seconds, waiting=waiting)
        self._told = told
        self.followed: str | None = None
        """The stamp of the state that the folder was last synchronised with."""
        self._state: State | None = None
        self._lease: Lease | None = None
        self._vectors: ReplicaVectors | None = None
        self._asked_at = -FRESH_SECONDS
        self._asking = threading.Lock()

    def close(self) -> None:
        self.server.close()

    def claim(self) -> None:
        """Make the folder a mirror of this server, where it is empty or one already."""
        marker = self.folder / MARKER
        is_used = any((self.folder / name).exists() for name in ("CURRENT", "lock"))  # before: a mirror is marked first
        said = read_pointer(marker)
        if said is not None and said != str(self.address):
            raise InputError(
                f"The folder {self.folder} mirrors {said}, not {self.address}. Name another folder with --index, or none."
            )
        if said is None and is_used:
            raise InputError(
                f"The folder {self.folder} holds an index of its own, which the mirror of a Chroma server would replace."
                " Name another folder with --index, or none."
            )
        if said is None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                new = self.folder / f"{MARKER}.{secrets.token_hex(4)}"
                new.write_text(f"{self.address}\n", encoding="utf-8")
                os.replace(new, marker)
            except OSError as error:
                raise IndexDamagedError(
                    f"The mirror folder {self.folder} cannot be written ({error.strerror or error})."
                    " Free some space or name another folder with --index."
                ) from error

    # Reading

    def moved(self) -> bool:
        """Whether the server holds something newer than the folder; asked once a second at the most, by one thread at a
        time."""
        if not self._asking.acquire(blocking=False):
            return False
        try:
            if time.monotonic() - self._asked_at < FRESH_SECONDS:
                return False
            stamp = self.server.stamp()
            self._asked_at = time.monotonic()
            return stamp is not None and stamp != self.followed
        finally:
            self._asking.release()

    def state(self) -> State | None:
        """What counts on the server now; None where nothing does."""
        self._state = self.server.state()
        self._asked_at = time.monotonic()
        return self._state

    def needed_state(self) -> State:
        """As `state`; IndexMissingError where nothing counts there."""
        state = self.state()
        if state is None:
            raise IndexMissingError(
                f"No index on the Chroma server at {self.address}."
                f" Build one from your saved pages: qa index FILES… --chroma {self.address.url}"
            )
        return state

    def vectors(self, catalog: Catalog, *, writes: bool = False) -> ReplicaVectors:
        """The server's vectors for this catalog; for building with `writes`."""
        papers = self.server.papers(str(catalog.meta("papers")), int(catalog.meta("dimension")))
        vectors = ReplicaVectors(papers, catalog, writes=writes)
        if writes:
            self._vectors = vectors
        return vectors

    def difference(self, catalog: Catalog, state: State) -> Difference | None:
        """What the catalog lacks of a state, or has too much; None if it must be rebuilt: other vectors, or
        pages in another order, by which listings are merged."""
        recorded = {
            name: catalog.meta(name) for name in ("papers", "embedder", "dimension", "rules", "format", "probe")
        }
        if recorded != {name: getattr(state, name) for name in recorded}:
            return None
        have = {name: digest for _, name, _, digest in catalog.live_pages()}
        want = {page.name: page for page in state.pages}
        kept = [name for name in have if name in want]
        new = [name for name in want if name not in have]
        if [*kept, *new] != list(want):
            return None
        pages = [self._page(page) for page in state.pages if have.get(page.name) != page.digest]
        return Difference(pages=pages, removed=[name for name in have if name not in want])

    def pages(self, state: State) -> list[SourceFile]:
        """All pages of a state."""
        return [self._page(page) for page in state.pages]

    def _page(self, page: PublishedPage) -> SourceFile:
        """A page as the builder takes it. What is on the server is read when the listings are."""
        # Its file is on another machine, so no file here is taken for it.
        if page.form == "text":
            text = b"".join(self._pieces(page)).decode("utf-8", "surrogatepass")
            found = parse_source(text, name=page.name, source="", form=page.form)
            if isinstance(found, SourceFile):
                return replace(found, digest=page.digest)
        return SourceFile(
            name=page.name, source="", form=page.form, digest=page.digest, listed=page.listed,
            read=partial(self._listings, page),
        )  # fmt: skip

    def _pieces(self, page: PublishedPage) -> Iterator[bytes]:
        try:
            yield from self.server.page(page)
        except KeyError as error:
            raise IndexDamagedError(
                f"The page {page.name} is not whole on the Chroma server at {self.address}. Ask again; if that does not"
                f" help, index it again: qa index {page.source or 'PAGE'} --chroma {self.address.url}"
            ) from error

    def _listings(self, page: PublishedPage) -> Iterator[Entry]:
        for piece in self._pieces(page):
            for line in piece.split(b"\n"):
                if line:
                    title, abstract, given_id, url, date = json.loads(line)
                    yield Entry(title=title, abstract=abstract, given_id=given_id, url=url, date=date)

    # Writing

    @contextmanager
    def writing(self) -> Generator[None, None, None]:
        """The right to write to the server; the caller holds the lock of the folder, so whoever wrote from here before
        has ended. IndexBusyError while another process has it."""
        tokens = (read_pointer(self.folder / WRITERS) or "").split()
        token = new_token()
        (self.folder / WRITERS).write_text("\n".join([token, *tokens[:LAST_WRITERS]]), encoding="ascii")
        with lease(self.server.rest, token=token, before=tokens, said=self._told) as held:
            self._lease = held
            yield
        self._lease = None

    def settle(self, catalog: Catalog) -> None:
        """Say in a new catalog what goes with it on the server: the collection of its vectors."""
        if catalog.meta("papers") is None:
            spec = {name: catalog.meta(name) for name in ("embedder", "dimension", "rules", "format")}
            other = self._state.papers if self._state else ""
            with catalog.transaction():
                catalog.set_meta(papers=papers_collection(spec, instead_of=other))

    def publish(self, catalog: Catalog, pages: Iterable[int], papers: Sequence[int]) -> None:
        """Make these pages of the catalog, in their order, and these papers (those that the build has chosen) count on the
        server."""
        assert self._lease is not None
        assert self._vectors is not None
        self._complete(catalog, self._vectors, papers)
        before = {(page.name, page.digest): page for page in self._state.pages} if self._state else {}
        published = [
            replace(before[name, digest], rank=rank)
            if (name, digest) in before
            else self._put(catalog, number, name, source, form, digest, rank)
            for number, rank, name, source, form, digest in ranked_files(catalog, pages)
        ]
        self._lease.check()
        self._state = self.server.publish(
            State(
                pages=tuple(published), papers=catalog.meta("papers"), embedder=catalog.meta("embedder"),
                dimension=catalog.meta("dimension"), rules=RULES_VERSION, format=FORMAT, probe=catalog.meta("probe"),
            )
        )  # fmt: skip
        self._vectors.published = True

    def clean_up(self, catalog: Catalog) -> None:
        """Delete on the server what no longer counts, after `publish`; the next build does what this one cannot."""
        if self._state is None or self._vectors is None or not self._vectors.published:
            return
        count = catalog.count()["papers"]
        with contextlib.suppress(ServerUnavailableError):
            every: set[str] | None = None
            if self._vectors.count() > WASTE * count + 1_000:  # interrupted builds have left papers there
                every = {key for (key,) in catalog.rows("SELECT key FROM papers WHERE live = 1")}
            self.server.clean_up(self._state, papers=every)

    def _put(
        self, catalog: Catalog, number: int, name: str, source: str, form: str, digest: str, rank: int
    ) -> PublishedPage:
        text = file_text(catalog, number)
        listed, pieces = 0, 0
        if text is None:

            def packed() -> Generator[bytes, None, None]:
                nonlocal listed
                lines: list[str] = []
                size = 0
                for x in catalog.listings_of(number):
                    listed += 1
                    lines.append(json.dumps([x.title, x.abstract, x.given_id, x.url, x.date]))
                    size += len(lines[-1])
                    if size > PIECE_CHARACTERS:
                        yield "\n".join(lines).encode()
                        lines, size = [], 0
                yield "\n".join(lines).encode()

            pieces = self.server.put_page(digest, packed())
        else:
            data = text.encode("utf-8", "surrogatepass")
            pieces = self.server.put_page(
                digest, (data[i : i + PIECE_CHARACTERS] for i in range(0, max(1, len(data)), PIECE_CHARACTERS))
            )
        return PublishedPage(
            rank=rank, name=name, source=Path(source).name, form=form, digest=digest, pieces=pieces, listed=listed
        )

    def _complete(self, catalog: Catalog, vectors: ReplicaVectors, chosen: Sequence[int]) -> None:
        """Send the vectors of these papers that the server may have lost since an interrupted build sent them."""
        for i in range(0, len(chosen), 2_000):
            keys = paper_keys(catalog, chosen[i : i + 2_000])
            unseen = {number: key for number, key in keys.items() if key not in vectors.there}
            there = self.server.papers(str(catalog.meta("papers")), int(catalog.meta("dimension"))).known(
                list(unseen.values())
            )
            missing = {number: key for number, key in unseen.items() if key not in there}
            if missing:
                blocks = vector_blocks(catalog, missing)
                found = [number for number in missing if number in blocks]
                vectors.add(found, [missing[number] for number in found], [blocks[number] for number in found])
