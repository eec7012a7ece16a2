"""One page from a stream of bytes: read through once to check and count it, and again when its listings are wanted.

Records (JSON Lines, CSV) pass line by line and are never held as a whole; plain text and JSON arrays are.
"""

import codecs
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from qa.documents.paper import Entry
from qa.documents.plain_text import read_text
from qa.documents.records import LINE_LENGTH, Record, read_csv, read_json_array, read_json_lines
from qa.errors import InputError

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
"""The form by file extension; `.gz` may follow any of them."""
MAX_FILE_BYTES = 1 << 28
"""A page that is held in memory may have up to 256 MiB, unpacked: what is larger is a mistake or an attack."""
MAX_LISTED_FAULTS = 200
"""Faults of one page that are listed one by one."""
UNREADABLE = (OSError, EOFError, zlib.error)
"""Raised when reading a file that is missing, forbidden, or damaged."""

_BLANK = codecs.BOM_UTF8 + b" \t\r\n"
_CHUNK_BYTES = 1 << 16
"""The first bytes of a file decide whether it is text."""


class Digest(Protocol):
    """What `hashlib.sha256` gives."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


Opener = Callable[[], BinaryIO]
"""Opens the bytes of a page, unpacked, at their start, as often as it is called."""


class Skip(NamedTuple):
    """Something that could not be used: `where` is "page" or "page, line 3", `why` says what to do."""

    where: str
    why: str


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A page that was read through once and can be read again.

    `digest` identifies form and content, `listed` counts the entries, `skipped` lists what could not be used. `read` yields the
    listings in order, from the start whenever it is called; `kept` is what `text` returns.
    """

    name: str
    source: str
    form: str
    digest: str
    listed: int
    skipped: tuple[Skip, ...] = ()
    read: Callable[[], Iterator[Entry]] = field(repr=False, compare=False)
    kept: str | None = field(default=None, repr=False, compare=False)

    def listings(self) -> Iterator[Entry]:
        """The entries in order. InputError, at the latest after the last one, if the file has changed or is missing."""
        return self.read()

    def text(self) -> str | None:
        """The text of a plain-text page; None for records, whose listings say all."""
        return self.kept


def form_of(name: str) -> str | None:
    """The form of a file by its extension; None if unknown."""
    return FORMS.get(Path(name.lower().removesuffix(".gz")).suffix)


def read_source(data: bytes, *, name: str, source: str = "") -> SourceFile | Skip:
    """One page from the bytes of a file (unpacked), which it holds; a Skip where nothing of it can be used."""
    if len(data) > MAX_FILE_BYTES:
        return _too_large(name)
    return read_opened(lambda: io.BytesIO(data), name=name, source=source)


def parse_source(text: str, *, name: str, source: str, form: str) -> SourceFile | Skip:
    """A page from its text in a known form (`text`, `jsonl` or `csv`), which it holds; a Skip where it holds no paper."""
    if form == "text" or (form == "jsonl" and text.lstrip().startswith("[")):
        return _whole(text, name=name, source=source, form=form)
    data = text.encode("utf-8-sig")  # reading takes one byte order mark away
    return _streamed(lambda: io.BytesIO(data), name=name, source=source, form=form)


def read_opened(opener: Opener, *, name: str, source: str) -> SourceFile | Skip:
    """One page from what the opener opens; a Skip where nothing of it can be used.

    Raises OSError, EOFError and zlib.error, as reading does.
    """
    form = form_of(name) or "text"
    with opener() as stream:
        piece = head = stream.read(_CHUNK_BYTES)
        while piece and not piece.strip(_BLANK):
            piece = stream.read(_CHUNK_BYTES)
    if not piece:
        return Skip(name, "the file is empty: save the page again")
    if b"\0" in head or head[:4] in (b"%PDF", b"PK\x03\x04", b"\x89PNG"):
        return Skip(name, "a binary file, not text: save the page as plain text, JSON Lines or CSV")
    try:
        if form == "text" or (form == "jsonl" and piece.lstrip(_BLANK).startswith(b"[")):
            with opener() as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                return _too_large(name)
            return _whole(data.decode("utf-8-sig"), name=name, source=source, form=form)
        return _streamed(opener, name=name, source=source, form=form)
    except UnicodeDecodeError:
        return _not_utf8(opener, name)


