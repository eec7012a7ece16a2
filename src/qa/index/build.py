"""Writes the index: pages in, only what is new embedded, the catalog committed last. One builder at a time."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.acronyms import acronym_key, find_acronyms, long_key
from qa.embed import Embedder, EmbedderText, make_embedder
from qa.errors import IndexBusyError, IndexDamagedError, IndexMismatchError, IndexMissingError, InputError
from qa.index.address import Address
from qa.index.catalog import FORMAT, Catalog, Progress
from qa.index.generation import check_probe, current_generation, fitting_embedder, make_current, new_generation, writing
from qa.index.mirror import Mirror, drop_generations, refuse_mirror
from qa.index.parts import Part, merge_parts, parts_to_merge, write_part
from qa.index.rest import BUILDING_SECONDS
from qa.index.server import State
from qa.index.vectors import PaperVectors, VectorStore
from qa.mend import mend
from qa.papers import Listing, Paper, make_papers, title_key, unique
from qa.passages import RULES_VERSION, split_passages
from qa.readers import Page, Skip, parse_page, read_pages

BATCH = 64
"""Papers embedded between two commits: what an interrupted build loses at most."""
SEGMENT = 2_048
"""Papers whose part is written while the build goes on; their vectors and tokens are what it holds in memory."""

FOLDER = "index/chroma"
REREAD = 5
"""How often a mirror begins anew where a writer publishes another state meanwhile."""
MIRROR_SECONDS = 600.0
"""How long one waits for another process that fills this user's mirror of a server for the first time."""

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
    folder: FilePath | None = None,
    *,
    chroma: Address | str | None = None,
    replace: bool = False,
    embedder: Any = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Read the pages behind `paths` (files, folders, patterns) into the index in `folder`, which is made if need be
    (none given: index/chroma). With `chroma`, the address of a Chroma server, the index lies there, and `folder` is
    this machine's mirror of it (none given: among this user's caches).

    A page that the index has is refreshed, other pages stay, unless `replace` is given: then the index holds exactly
    these pages. Only papers that are new or changed are embedded. Bad input is skipped and reported. When the build
    is interrupted the index stays as it was, and the next build goes on from there.

    Raises InputError where no paper could be read, IndexBusyError while another process builds, IndexMismatchError
    where the index belongs to another embedder, IndexDamagedError where the folder cannot be written, ServerAwayError
    where the server does not answer for a minute.
    """
    started = time.monotonic()
    pages: list[Page] = []
    skipped: list[Skip] = []
    for found in read_pages([paths] if isinstance(paths, str | os.PathLike) else paths):
        skipped.extend(found.skipped if isinstance(found, Page) else [found])
        if isinstance(found, Page) and found.listed:
            pages.append(found)
            if progress:
                progress("reading pages", len(pages), 0)
    if not pages:
        reasons = "; ".join(f"{skip.where}: {skip.why}" for skip in skipped[:5]) or "no page was named"
        raise InputError(f"No paper was read ({reasons}). Name pages that hold titles and abstracts.")
    with changing(folder, chroma, embedder=embedder, progress=progress) as (root, mirror):
        try:
            generation = current_generation(root)
        except IndexMissingError:
            generation = new_generation(root, make_embedder(embedder))
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
    """Take pages out of the index, and the papers that no other page lists. InputError where there is no such page."""
    started = time.monotonic()
    with changing(folder, chroma, embedder=embedder, progress=progress, present=True) as (root, mirror):
        generation = current_generation(root)
        report = write_pages(generation, embedder, [], removed=names, progress=progress, mirror=mirror)
    return _finish(report, [], started)


def rebuild_index(
    folder: FilePath | None = None,
    *,
    chroma: Address | str | None = None,
    embedder: Any = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Build the index anew from the page texts it keeps, with this embedder and today's rules; no file is needed.

    Until it is done, the old index answers. Pages that today's rules cannot read are left out and reported.
    """
    started = time.monotonic()
    if chroma is not None:
        return _finish(_rebuild_server(folder, chroma, embedder, progress), [], started)
    with changing(folder, None, present=True) as (root, _):
        old = Catalog(current_generation(root))
        try:
            chosen = make_embedder(embedder if embedder is not None else old.meta("embedder"))
            kept = [
                parse_page(text, name=name, source=source, form=form)
                if text is not None
                else Page(
                    name=name, source=source, form=form, digest=digest, listed=0, read=partial(old.listings_of, number)
                )
                for number, name, source, form, digest, text in old.kept_pages()
            ]
            generation = new_generation(root, chosen)
            pages = [page for page in kept if isinstance(page, Page)]
            report = write_pages(generation, chosen, pages, replace=True, progress=progress)
        finally:
            old.close()
        make_current(root, generation)
    return _finish(report, [skip for skip in kept if isinstance(skip, Skip)], started)


