"""Files that visitors send become pages of the index, and pages leave it. Nothing is shown here.

A file's name is the name of its page and never a path: what was sent is read where the server put it, under a name of
the server's own, which no page, message or report holds.
"""

import gzip
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Generic, TypeVar

from qa.documents import Skip, SourceFile, read_source
from qa.documents.pages import FORMS, MAX_FILE_BYTES
from qa.index.api import remove_pages
from qa.index.builder import write_pages
from qa.index.remote.sync import changing
from qa.index.report import BuildReport, Progress
from qa.index.versions import current_version
from qa.retrieval.search import Index

T = TypeVar("T")

MAX_BYTES = 32 << 20
"""Of one file as it is sent; the server refuses more while it comes. A saved page of 20,000 papers is about 30 MB."""
MAX_FILES = 20
"""Sent at once. They are read before the first is embedded, so that all of them count in one step."""
MAX_NAME_CHARACTERS = 200
"""Characters of a name; disks take no longer ones."""
ENDINGS = ", ".join(FORMS)
REPLACE = "Replace files of the same name"
SECONDS_BETWEEN = 0.2
"""Seconds between updates of progress."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An uploaded file: its name on the visitor's machine, its size as the visitor's browser states it, and its path here;
    None where it did not come."""

    name: str
    path: Path | None
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class AddReport:
    """What became of files: the builder's report, None where no file could be used and nothing has changed; the names of
    those files that replaced another; and for each file or line that was skipped (where, why)."""

    report: BuildReport | None
    skipped: tuple[Skip, ...]
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RemovalPlan:
    """What removing a page does: how many papers leave the index, and how many stay since another page lists them."""

    page: str
    papers: int
    kept: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far a change is: what is being done, how much of it is done, and how much there is (0: not known)."""

    doing: str = ""
    done: int = 0
    total: int = 0


def add_uploads(
    index: Index, uploads: Sequence[Upload], *, replacing: bool = False, progress: Progress | None = None
) -> AddReport:
    """Put the papers of these files into the index, in one step: readers see all of them or, until then, none.

    A file with the name of an indexed file replaces it if `replacing`, else it is skipped. Files that cannot be
    used are skipped too and do not stop the others. The uploaded files are deleted once they are read.

    Raises IndexBusyError while another build runs, and what else `build_index` raises.
    """
    pages, skipped = _read_all(uploads, progress)
    if not pages:
        return AddReport(report=None, skipped=tuple(skipped))
    with changing(index.folder, index.chroma, embedder=index.embedder, progress=progress) as (root, mirror):
        # Which names are taken is asked behind the lock, where no other build can change it.
        live = {name: (source, digest) for _, name, source, digest in index.snapshot().catalog.live_pages()}
        fresh: list[SourceFile] = []
        for page in pages:
            source, digest = live.get(page.name, ("", None))
            if digest == page.digest:
                skipped.append(Skip(page.name, "the index already has this file"))
            elif digest is not None and not replacing:
                skipped.append(
                    Skip(page.name, f"the index has a file of this name: choose “{REPLACE}”, or rename the file")
                )
            else:
                # With the source of the file it replaces, the builder treats it as that file.
                fresh.append(replace(page, source=source))
                skipped.extend(page.skipped)
        if not fresh:
            return AddReport(report=None, skipped=tuple(skipped))
        report = write_pages(current_version(root), index.embedder, fresh, progress=progress, mirror=mirror)
    return AddReport(
        report=report, skipped=tuple(skipped), replaced=tuple(page.name for page in fresh if page.name in live)
    )


def _read_all(uploads: Sequence[Upload], progress: Progress | None) -> tuple[list[SourceFile], list[Skip]]:
    """The sources in these files, which are deleted, and what was skipped."""
    pages: list[SourceFile] = []
    skipped: list[Skip] = []
    held = 0
    try:
        for number, upload in enumerate(uploads):
            if progress:
                progress("reading files", number, len(uploads))
            names = {page.name for page in pages}
            found = _read(upload, names, held) if number < MAX_FILES else _too_many(upload)
            if isinstance(found, list):
                skipped.extend(found)
            else:
                page, size = found
                pages.append(page)
                held += size
    finally:
        for upload in uploads:
            if upload.path is not None:
                upload.path.unlink(missing_ok=True)
    return pages, skipped


def plan_removal(index: Index, page: str) -> RemovalPlan:
    """What removing a page would do. InputError where the index has no such page."""
    papers = index.papers(page=page)
    alone = sum(paper.pages == (page,) for paper in papers)
    return RemovalPlan(page=page, papers=alone, kept=len(papers) - alone)


def remove_page(index: Index, page: str, progress: Progress | None = None) -> tuple[RemovalPlan, BuildReport]:
    """Remove a file from the index; the plan and the builder's report. InputError if there is no such file."""
    found = plan_removal(index, page)
    return found, remove_pages([page], index.folder, chroma=index.chroma, embedder=index.embedder, progress=progress)