def _whole(text: str, *, name: str, source: str, form: str) -> SourceFile | Skip:
    """A page whose listings are held: plain text, or one JSON array."""
    if form == "text":
        listings, faults = read_text(text)
    else:
        records = list(read_json_array(text))
        listings = [record for record in records if isinstance(record, Entry)]
        faults = [record for record in records if not isinstance(record, Entry)]
    digest = _digest(form)
    digest.update(text.encode())
    page = SourceFile(
        name=name,
        source=source,
        form=form,
        digest=digest.hexdigest(),
        listed=len(listings),
        skipped=_skips(name, faults[:MAX_LISTED_FAULTS], len(faults)),
        read=lambda: iter(listings),
        kept=text if form == "text" else None,
    )
    return page if page.listed or page.skipped else _no_papers(name)


def _streamed(opener: Opener, *, name: str, source: str, form: str) -> SourceFile | Skip:
    """A page of records, line by line: nothing is held but the first faults. UnicodeDecodeError where it is not UTF-8."""
    digest, listed, faulty = _digest(form), 0, 0
    faults: list[tuple[int, str]] = []
    with opener() as stream:
        for record in _records(stream, form, digest):
            if isinstance(record, Entry):
                listed += 1
            else:
                faulty += 1
                if faulty <= MAX_LISTED_FAULTS:
                    faults.append(record)
    found = digest.hexdigest()
    page = SourceFile(
        name=name,
        source=source,
        form=form,
        digest=found,
        listed=listed,
        skipped=_skips(name, faults, faulty),
        read=lambda: _reread(opener, source or name, form, found, listed),
    )
    return page if page.listed or page.skipped else _no_papers(name)


def _reread(opener: Opener, place: str, form: str, expected: str, listed: int) -> Iterator[Entry]:
    """The listings once more, and never more of them than were counted."""
    digest, count = _digest(form), 0
    changed = f"{place} changed while it was read. Run the same command again."
    try:
        with opener() as stream:
            for record in _records(stream, form, digest):
                if isinstance(record, Entry):
                    count += 1
                    if count > listed:
                        break
                    yield record
    except (*UNREADABLE, UnicodeDecodeError) as error:
        raise InputError(changed) from error
    if digest.hexdigest() != expected:
        raise InputError(changed)


def _records(stream: BinaryIO, form: str, digest: Digest) -> Iterator[Record]:
    lines = _lines(stream, form, digest)
    yield from read_csv(lines) if form == "csv" else read_json_lines(lines)
    for _ in lines:  # A broken table ends early, but the digest is that of the whole page.
        pass


def _lines(stream: BinaryIO, form: str, digest: Digest) -> Iterator[str | int]:
    """The lines with their ends (CSV knows three of them), and the length of each that is too long to be held."""
    newline, ends = ("", ("\n", "\r")) if form == "csv" else ("\n", ("\n",))
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline=newline)
    while line := text.readline(LINE_LENGTH + 1):
        digest.update(line.encode())
        length = len(line)
        if length <= LINE_LENGTH or line.endswith(ends):
            yield line
            continue
        while line and not line.endswith(ends):
            line = text.readline(_CHUNK_BYTES)
            digest.update(line.encode())
            length += len(line)
        yield length - len(line) + len(line.rstrip("\r\n"))


def _digest(form: str) -> Digest:
    return hashlib.sha256(f"{form}\0".encode())


def _skips(name: str, faults: Iterable[tuple[int, str]], count: int) -> tuple[Skip, ...]:
    """The faults one by one, and how many of `count` are not among them."""
    skips = [Skip(f"{name}, line {number}", why) for number, why in faults]
    if count > len(skips):
        more = count - len(skips)
        why = f"{more:,} more lines that cannot be used: check that this is a page of titles and abstracts"
        skips.append(Skip(name, why))
    return tuple(skips)


def _not_utf8(opener: Opener, name: str) -> Skip:
    """The position of the first byte that is not UTF-8, without the byte order mark."""
    decoder, line, start = codecs.getincrementaldecoder("utf-8")(), 1, 0
    with opener() as stream:
        piece = stream.read(_CHUNK_BYTES).removeprefix(codecs.BOM_UTF8)
        while True:
            try:
                decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                # The decoder may have kept bytes of the previous chunk.
                byte = start - (len(error.object) - len(piece)) + error.start
                line += error.object.count(b"\n", 0, error.start)
                return Skip(f"{name}, line {line}", f"not UTF-8 (byte {byte:,}): save the file as UTF-8")
            if not piece:
                return Skip(name, "changed while it was read: run the same command again")
            start, line = start + len(piece), line + piece.count(b"\n")
            piece = stream.read(_CHUNK_BYTES)


def _too_large(name: str) -> Skip:
    return Skip(name, f"larger than {MAX_FILE_BYTES >> 20:,} MiB: split the file")


def _no_papers(name: str) -> Skip:
    return Skip(name, "no title with an abstract was found: put each on a line of its own")