@contextmanager
def changing(
    folder: FilePath | None,
    chroma: Address | str | None,
    *,
    embedder: Any = None,
    progress: Progress | None = None,
    present: bool = False,
    following: bool = True,
) -> Iterator[tuple[Path, Mirror | None]]:
    """The folder of an index and, with `chroma`, the mirror that it is, for one writer at a time.

    A mirror is in step with its server when the block begins, but where `following` is False. IndexMissingError where
    `present` and there is no index; IndexBusyError while another process writes.
    """
    if chroma is None:
        root = Path(folder or FOLDER)
        refuse_mirror(root)
        if present:
            current_generation(root)
        with writing(root):
            yield root, None
        return
    say = progress or (lambda stage, done, total: None)
    mirror = Mirror(
        chroma, folder, patience_seconds=BUILDING_SECONDS,
        waiting=lambda _: say("waiting for the Chroma server", 0, 1), told=lambda what: say(what, 0, 1),
    )  # fmt: skip
    try:
        mirror.claim()
        mirror.server.rest.check()
        with writing(mirror.folder), mirror.writing():
            state = mirror.needed_state() if present else mirror.state()
            if following:
                _bring_in_step(mirror, state, embedder, progress)
            yield mirror.folder, mirror
    finally:
        mirror.close()


def follow(mirror: Mirror, embedder: Any = None) -> None:
    """Bring a mirror in step with its server, for reading. While another process of this machine writes to it, what it
    holds already goes on answering.

    IndexMissingError where the server has no index, IndexMismatchError where that belongs to another embedder or version.
    """
    mirror.claim()
    until = time.monotonic() + MIRROR_SECONDS
    while True:
        try:
            with writing(mirror.folder):
                return _bring_in_step(mirror, mirror.needed_state(), embedder, None)
        except IndexBusyError:
            try:
                current_generation(mirror.folder)
                return None
            except IndexMissingError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.2)


def _bring_in_step(mirror: Mirror, state: State | None, embedder: Any, progress: Progress | None) -> None:
    """Make the mirror hold what the server's state says; the caller holds the mirror's lock."""
    root = mirror.folder
    if state is None:
        # What counted here once has been deleted on the server; what an interrupted first build left is used.
        counted = (root / "CURRENT").exists()
        drop_generations(root, keep=lambda generation: not counted and _is_empty(generation))
        return
    for again in reversed(range(REREAD)):
        try:
            _follow(mirror, state, embedder, progress)
            mirror.followed = state.stamp
            return
        except IndexDamagedError:
            # A writer has published another state, and deleted pages of this one, or a file of the mirror is damaged.
            newer = mirror.needed_state()
            if not again or newer.stamp == state.stamp:
                raise
            state = newer


def _follow(mirror: Mirror, state: State, embedder: Any, progress: Progress | None) -> None:
    root = mirror.folder
    difference = generation = None
    try:
        generation = current_generation(root)
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
    drop_generations(root, keep=lambda other: _is_current(root, other))
    generation = new_generation(root, chosen)
    _note(generation, probe=state.probe, papers=state.papers)
    write_pages(generation, chosen, mirror.pages(state), replace=True, progress=progress, mirror=mirror, following=True)
    _note(generation, server_stamp=state.stamp)
    make_current(root, generation)


