"""Which generation of an index counts, who may write it, and whether an embedder fits it."""

import hashlib
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from qa.embedding.adapters import make_embedder
from qa.embedding.base import Embedder
from qa.errors import IndexBusyError, IndexDamagedError, IndexMismatchError, IndexMissingError, InputError
from qa.index.catalog import Catalog
from qa.index.schema import FORMAT
from qa.text.sentences import RULES_VERSION

FOLDER = "index/chroma"
"""The default folder of an index."""
FilePath = str | os.PathLike[str]
MARKER = "MIRROR"
"""The file that says of which Chroma server a folder is the mirror."""

PROBE = "How do graph neural networks keep their accuracy on large graphs?"
"""Embedded when the index is made and again when it is used: the two vectors must agree."""
PROBE_SIMILARITY = 0.99
"""Cosine. Processors differ in the last digits only, other weights by much more; the model's card gives .993 for
arithmetic in int8, which also is another model to an index."""


def current_version(root: Path) -> Path:
    """The folder of the current version; IndexMissingError if there is no index."""
    try:
        name = (root / "CURRENT").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        name = ""
    if not name.startswith("g-") or not (root / name).is_dir():
        raise IndexMissingError(f"No index in {root}. Build one from your files: qa index FILES… --index {root}")
    return root / name


def new_version(root: Path, embedder: Embedder) -> Path:
    """A folder for this embedder and these rules next to the current version; the rest of an interrupted build is reused."""
    spec = f"{FORMAT}\0{RULES_VERSION}\0{embedder.name}\0{embedder.dimension}"
    name = f"g-{hashlib.sha256(spec.encode()).hexdigest()[:10]}"
    try:
        if current_version(root).name == name:
            name += "-b"  # two names take turns when an index is rebuilt with the embedder it has
    except IndexMissingError:
        pass
    generation = root / name
    generation.mkdir(exist_ok=True)
    catalog = Catalog(generation, create=True)
    try:
        if catalog.meta("embedder") is None:
            probe = embedder.embed_question(PROBE).astype("<f4").tobytes()
            with catalog.transaction():
                catalog.set_meta(embedder=embedder.name, dimension=embedder.dimension, rules=RULES_VERSION, probe=probe)
    finally:
        catalog.close()
    return generation


def make_current(root: Path, generation: Path) -> None:
    """Make this generation count, in one step, and delete the others."""
    new = root / "CURRENT.new"
    new.write_text(generation.name + "\n", encoding="ascii")
    os.replace(new, root / "CURRENT")
    for other in root.glob("g-*"):
        if other != generation:
            shutil.rmtree(other, ignore_errors=True)


def fitting_embedder(catalog: Catalog, embedder: Any) -> Embedder:
    """The embedder that built this generation, made from its recorded name where none is given.

    IndexMismatchError where another one is given, or where the rules have changed. Loads and embeds nothing.
    """
    root, recorded, rules = catalog.folder.parent, catalog.meta("embedder"), catalog.meta("rules")
    if embedder is None and str(recorded).startswith("llama-index:"):
        raise IndexMismatchError(
            f"The index in {root} was built with the embedder {recorded}, which only Python can make."
            " Pass the object: open_index(folder, embedder=…)"
        )
    chosen = make_embedder(recorded if embedder is None else embedder)
    if chosen.name != recorded:
        raise IndexMismatchError(
            f"The index in {root} was built with the embedder {recorded}, not {chosen.name}."
            f" To build it again with the other one: qa index --rebuild --index {root} --embedder {chosen.name}"
        )
    if (catalog.meta("format"), rules) != (FORMAT, RULES_VERSION):
        raise IndexMismatchError(
            f"The index in {root} was built by another version of abstracts-qa (rules {rules}, now {RULES_VERSION})."
            f" To build it again: qa index --rebuild --index {root}"
        )
    return chosen


def check_probe(catalog: Catalog, embedder: Embedder) -> None:
    """IndexMismatchError where the embedder's weights are not those that built the index. Costs one embedding."""
    recorded = np.frombuffer(catalog.meta("probe"), "<f4")
    probe = embedder.embed_question(PROBE)
    if probe.shape != recorded.shape or float(probe @ recorded) < PROBE_SIMILARITY:
        root = catalog.folder.parent
        raise IndexMismatchError(
            f"The embedder {embedder.name} no longer gives the vectors that the index in {root} was built with."
            f" To build it again: qa index --rebuild --index {root}"
        )


@contextmanager
def writing(root: Path) -> Generator[None, None, None]:
    """The index folder, made if need be, for one writer at a time; a failing disk becomes one clear error.

    IndexBusyError while another process (or thread) writes, IndexDamagedError where the folder cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / "lock", timeout=0)
        with lock:
            yield
    except Timeout as error:
        raise IndexBusyError(
            f"Another process is building the index in {root}. Wait until it is done, then try again."
        ) from error
    except OSError as error:
        raise IndexDamagedError(
            f"The index in {root} cannot be written ({error.strerror or error}). Free some space or choose another folder"
            " (--index FOLDER), then run the same command again: nothing is lost."
        ) from error


def refuse_mirror(folder: Path) -> None:
    """InputError where a folder that is to be an ordinary index is the mirror of a server."""
    said = read_pointer(folder / MARKER)
    if said is not None:
        raise InputError(
            f"The folder {folder} is a mirror of the Chroma server at {said}. Add --chroma {said.split(' ')[0]}, or name another folder."
        )


def read_pointer(path: Path) -> str | None:
    """The text of a small file; None if it does not exist."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}). Name another folder with --index.") from error
