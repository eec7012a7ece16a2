"""Writes the index: pages in, only what is new embedded, the catalog committed last. One builder at a time."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from qa.acronyms import acronym_key, find_acronyms, long_key
from qa.embed import Embedder, EmbedderText, Vectors, make_embedder
from qa.errors import IndexMissingError, InputError
from qa.index.catalog import Catalog, Progress
from qa.index.generation import check_probe, current_generation, fitting_embedder, make_current, new_generation, writing
from qa.index.parts import Part, parts_to_merge, write_part
from qa.index.vectors import VectorStore
from qa.mend import mend
from qa.papers import Paper, make_papers, title_key, unique
from qa.passages import split_passages
from qa.readers import Page, Skip, parse_page, read_pages

BATCH = 64
"""Papers embedded between two commits: what an interrupted build loses at most."""

FilePath = str | os.PathLike[str]
Place = tuple[int, int]
"""Where a listing stands: the page's number and the position on it."""


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What a build did.

    `listings` and `passages` count those of the pages read; `papers`, `merged` (listed more than once on them),
    `mended`, `embedded`, `reused` and `removed` count papers; `mends` says how often each rule was applied; `skipped`
    has (where, why) for everything that could not be used; `index_pages` and `index_papers` say what the index holds now.
    """

    listings: int = 0
    passages: int = 0
    papers: int = 0
    merged: int = 0
    mended: int = 0
    embedded: int = 0
    reused: int = 0
    removed: int = 0
    mends: dict[str, int] = field(default_factory=dict)
    pages: tuple[str, ...] = ()
    skipped: list[Skip] = field(default_factory=list)
    index_pages: int = 0
    index_papers: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {**self.__dict__, "pages": list(self.pages), "skipped": [list(skip) for skip in self.skipped]}


def build_index(
    paths: FilePath | Sequence[FilePath],
    folder: FilePath = "index/chroma",
    *,
    replace: bool = False,
    embedder: Any = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Read the pages behind `paths` (files, folders, patterns) into the index in `folder`, which is made if need be.

    A page that the index has is refreshed, other pages stay, unless `replace` is given: then the index holds exactly
    these pages. Only papers that are new or changed are embedded. Bad input is skipped and reported. When the build
    is interrupted the index stays as it was, and the next build goes on from there.

    Raises InputError where no paper could be read, IndexBusyError while another process builds, IndexMismatchError
    where the index belongs to another embedder, IndexDamagedError where the folder cannot be written.
    """
    started = time.monotonic()
    pages: list[Page] = []
    skipped: list[Skip] = []
    for found in read_pages([paths] if isinstance(paths, str | os.PathLike) else paths):
        skipped.extend(found.skipped if isinstance(found, Page) else [found])
        if isinstance(found, Page) and found.listings:
            pages.append(found)
    if not pages:
        reasons = "; ".join(f"{skip.where}: {skip.why}" for skip in skipped[:5]) or "no page was named"
        raise InputError(f"No paper was read ({reasons}). Name pages that hold titles and abstracts.")
    root = Path(folder)
    with writing(root):
        try:
            generation = current_generation(root)
        except IndexMissingError:
            generation = new_generation(root, make_embedder(embedder))
        report = write_pages(generation, embedder, pages, replace=replace, progress=progress)
        make_current(root, generation)
    return _finish(report, skipped, started)


def remove_pages(
    names: Sequence[str], folder: FilePath = "index/chroma", *, embedder: Any = None, progress: Progress | None = None
) -> BuildReport:
    """Take pages out of the index, and the papers that no other page lists. InputError where there is no such page."""
    started = time.monotonic()
    root = Path(folder)
    current_generation(root)
    with writing(root):
        report = write_pages(current_generation(root), embedder, [], removed=names, progress=progress)
    return _finish(report, [], started)