def _rebuild_server(
    folder: FilePath | None, chroma: Address | str, embedder: Any, progress: Progress | None
) -> BuildReport:
    """Build the index of a server anew from the pages that it keeps."""
    with changing(folder, chroma, progress=progress, present=True, following=False) as (root, mirror):
        assert mirror is not None
        state = mirror.needed_state()
        chosen = make_embedder(embedder if embedder is not None else state.embedder)
        # Of builds that were interrupted, what never counted is used.
        drop_generations(root, keep=lambda other: _is_current(root, other) or _is_empty(other))
        generation = new_generation(root, chosen)
        report = write_pages(generation, chosen, mirror.pages(state), replace=True, progress=progress, mirror=mirror)
        make_current(root, generation)
    return report


def _embedder_of(mirror: Mirror, state: State, embedder: Any) -> Embedder:
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
        return current_generation(root) == generation
    except IndexMissingError:
        return False


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
    mirror: Mirror | None = None,
    following: bool = False,
) -> BuildReport:
    """Put pages into a generation of an index, and take some out; the caller holds the lock of `writing`.

    `replace` takes out every page that is not among these, `removed` names pages to take out (InputError for one that is
    not there). In a `mirror` the pages count on its server first, but where it is only `following` that.
    """
    catalog = Catalog(generation)
    try:
        chosen = fitting_embedder(catalog, embedder)
        if mirror is not None and not following:
            mirror.settle(catalog)
        say = progress or (lambda stage, done, total: None)
        return _Build(catalog, chosen, say, mirror, following=following).run(pages, replace=replace, removed=removed)
    finally:
        catalog.close()


@dataclass(frozen=True, kw_only=True)
class _New:
    """A paper that the catalog does not know: its key there, itself, and where it is listed."""

    key: str
    paper: Paper
    places: list[Place]


