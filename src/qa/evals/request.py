"""What `qa eval` is asked to do, and what comes out."""

from collections.abc import Callable
from dataclasses import dataclass

from qa.assistant import Assistant
from qa.retrieval.search import Index


@dataclass(frozen=True, kw_only=True)
class Request:
    """An evaluation as it was asked for; paths are as typed, None where nothing was."""

    questions: str
    mode: str
    split: str
    kinds: tuple[str, ...]
    limit: int | None
    jobs: int
    json: str | None
    against: str | None
    gate: bool
    report: str | None
    record: str | None
    accept: bool
    strict: bool = False
    assistant: Callable[[Index], Assistant] | None = None
    """Makes the assistant of mode `model`; `strict` is for mode `replay`."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is printed: the text, notes, and the scores below their thresholds."""

    text: str
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
