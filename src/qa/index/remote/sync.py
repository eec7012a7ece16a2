"""Synchronises replicas with their Chroma servers, and serialises changes of an index in a folder or on a server."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qa.embedding.adapters import make_embedder
from qa.embedding.base import Embedder
from qa.errors import IndexBusyError, IndexDamagedError, IndexMismatchError, IndexMissingError
from qa.index.builder import write_pages
from qa.index.catalog import Catalog
from qa.index.remote.address import Address
from qa.index.remote.client import BUILDING_SECONDS
from qa.index.remote.replica import Replica
from qa.index.remote.replica_vectors import drop_versions
from qa.index.remote.store import State
from qa.index.report import BuildReport, Progress, no_progress
from qa.index.schema import FORMAT
from qa.index.versions import (
    FOLDER,
    FilePath,
    current_version,
    fitting_embedder,
    make_current,
    new_version,
    refuse_mirror,
    writing,
)
from qa.text.sentences import RULES_VERSION

REREAD = 5
"""How often synchronising restarts if a writer publishes another state meanwhile."""
MIRROR_SECONDS = 600.0
"""How long one waits for another process that fills this user's mirror of a server for the first time."""


@contextmanager
def changing(
    folder: FilePath | None,
    chroma: Address | str | None,
    *,
    embedder: Any = None,
    progress: Progress | None = None,
    present: bool = False,
    following: bool = True,
) -> Generator[tuple[Path, Replica | None], None, None]:
    """The folder of an index and, with `chroma`, the mirror that it is, for one writer at a time.

    A replica is synchronised when the block begins, unless `following` is False. IndexMissingError if
    `present` and there is no index; IndexBusyError while another process writes.
    """
    if chroma is None:
        root = Path(folder or FOLDER)
        refuse_mirror(root)
        if present:
            current_version(root)
        with writing(root):
            yield root, None
        return
    say: Progress = progress or no_progress
    mirror = Replica(
        chroma, folder, patience_seconds=BUILDING_SECONDS,
        waiting=lambda _: say("waiting for the Chroma server", 0, 1), told=lambda what: say(what, 0, 1),
    )  # fmt: skip
    try:
        mirror.claim()
        mirror.server.rest.check()
        with writing(mirror.folder), mirror.writing():
            state = mirror.needed_state() if present else mirror.state()
            if following:
                _update(mirror, state, embedder, progress)
            yield mirror.folder, mirror
    finally:
        mirror.close()


def synchronize(mirror: Replica, embedder: Any = None, progress: Progress | None = None) -> None:
    """Synchronise a replica with its server, for reading. While another process of this machine writes to it, what it
    already has keeps answering.

    IndexMissingError where the server has no index, IndexMismatchError where that belongs to another embedder or version.
    """
    mirror.claim()
    until = time.monotonic() + MIRROR_SECONDS
    while True:
        try:
            with writing(mirror.folder):
                return _update(mirror, mirror.needed_state(), embedder, progress)
        except IndexBusyError:
            try:
                current_version(mirror.folder)
                return None
            except IndexMissingError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.2)


def _update(mirror: Replica, state: State | None, embedder: Any, progress: Progress | None) -> None:
    """Make the mirror hold what the server's state says; the caller holds the mirror's lock."""
    root = mirror.folder
    if state is None:
        # What counted here once has been deleted on the server; what an interrupted first build left is used.
        counted = (root / "CURRENT").exists()
        drop_versions(root, keep=lambda generation: not counted and _is_empty(generation))
        return
    for again in reversed(range(REREAD)):
        try:
            _synchronize(mirror, state, embedder, progress)
            mirror.followed = state.stamp
            return
        except IndexDamagedError:
            # A writer has published another state, and deleted pages of this one, or a file of the mirror is damaged.
            newer = mirror.needed_state()
            if not again or newer.stamp == state.stamp:
                raise
            state = newer


def _synchronize(mirror: Replica, state: State, embedder: Any, progress: Progress | None) -> None:
    root = mirror.folder
    difference = generation = None
    try:
        generation = current_version(root)
        catalog = Catalog(generation)
        try:
            fitting_embedder(catalog, embedder)
            if catalog.meta("server_stamp") == state.stamp:
                return
            difference = mirror.difference(catalog, state)
        finally:
            catalog.close()
    except (IndexMissingError, IndexDamagedError, IndexMismatchError):
        generation = None
    if difference is not None and generation is not None:
        if difference.pages or difference.removed:
            write_pages(
                generation, embedder, difference.pages,
                removed=difference.removed, progress=progress, mirror=mirror, following=True,
            )  # fmt: skip
        _note(generation, server_stamp=state.stamp)
        return
    chosen = _embedder_of(mirror, state, embedder)
    drop_versions(root, keep=lambda other: _is_current(root, other))
    generation = new_version(root, chosen)
    _note(generation, probe=state.probe, papers=state.papers)
    write_pages(generation, chosen, mirror.pages(state), replace=True, progress=progress, mirror=mirror, following=True)
    _note(generation, server_stamp=state.stamp)
    make_current(root, generation)


def rebuild_server(
    folder: FilePath | None, chroma: Address | str, embedder: Any, progress: Progress | None
) -> BuildReport:
    """Rebuild the index of a server from the files that it keeps."""
    with changing(folder, chroma, progress=progress, present=True, following=False) as (root, mirror):
        assert mirror is not None
        state = mirror.needed_state()
        chosen = make_embedder(embedder if embedder is not None else state.embedder)
        # Of builds that were interrupted, what never counted is used.
        drop_versions(root, keep=lambda other: _is_current(root, other) or _is_empty(other))
        generation = new_version(root, chosen)
        report = write_pages(generation, chosen, mirror.pages(state), replace=True, progress=progress, mirror=mirror)
        make_current(root, generation)
    return report


def _embedder_of(mirror: Replica, state: State, embedder: Any) -> Embedder:
    """The embedder that filled the server. IndexMismatchError where another one is given, or where the rules differ."""
    again = f"To build it again: qa index --rebuild --chroma {mirror.address.url}"
    if embedder is None and state.embedder.startswith("llama-index:"):
        raise IndexMismatchError(
            f"The index on the Chroma server at {mirror.address} was built with the embedder {state.embedder}, which only"
            " Python can make. Pass the object: open_index(chroma=…, embedder=…)"
        )
    chosen = make_embedder(state.embedder if embedder is None else embedder)
    if chosen.name != state.embedder:
        raise IndexMismatchError(
            f"The index on the Chroma server at {mirror.address} was built with the embedder {state.embedder}, not"
            f" {chosen.name}. {again} --embedder {chosen.name}"
        )
    if (state.format, state.rules) != (FORMAT, RULES_VERSION):
        raise IndexMismatchError(
            f"The index on the Chroma server at {mirror.address} was built by another version of abstracts-qa"
            f" (rules {state.rules}, now {RULES_VERSION}). {again}"
        )
    return chosen


def _note(generation: Path, **values: Any) -> None:
    catalog = Catalog(generation)
    try:
        with catalog.transaction():
            catalog.set_meta(**values)
    finally:
        catalog.close()


def _is_empty(generation: Path) -> bool:
    try:
        catalog = Catalog(generation)
    except IndexDamagedError:
        return False
    try:
        return catalog.is_empty()
    finally:
        catalog.close()


def _is_current(root: Path, generation: Path) -> bool:
    try:
        return current_version(root) == generation
    except IndexMissingError:
        return False