def rebuild_index(
    folder: FilePath = "index/chroma", *, embedder: Any = None, progress: Progress | None = None
) -> BuildReport:
    """Build the index anew from the page texts it keeps, with this embedder and today's rules; no file is needed.

    Until it is done, the old index answers. Pages that today's rules cannot read are left out and reported.
    """
    started = time.monotonic()
    root = Path(folder)
    current_generation(root)
    with writing(root):
        old = Catalog(current_generation(root))
        try:
            chosen = make_embedder(embedder if embedder is not None else old.meta("embedder"))
            parsed = [
                parse_page(text, name=name, source=source, form=form) for name, source, form, text in old.page_texts()
            ]
        finally:
            old.close()
        generation = new_generation(root, chosen)
        pages = [page for page in parsed if isinstance(page, Page)]
        report = write_pages(generation, chosen, pages, replace=True, progress=progress)
        make_current(root, generation)
    return _finish(report, [skip for skip in parsed if isinstance(skip, Skip)], started)


def _finish(report: BuildReport, skipped: list[Skip], started: float) -> BuildReport:
    return replace(report, skipped=skipped, seconds=round(time.monotonic() - started, 3))


def write_pages(
    generation: Path,
    embedder: Any,
    pages: Sequence[Page],
    *,
    replace: bool = False,
    removed: Sequence[str] = (),
    progress: Progress | None,
) -> BuildReport:
    """Put pages into a generation of an index, and take some out; the caller holds the lock of `writing`.

    `replace` takes out every page that is not among these, `removed` names pages to take out (InputError for one that is
    not there).
    """
    catalog = Catalog(generation)
    try:
        chosen = fitting_embedder(catalog, embedder)
        return _Build(catalog, chosen, progress or (lambda stage, done, total: None)).run(
            pages, replace=replace, removed=removed
        )
    finally:
        catalog.close()


@dataclass(frozen=True, kw_only=True)
class _Change:
    """What the pages that come and go do to the papers: who stays or comes (by number), who is still to be embedded
    (with its key in the catalog), where each is listed, and which papers no page lists any more."""

    known: dict[int, Paper] = field(default_factory=dict)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    unknown: list[tuple[str, Paper, list[Place]]] = field(default_factory=list)
    outdated: set[int] = field(default_factory=set)


