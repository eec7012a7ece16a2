"""Finds the files behind paths, folders and patterns, decodes them, and hands each to the reader of its form."""

import glob
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from qa.papers import Listing
from qa.readers.records import read_csv, read_json_array, read_json_lines
from qa.readers.text import read_text

FORMS = {
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
}
"""How the end of a name tells the form; `.gz` may stand behind any of them."""
PAGE_BYTES = 1 << 28
"""A page, unpacked, may have up to 256 MiB (87,000 abstracts have about 120): what is larger is a mistake or an attack."""
MOST_FAULTS = 200
"""Faults of one page that are listed one by one."""


class Skip(NamedTuple):
    """Something that could not be used: `where` is "page" or "page, line 3", `why` says what to do."""

    where: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page that was read: `text` as decoded, its listings in order, what was left out, and where it came from."""

    name: str
    source: str
    text: str
    form: str
    listings: tuple[Listing, ...]
    skipped: tuple[Skip, ...] = field(default=())

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.form}\0{self.text}".encode()).hexdigest()


def find_files(paths: Sequence[str | os.PathLike[str]]) -> tuple[list[Path], list[Skip]]:
    """The files that the paths, folders and glob patterns name, each once, and what was not found.

    A folder gives the files in it (not in its subfolders) that end in a known way, by name. A pattern is tried
    after the plain name, so that a file called `a[1].txt` can be named.
    """
    found: dict[Path, None] = {}
    missing: list[Skip] = []
    for path in [os.fspath(path) for path in paths]:
        try:
            files = _files_behind(path)
        except OSError as error:
            missing.append(Skip(path, f"cannot be read ({error.strerror}): check the name and its permissions"))
            continue
        if not files:
            holds_nothing = "the folder holds no page: pages end in .txt, .md, .jsonl or .csv"
            not_there = "there is no such file: check the spelling and the folder you are in"
            missing.append(Skip(path, holds_nothing if os.path.isdir(path) else not_there))
        found.update(dict.fromkeys(Path(os.path.abspath(p)) for p in files))
    return list(found), missing


def _files_behind(path: str) -> list[Path]:
    """The files that one path names; a dangling link in a folder counts as a file, so that it is reported."""
    here = Path(path)
    if not path.strip():
        return []
    if path.startswith("~") and not os.path.lexists(path):
        here = Path(os.path.expanduser(path))
    if here.is_dir():
        return sorted(p for p in here.iterdir() if _form(p.name) and not p.name.startswith(".") and not p.is_dir())
    if os.path.lexists(here):
        return [here]
    return [p for p in map(Path, sorted(glob.glob(str(here)))) if p.is_file()]


def read_pages(paths: Sequence[str | os.PathLike[str]]) -> Iterator[Page | Skip]:
    """Every page behind the paths; a file that cannot be used gives a Skip and does not stop the others."""
    files, missing = find_files(paths)
    yield from missing
    for file, name in zip(files, short_names(files), strict=True):
        if file.exists() and not file.is_file():
            yield Skip(name, "not a file that can be read to its end: save the page as a file")
            continue
        try:
            data = _read_bytes(file)
        except (OSError, EOFError, zlib.error) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "the packed file is damaged"
            yield Skip(name, f"cannot be read ({reason}): check the file and its permissions")
            continue
        yield read_page(data, name=name, source=str(file))


def read_page(data: bytes, *, name: str, source: str = "") -> Page | Skip:
    """One page from the bytes of a file (unpacked); a Skip where nothing of it can be used."""
    if len(data) > PAGE_BYTES:
        return Skip(name, f"larger than {PAGE_BYTES >> 20:,} MiB: split the file")
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        return Skip(name, "the file is empty: save the page again")
    if b"\0" in data[:65536] or data[:4] in (b"%PDF", b"PK\x03\x04", b"\x89PNG"):
        return Skip(name, "a binary file, not text: save the page as plain text, JSON Lines or CSV")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Skip(f"{name}, line {line}", f"not UTF-8 (byte {error.start:,}): save the file as UTF-8")
    return parse_page(text, name=name, source=source, form=_form(name) or "text")


def parse_page(text: str, *, name: str, source: str, form: str) -> Page | Skip:
    """A page from its text in a known form (`text`, `jsonl` or `csv`); a Skip where it holds no paper."""
    if form == "text":
        listings, faults = read_text(text)
    else:
        if form == "csv":
            records = list(read_csv(text))
        elif text.lstrip().startswith("["):
            records = list(read_json_array(text))
        else:
            records = list(read_json_lines(text.split("\n")))
        listings = [record for record in records if isinstance(record, Listing)]
        faults = [record for record in records if not isinstance(record, Listing)]
    skipped = tuple(Skip(f"{name}, line {number}", why) for number, why in faults[:MOST_FAULTS])
    if len(faults) > MOST_FAULTS:
        more = len(faults) - MOST_FAULTS
        skipped += (
            Skip(name, f"{more:,} more lines that cannot be used: check that this is a page of titles and abstracts"),
        )
    if not listings and not skipped:
        return Skip(name, "no title with an abstract was found: put each on a line of its own")
    return Page(name=name, source=source, text=text, form=form, listings=tuple(listings), skipped=skipped)


def short_names(files: Iterable[Path]) -> list[str]:
    """For each file its name, with as many of its folders in front as it takes to tell it from the others."""
    files = list(files)
    depth = dict.fromkeys(files, 1)
    while True:
        names = {file: "/".join(file.parts[-depth[file] :]).lstrip("/") for file in files}
        taken: dict[str, list[Path]] = {}
        for file, name in names.items():
            taken.setdefault(name, []).append(file)
        clashes = [
            file for group in taken.values() if len(group) > 1 for file in group if depth[file] < len(file.parts)
        ]
        if not clashes:
            return [names[file] for file in files]
        for file in clashes:
            depth[file] += 1


def _form(name: str) -> str | None:
    return FORMS.get(Path(name.lower().removesuffix(".gz")).suffix)


def _read_bytes(file: Path) -> bytes:
    if file.name.lower().endswith(".gz"):
        with gzip.open(file) as packed:
            return packed.read(PAGE_BYTES + 1)
    with file.open("rb") as plain:
        return plain.read(PAGE_BYTES + 1)