class _Build:
    """One run of the builder over one generation. What it works out lies in the catalog; its memory holds a segment."""

    def __init__(
        self, catalog: Catalog, embedder: Embedder, progress: Progress, mirror: Mirror | None, *, following: bool
    ) -> None:
        self.catalog, self.embedder, self.progress = catalog, embedder, progress
        self.mirror, self.following = mirror, following
        self.vectors: PaperVectors = (
            VectorStore(catalog.folder / "chroma", create=catalog.is_empty())
            if mirror is None
            else mirror.vectors(catalog, writes=not following)
        )
        self.staged = catalog.folder / "staged"
        self.embedded = self.in_segment = 0

    def run(self, pages: Sequence[Page], *, replace: bool, removed: Sequence[str]) -> BuildReport:
        # 1. Stage the pages that are new or changed; they do not count yet.
        live = {name: (number, source, digest) for number, name, source, digest in self.catalog.live_pages()}
        unknown = [name for name in removed if name not in live]
        if unknown:
            raise InputError(f"The index has no page {unknown[0]!r}. Its pages are: {', '.join(live)}.")
        self.catalog.forget_pages_that_do_not_count()
        self._take_up()
        gone = {live[name][0] for name in removed}
        added: set[int] = set()
        names: list[str] = []
        for page in pages if self.following else _named(pages, {name: row[1:] for name, row in live.items()}):
            names.append(page.name)
            old = live.get(page.name)
            if old is None or old[2] != page.digest:
                added.add(self.catalog.stage_page(page, self._keyed(page), instead_of=old[0] if old else None))
                gone |= {old[0]} if old else set()
        if replace:
            gone |= {row[0] for name, row in live.items() if name not in names}
        # 2. Only titles on pages that come or go can change; embed what they bring, then let it all count at once.
        outdated = 0
        if added or gone:
            target = {row[0] for row in live.values()} - gone | added
            self._choose(target, self.catalog.touch(added | gone))
            outdated = len(self.catalog.outdated_numbers())
            self._commit(target)
            self._clean_up()
            if self.mirror is not None and not self.following:
                self.mirror.clean_up(self.catalog)
        return self._report(names, outdated)

    def _keyed(self, page: Page) -> Iterator[tuple[Listing, str]]:
        """The listings of a page, with the keys of their titles."""
        for i, listing in enumerate(page.listings()):
            if i % 512 == 0:
                self.progress("reading papers", i, page.listed)
            yield listing, title_key(listing.title)

    def _take_up(self) -> None:
        """What an interrupted build has embedded is used again; of an interrupted clean-up nothing can be."""
        in_parts = {number for part in self._parts(live=False).values() for number in part.numbers.tolist()}
        for path in self.staged.glob("*.npz"):
            numbers = _numbers_in(path)
            if in_parts.issuperset(numbers):
                path.unlink()
            else:
                self.in_segment += len(numbers)
                in_parts.update(numbers)
        dead = self.catalog.dead_papers()
        if dead:
            self._forget({number: key for number, key in dead.items() if number not in in_parts})

    def _choose(self, target: set[int], titles: int) -> None:
        """Choose the papers that the touched titles make, now that the pages in `target` count; embed those not known."""
        new: list[_New] = []
        known: list[tuple[int, Paper, list[Place]]] = []
        ids: dict[str, str] = {}
        for done, rows in enumerate(self.catalog.touched_listings(target)):
            if max(len(new), len(known)) >= BATCH:
                self.catalog.choose(known)
                self._embed(new, done, titles)
                new, known, ids = [], [], {}
            for paper, places in self._papers(rows, ids):
                key = _digest(paper)
                ids[paper.id] = key
                number = self.catalog.number_of_key(key)
                if number is None:
                    new.append(_New(key=key, paper=paper, places=places))
                else:
                    known.append((number, paper, places))
        self.catalog.choose(known)
        self._embed(new, titles, titles)

    def _papers(
        self, rows: Sequence[tuple[int, int, str, Listing]], ids: dict[str, str]
    ) -> Iterator[tuple[Paper, list[Place]]]:
        """The papers of one title's listings, each with an id that no other paper has, neither in the index nor among the
        `ids` (with their keys) that are about to be noted."""
        for found, members in make_papers([row[3] for row in rows], [row[2] for row in rows]):
            paper = found
            key = _digest(paper)
            number = self.catalog.number_of_key(key)
            others = {self.catalog.number_of(paper.id), self.catalog.chosen_as(paper.id)} - {None, number}
            if ids.get(paper.id, key) != key or not all(map(self.catalog.is_outdated, filter(None, others))):
                # Two files may use one id (a row number, say) for different papers.
                paper = replace(paper, id=f"{paper.id}-{key[:8]}")
            yield paper, [(rows[member][0], rows[member][1]) for member in members]

    def _embed(self, new: Sequence[_New], done: int, total: int) -> None:
        """Embed these papers, which survives an interruption from then on; `done` of `total` titles are worked out."""
        if new and not self.staged.exists():
            self.staged.mkdir()
        if new and not self.embedded:
            check_probe(self.catalog, self.embedder)
        texts = [_embedder_text(one.paper) for one in new]
        keys = [one.key for one in new]
        blocks = dict(self.vectors.known(keys))
        missing = [i for i, key in enumerate(keys) if key not in blocks]
        embedded = self.embedder.embed_papers([texts[i] for i in missing])
        for left, (i, block) in enumerate(zip(missing, embedded, strict=True), -len(missing)):
            self.progress("embedding", max(0, done + left), total)
            blocks[keys[i]] = block.astype(np.float16)
        self.progress("embedding", done, total)
        if not new:
            return
        numbers = self.catalog.next_numbers(len(new))
        _save_staged(self.staged, {number: blocks[key] for number, key in zip(numbers, keys, strict=True)})
        self.vectors.add(numbers, keys, [blocks[key] for key in keys])
        self.catalog.stage_papers(
            (number, one.key, one.paper, len(text.spans), _acronyms(one.paper))
            for number, one, text in zip(numbers, new, texts, strict=True)
        )
        self.catalog.choose((number, one.paper, one.places) for number, one in zip(numbers, new, strict=True))
        self.embedded += len(missing)
        self.in_segment += len(new)
        if self.in_segment >= SEGMENT:
            self._write_segment()

    def _write_segment(self) -> None:
        """Write what lies staged as a part of its own, which does not count yet."""
        paths = sorted(self.staged.glob("*.npz"))
        blocks = {number: block for path in paths for number, block in _load_staged(path)}
        numbers = sorted(self.catalog.papers(list(blocks)))
        if numbers:
            texts = (f"{mend(paper.title)[0]}. {paper.abstract}" for paper in _in_order(self.catalog, numbers))
            self.catalog.stage_part(write_part(self.catalog.folder, numbers, texts, (blocks[n] for n in numbers)))
        for path in paths:
            path.unlink()
        self.in_segment = 0

    def _commit(self, target: set[int]) -> None:
        """Merge parts so that few remain, and make everything count, in one transaction."""
        catalog = self.catalog
        self.progress("writing", 0, 1)
        self._write_segment()
        parts, staged = self._parts(live=True), self._parts(live=False)
        dead = np.union1d(_array(catalog.gone_numbers()), _array(catalog.outdated_numbers()))
        living = {name: np.setdiff1d(part.numbers, dead) for name, part in parts.items()}
        brought = [part.numbers for part in staged.values()]
        fresh = np.intersect1d(_array(catalog.chosen_numbers()), np.concatenate([_array([]), *brought]))
        # Parts that have lost more than half of their papers are written anew too.
        wasteful = {name for name, part in parts.items() if len(living[name]) * 2 < len(part.numbers)}
        sizes = {name: len(numbers) for name, numbers in living.items() if name not in wasteful}
        merged = wasteful | set(parts_to_merge(sizes, len(fresh)) if len(fresh) else ())
        inputs = [parts[name] for name in sorted(merged)] + list(staged.values())
        alive = np.sort(np.concatenate([fresh, *(living[name] for name in merged)]))
        if not merged and len(staged) == 1 and len(fresh) == len(brought[0]):
            part = next(iter(staged))
        else:
            part = merge_parts(catalog.folder, inputs, alive) if inputs else None
        left = [parts[name].numbers for name in parts if name not in merged]
        if self.mirror is not None and not self.following:
            self.mirror.publish(catalog, target)
        catalog.commit(target, part, merged, np.intersect1d(dead, np.concatenate([_array([]), *left])).tolist())
        self.progress("writing", 1, 1)

    def _clean_up(self) -> None:
        """Delete what no longer counts. Where this is interrupted, the next build does it."""
        shutil.rmtree(self.staged, ignore_errors=True)
        self._forget(self.catalog.dead_papers())
        self.vectors.close()
        names = set(self.catalog.part_names())
        for folder in self.catalog.folder.glob("part-*"):
            if folder.name not in names:
                shutil.rmtree(folder, ignore_errors=True)

    def _forget(self, dead: dict[int, str]) -> None:
        """Forget papers that do not count: the catalog first, since vectors without a paper do no harm."""
        if dead:
            self.catalog.forget_papers(dead)
            self.vectors.delete(dead)

    def _parts(self, *, live: bool) -> dict[str, Part]:
        return {name: Part(folder=self.catalog.folder / name) for name in self.catalog.part_names(live=live)}

    def _report(self, names: list[str], removed: int) -> BuildReport:
        """Count what the pages of this run hold, from the catalog as it is now."""
        listings, papers, merged, passages = self.catalog.tally(names)
        mends: dict[str, int] = {}
        mended = 0
        for original in self.catalog.mended(names):
            mended += 1
            for rule, times in mend(original)[1].items():
                mends[rule] = mends.get(rule, 0) + times
        count = self.catalog.count()
        return BuildReport(
            listings=listings,
            passages=passages,
            papers=papers,
            merged=merged,
            mended=mended,
            embedded=self.embedded,
            reused=papers - self.embedded if names else 0,
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


def _array(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray(numbers, np.int64)


def _save_staged(folder: Path, blocks: dict[int, NDArray[np.float16]]) -> None:
    path = folder / f"{min(blocks)}.npz"
    with path.with_suffix(".new").open("wb") as file:
        np.savez(file, allow_pickle=False, **{str(number): block for number, block in blocks.items()})
    os.replace(path.with_suffix(".new"), path)


def _numbers_in(path: Path) -> list[int]:
    with np.load(path) as blocks:
        return [int(name) for name in blocks.files]


def _load_staged(path: Path) -> Iterator[tuple[int, NDArray[np.float16]]]:
    with np.load(path) as blocks:
        for name in blocks.files:
            yield int(name), blocks[name]