class _Build:
    """One run of the builder over one generation."""

    def __init__(self, catalog: Catalog, embedder: Embedder, progress: Progress) -> None:
        self.catalog, self.embedder, self.progress = catalog, embedder, progress
        self.vectors = VectorStore(catalog.folder / "chroma", create=not catalog.live_numbers())
        self.staged = catalog.folder / "staged"

    def run(self, pages: Sequence[Page], *, replace: bool, removed: Sequence[str]) -> BuildReport:
        # 1. Stage the pages that are new or changed; they do not count yet.
        live = {name: (number, source, digest) for number, name, source, digest in self.catalog.live_pages()}
        unknown = [name for name in removed if name not in live]
        if unknown:
            raise InputError(f"The index has no page {unknown[0]!r}. Its pages are: {', '.join(live)}.")
        self.catalog.forget_pages_that_do_not_count()
        # What an interrupted build has embedded is used again; of an interrupted clean-up nothing can be.
        dead = self.catalog.dead_numbers()
        if dead:
            self._forget(set(dead) - set(_load_staged(self.staged)))
        gone = {live[name][0] for name in removed}
        added: set[int] = set()
        names: list[str] = []
        for page in _named(pages, {name: row[1:] for name, row in live.items()}):
            self.progress("reading pages", len(names), len(pages))
            names.append(page.name)
            old = live.get(page.name)
            if old is None or old[2] != page.digest:
                keys = [title_key(listing.title) for listing in page.listings]
                added.add(self.catalog.stage_page(page, keys, instead_of=old[0] if old else None))
                gone |= {old[0]} if old else set()
        if replace:
            gone |= {row[0] for name, row in live.items() if name not in names}
        # 2. Only titles on pages that come or go can change; embed what they bring, then let it all count at once.
        embedded = outdated = 0
        if added or gone:
            target = {row[0] for row in live.values()} - gone | added
            change = self._resolve(target, added | gone)
            change = self._embed(change)
            self._commit(target, change)
            self._clean_up()
            embedded, outdated = len(change.unknown), len(change.outdated)
        return self._report(names, embedded, outdated)

    def _resolve(self, target: set[int], touched: set[int]) -> _Change:
        """Which papers the touched titles make, now that the pages in `target` are those that count."""
        catalog = self.catalog
        change = _Change(outdated=catalog.papers_on(touched))
        digests: dict[str, str] = {}
        for i, rows in enumerate(list(catalog.listings_of_titles(target, touched))):
            if i % 512 == 0:
                self.progress("merging listings", i, 0)
            change.outdated.update(paper for *_, paper in rows if paper is not None)
            for found, members in make_papers([row[3] for row in rows], [row[2] for row in rows]):
                paper, digest = found, _digest(found)
                other = catalog.number_of(paper.id)
                taken = other is not None and other not in change.outdated and other != catalog.number_of_key(digest)
                if taken or digests.setdefault(paper.id, digest) != digest:
                    # Two files may use one id (a row number, say) for different papers.
                    paper = replace(paper, id=f"{paper.id}-{digest[:8]}")
                    digest = _digest(paper)
                places = [(rows[member][0], rows[member][1]) for member in members]
                number = catalog.number_of_key(digest)
                if number is None:
                    change.unknown.append((digest, paper, places))
                else:
                    change.known[number] = paper
                    change.places.extend((number, *place) for place in places)
        change.outdated.difference_update(change.known)
        return change

    def _embed(self, change: _Change) -> _Change:
        """Embed what the catalog does not know, batch by batch; each batch survives an interruption."""
        if not change.unknown:
            return change
        check_probe(self.catalog, self.embedder)
        known, places = dict(change.known), list(change.places)
        self.staged.mkdir(exist_ok=True)
        done, total = 0, len(change.unknown)
        for i in range(0, total, BATCH):
            batch = change.unknown[i : i + BATCH]
            texts = [_embedder_text(paper) for _, paper, _ in batch]
            blocks: list[Vectors] = []
            for block in self.embedder.embed_papers(texts):
                self.progress("embedding", done, total)
                blocks.append(block)
                done += 1
            numbers = self.catalog.next_numbers(len(batch))
            _save_staged(self.staged, numbers, blocks)
            self.vectors.add(numbers, np.stack([block[0] for block in blocks]))
            self.catalog.stage_papers(
                (number, key, paper, len(text.spans), _acronyms(paper))
                for number, (key, paper, _), text in zip(numbers, batch, texts, strict=True)
            )
            for number, (_, paper, listed) in zip(numbers, batch, strict=True):
                known[number] = paper
                places.extend((number, *place) for place in listed)
        self.progress("embedding", total, total)
        return replace(change, known=known, places=places)

    def _commit(self, target: set[int], change: _Change) -> None:
        """Write the part that the new papers need and make everything count, in one transaction."""
        catalog = self.catalog
        self.progress("writing", 0, 1)
        alive = (set(catalog.live_numbers()) - change.outdated) | set(change.known)
        parts = {name: Part(folder=catalog.folder / name) for name in catalog.part_names()}
        living = {name: [n for n in part.numbers.tolist() if n in alive] for name, part in parts.items()}
        fresh = alive.difference(*living.values())
        # Parts that have lost more than half of their papers are written anew too.
        wasteful = {name for name, part in parts.items() if len(living[name]) * 2 < len(part.numbers)}
        sizes = {name: len(numbers) for name, numbers in living.items() if name not in wasteful}
        merged = wasteful | set(parts_to_merge(sizes, len(fresh)) if fresh else ())
        numbers = sorted(fresh.union(*(living[name] for name in merged)))
        part = None
        if numbers:
            blocks = _load_staged(self.staged)
            for name in merged:
                blocks.update({n: parts[name].block_of(n) for n in living[name]})
            texts = (f"{mend(paper.title)[0]}. {paper.abstract}" for paper in _in_order(catalog, numbers))
            part = write_part(catalog.folder, numbers, texts, (blocks[n] for n in numbers))
        catalog.commit(target, change.known, change.places, change.outdated, part, merged)
        self.progress("writing", 1, 1)

    def _clean_up(self) -> None:
        """Delete what no longer counts. Where this is interrupted, the next build does it."""
        shutil.rmtree(self.staged, ignore_errors=True)
        self._forget(self.catalog.dead_numbers())
        self.vectors.close()
        names = set(self.catalog.part_names())
        for folder in self.catalog.folder.glob("part-*"):
            if folder.name not in names:
                shutil.rmtree(folder, ignore_errors=True)

    def _forget(self, dead: Iterable[int]) -> None:
        """Forget papers that do not count: the catalog first, since vectors without a paper do no harm."""
        numbers = list(dead)
        if numbers:
            self.catalog.forget_papers(numbers)
            self.vectors.delete(numbers)

    def _report(self, names: list[str], embedded: int, removed: int) -> BuildReport:
        """Count what the pages of this run hold, from the catalog as it is now."""
        listed = self.catalog.times_listed(names)
        mends: dict[str, int] = {}
        mended = passages = 0
        for paper in _in_order(self.catalog, list(listed)):
            passages += len(split_passages(paper.abstract))
            if paper.original != paper.abstract:
                mended += 1
                for rule, times in mend(paper.original)[1].items():
                    mends[rule] = mends.get(rule, 0) + times
        count = self.catalog.count()
        return BuildReport(
            listings=sum(listed.values()),
            passages=passages,
            papers=len(listed),
            merged=sum(times > 1 for times in listed.values()),
            mended=mended,
            embedded=embedded,
            reused=len(listed) - embedded if names else 0,
            removed=removed,
            mends=dict(sorted(mends.items(), key=lambda item: (-item[1], item[0]))),
            pages=tuple(names),
            index_pages=count["pages"],
            index_papers=count["papers"],
        )


