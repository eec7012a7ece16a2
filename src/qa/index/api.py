"""Builds, changes and rebuilds an index: what pages are meant, and where they go. One builder at a time."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from qa.documents import Skip, SourceFile, parse_source, read_sources
from qa.embedding.adapters import make_embedder
from qa.errors import IndexMissingError, InputError
from qa.index.builder import write_pages
from qa.index.catalog import Catalog
from qa.index.remote.address import Address
from qa.index.remote.sync import changing, rebuild_server
from qa.index.report import BuildReport, Progress
from qa.index.versions import FilePath, current_version, make_current, new_version


def build_index(
    paths: FilePath | Sequence[FilePath],
    folder: FilePath | None = None,
    *,
    chroma: Address | str | None = None,
    replace: bool = False,
    embedder: Any = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Read the pages behind `paths` (files, folders, patterns) into the index in `folder`, which is made if need be
    (default: index/chroma). With `chroma`, the address of a Chroma server, the index is on that server, and `folder` is
    this machine's mirror of it (none given: among this user's caches).

    A page that the index has is refreshed, other pages stay, unless `replace` is given: then the index holds exactly
    these pages. Only papers that are new or changed are embedded. Bad input is skipped and reported. When the build
    is interrupted the index stays as it was, and the next build continues from there.

    Raises InputError where no paper could be read, IndexBusyError while another process builds, IndexMismatchError
    where the index belongs to another embedder, IndexDamagedError where the folder cannot be written, ServerUnavailableError
    where the server does not answer for a minute.
    """
    started = time.monotonic()
    pages: list[SourceFile] = []
    skipped: list[Skip] = []
    for found in read_sources([paths] if isinstance(paths, str | os.PathLike) else paths):
        skipped.extend(found.skipped if isinstance(found, SourceFile) else [found])
        if isinstance(found, SourceFile) and found.listed:
            pages.append(found)
            if progress:
                progress("reading pages", len(pages), 0)
    if not pages:
        reasons = "; ".join(f"{skip.where}: {skip.why}" for skip in skipped[:5]) or "no page was named"
        raise InputError(f"No paper was read ({reasons}). Name pages that hold titles and abstracts.")
    with changing(folder, chroma, embedder=embedder, progress=progress) as (root, mirror):
        try:
            generation = current_version(root)
        except IndexMissingError:
            generation = new_version(root, make_embedder(embedder))
        report = write_pages(generation, embedder, pages, replace=replace, progress=progress, mirror=mirror)
        make_current(root, generation)
    return _finish(report, skipped, started)


def remove_pages(
    names: Sequence[str],
    folder: FilePath | None = None,
    *,
    chroma: Address | str | None = None,
    embedder: Any = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Remove files from the index, with the papers that no other file lists. InputError if there is no such file."""
    started = time.monotonic()
    with changing(folder, chroma, embedder=embedder, progress=progress, present=True) as (root, mirror):
        generation = current_version(root)
        report = write_pages(generation, embedder, [], removed=names, progress=progress, mirror=mirror)
    return _finish(report, [], started)


def rebuild_index(
    folder: FilePath | None = None,
    *,
    chroma: Address | str | None = None,
    embedder: Any = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Rebuild the index from the texts it keeps, with this embedder and the current rules; no file is needed.

    Until it is done, the old index answers. Texts that the current rules cannot read are skipped and reported.
    """
    started = time.monotonic()
    if chroma is not None:
        return _finish(rebuild_server(folder, chroma, embedder, progress), [], started)
    with changing(folder, None, present=True) as (root, _):
        old = Catalog(current_version(root))
        try:
            chosen = make_embedder(embedder if embedder is not None else old.meta("embedder"))
            kept = [
                parse_source(text, name=name, source=source, form=form)
                if text is not None
                else SourceFile(
                    name=name, source=source, form=form, digest=digest, listed=0, read=partial(old.listings_of, number)
                )
                for number, name, source, form, digest, text in old.kept_pages()
            ]
            generation = new_version(root, chosen)
            pages = [page for page in kept if isinstance(page, SourceFile)]
            report = write_pages(generation, chosen, pages, replace=True, progress=progress)
        finally:
            old.close()
        make_current(root, generation)
    return _finish(report, [skip for skip in kept if isinstance(skip, Skip)], started)


def _finish(report: BuildReport, skipped: list[Skip], started: float) -> BuildReport:
    return replace(report, skipped=skipped, seconds=round(time.monotonic() - started, 3))