class Change(Generic[T]):
    """A change of the index in its own thread, which is completed even if its progress is not read."""

    def __init__(self, work: Callable[[Progress], T]) -> None:
        self._last = Step()
        self._made: Future[T] = Future()
        # A daemon: a server that stops does not wait for it. The index stays as it was, as after kill -9.
        Thread(target=self._run, args=(work,), name="change", daemon=True).start()

    def steps(self) -> Iterator[Step]:
        """How far it is, whenever that is new, until it is done."""
        shown = None
        while not wait([self._made], SECONDS_BETWEEN).done:
            if self._last != shown:
                shown = self._last
                yield shown

    def result(self) -> T:
        """What it made; it raises what the work raised. Waits until it is done."""
        return self._made.result()

    def _run(self, work: Callable[[Progress], T]) -> None:
        try:
            self._made.set_result(work(self._say))
        except BaseException as error:
            self._made.set_exception(error)

    def _say(self, doing: str, done: int, total: int) -> None:
        self._last = Step(doing=doing, done=done, total=total)


def _read(upload: Upload, taken: set[str], held: int) -> tuple[SourceFile, int] | list[Skip]:
    """The source in an uploaded file and its unpacked size, or why there is none, given the names already `taken`, which
    hold so many bytes."""
    name, file = upload.name, upload.path
    fault = _fault(upload, taken)
    if fault is not None or file is None:
        return [Skip(_short(name), fault or "")]
    try:
        data = _unpacked(file) if name.lower().endswith(".gz") else file.read_bytes()
    except (OSError, EOFError, zlib.error):
        return [Skip(name, "the file cannot be unpacked or read: pack or save it again")]
    if len(data) <= MAX_FILE_BYTES < len(data) + held:
        return [Skip(name, "too large together with the other files: send it alone")]
    found = read_source(data, name=name)
    if isinstance(found, Skip):
        return [found]
    return (found, len(data)) if found.listed else list(found.skipped)


def _fault(upload: Upload, taken: set[str]) -> str | None:
    """Why a file is not read at all: its name, its size, or that it is not there."""
    name, file = upload.name, upload.path
    if not name.strip():
        return "the file has no name: give it one"
    if len(name) > MAX_NAME_CHARACTERS:
        return f"its name has {len(name):,} characters: shorten it to {MAX_NAME_CHARACTERS}"
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        return "its name has characters that cannot be shown: rename the file"
    if Path(name.lower().removesuffix(".gz")).suffix not in FORMS:
        return f"not a page by its name: pages end in {ENDINGS}, and .gz may follow"
    if name in taken:
        return "another file of this name was sent with it: rename one of them"
    here = file is not None and file.is_file()
    if max(upload.size, file.stat().st_size if file is not None and here else 0) > MAX_BYTES:
        return f"larger than {MAX_BYTES >> 20} MB: split the file"
    return None if here else "the file did not arrive: send it once more"


def _too_many(upload: Upload) -> list[Skip]:
    return [Skip(_short(upload.name), f"more than {MAX_FILES} files at once: send it again with the next ones")]


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARACTERS else name[:MAX_NAME_CHARACTERS] + "…"


def _unpacked(file: Path) -> bytes:
    """The bytes of a packed file, one more than a page may have at the most."""
    with gzip.open(file) as packed:
        return packed.read(MAX_FILE_BYTES + 1)