def _named(pages: Iterable[Page], live: dict[str, tuple[str, str]]) -> Iterator[Page]:
    """Each page under its name in the index (`live`: name to source and digest).

    A file that the index knows keeps its name. Another file of the same name takes the place of the known one only
    where that is gone from the disk or has the same content (it was moved); else folders in front tell them apart.
    """
    taken: set[str] = set()
    for page in pages:
        known = next((name for name, (source, _) in live.items() if source and source == page.source), None)
        folders = Path(page.source).parts if page.source else (page.name,)
        candidates = (
            [known]
            if known
            else unique([page.name, *("/".join(folders[-n:]).lstrip("/") for n in range(2, len(folders) + 1))])
        )
        for name in candidates:
            source, digest = live.get(name, ("", page.digest))
            if name not in taken and (known or digest == page.digest or not source or not Path(source).exists()):
                taken.add(name)
                yield replace(page, name=name)
                break


def _digest(paper: Paper) -> str:
    """What makes a paper another one to the index: its id and what is embedded of it."""
    return hashlib.sha256("\0".join((paper.id, paper.title, paper.abstract)).encode("utf-8", "replace")).hexdigest()


def _embedder_text(paper: Paper) -> EmbedderText:
    spans = tuple((passage.start, passage.end) for passage in split_passages(paper.abstract))
    return EmbedderText(title=mend(paper.title)[0], abstract=paper.abstract, spans=spans)


def _acronyms(paper: Paper) -> list[tuple[str, str, str]]:
    found = find_acronyms(f"{mend(paper.title)[0]}. {paper.abstract}")
    return [(acronym_key(acronym), long_key(long_form), long_form) for acronym, long_form in found]


def _in_order(catalog: Catalog, numbers: Sequence[int]) -> Iterator[Paper]:
    for i in range(0, len(numbers), 500):
        some = numbers[i : i + 500]
        found = catalog.papers(some)
        yield from (found[number] for number in some)


def _save_staged(folder: Path, numbers: Sequence[int], blocks: Sequence[Vectors]) -> None:
    path = folder / f"{numbers[0]}.npz"
    named = {str(number): block.astype(np.float16) for number, block in zip(numbers, blocks, strict=True)}
    with path.with_suffix(".new").open("wb") as file:
        np.savez(file, allow_pickle=False, **named)
    os.replace(path.with_suffix(".new"), path)


def _load_staged(folder: Path) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for path in folder.glob("*.npz"):
        with np.load(path) as blocks:
            found.update({int(name): blocks[name] for name in blocks.files})
    return found
