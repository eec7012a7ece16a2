"""Finds the files behind paths, folders and patterns, names each, and has it read as a page."""

import glob
import gzip
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from qa.documents.pages import UNREADABLE, Skip, SourceFile, form_of, read_opened


def find_files(paths: Sequence[str | os.PathLike[str]]) -> tuple[list[Path], list[Skip]]:
    """The files that the paths, folders and glob patterns name, each once, and what was not found.

    A folder gives the files in it (not in its subfolders) that end in a known way, by name. A pattern is tried
    after the plain name, so that a file called `a[1].txt` can be named.
    """
    found: dict[Path, None] = {}
    missing: list[Skip] = []
    for path in [os.fspath(path) for path in paths]:
        try:
            files = _files_of(path)
        except OSError as error:
            missing.append(Skip(path, f"cannot be read ({error.strerror}): check the name and its permissions"))
            continue
        if not files:
            holds_nothing = "the folder holds no page: pages end in .txt, .md, .jsonl or .csv"
            not_there = "no such file: check the spelling and the current folder"
            missing.append(Skip(path, holds_nothing if os.path.isdir(path) else not_there))
        found.update(dict.fromkeys(Path(os.path.abspath(p)) for p in files))
    return list(found), missing


def _files_of(path: str) -> list[Path]:
    """The files that one path names; a dangling link in a folder counts as a file, so that it is reported."""
    here = Path(path)
    if not path.strip():
        return []
    if path.startswith("~") and not os.path.lexists(path):
        here = Path(os.path.expanduser(path))
    if here.is_dir():
        return sorted(p for p in here.iterdir() if form_of(p.name) and not p.name.startswith(".") and not p.is_dir())
    if os.path.lexists(here):
        return [here]
    return [p for p in map(Path, sorted(glob.glob(str(here)))) if p.is_file()]


def read_sources(paths: Sequence[str | os.PathLike[str]]) -> Iterator[SourceFile | Skip]:
    """Every page behind the paths; a file that cannot be used gives a Skip and does not stop the others."""
    files, missing = find_files(paths)
    yield from missing
    for file, name in zip(files, short_names(files), strict=True):
        if file.exists() and not file.is_file():
            yield Skip(name, "not a file that can be read to its end: save the page as a file")
            continue
        try:
            found = read_opened(partial(_open, file), name=name, source=str(file))
        except UNREADABLE as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "the packed file is damaged"
            found = Skip(name, f"cannot be read ({reason}): check the file and its permissions")
        yield found


def short_names(files: Iterable[Path]) -> list[str]:
    """For each file its name, with as many parent folders as make it unique."""
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


def _open(file: Path) -> BinaryIO:
    """The bytes of a file, unpacked."""
    return cast(BinaryIO, gzip.open(file)) if file.name.lower().endswith(".gz") else file.open("rb")
