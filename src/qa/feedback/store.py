"""Thumbs up or down on an answer, with a note, one JSON object a line in a file of this machine's user.

Lines are only ever added: a vote changed later is one more line, and the last one of an answer counts. Nothing is sent
anywhere.
"""

import contextlib
import hashlib
import json
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from qa.answer import Answer
from qa.documents.paper import Paper
from qa.errors import InputError
from qa.retrieval.follow_up import Turn, read_turns

FORMAT = 1
LONGEST_NOTE = 2000
"""Characters of a note."""
LONGEST_TEXT = 20_000
"""Characters kept of a question, a reply or a turn before it."""
MOST_TURNS = 20
"""Turns kept before a question; older ones a follow-up does not lean on."""
WAIT_SECONDS = 10
"""Seconds to wait for the lock; writing a line takes milliseconds."""


@dataclass(frozen=True, kw_only=True)
class VotedPaper:
    """A paper that an answer cites, or names as near."""

    id: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """A vote on an answer. `when` is in UTC, to the second, as in 2026-01-31T12:00:00Z; `history` are the turns before
    the question, oldest first; `answer` is the reply's text; `cited` are the papers in the order of their numbers, and
    `nearest` those that a refusal names; `good` is the thumb."""

    answer_id: str
    when: str
    question: str
    answer: str
    found: bool
    mode: str
    good: bool
    history: tuple[Turn, ...] = ()
    model: str | None = None
    cited: tuple[VotedPaper, ...] = ()
    nearest: tuple[VotedPaper, ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The vote that `to_dict` gave these values; KeyError, TypeError or ValueError where they are not of that form."""
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']!r}")
        texts = {name: values[name] for name in ("answer_id", "when", "question", "answer", "mode", "note")}
        truths = {name: values[name] for name in ("found", "good")}
        model = values["model"]
        if not all(isinstance(text, str) for text in [*texts.values(), model or ""]):
            raise TypeError("a text was expected")
        if not all(isinstance(truth, bool) for truth in truths.values()):
            raise TypeError("true or false was expected")
        try:
            history = tuple({"role": role, "content": content} for role, content in read_turns(values["history"]))
        except InputError as error:
            raise ValueError(str(error)) from error
        papers: dict[str, Any] = {name: tuple(map(_read_paper, values[name])) for name in ("cited", "nearest")}
        return cls(**texts, **truths, **papers, history=history, model=model)


@dataclass(frozen=True, kw_only=True)
class Votes:
    """The votes in a file, the last on each answer, in the order in which they were cast; `damaged` is how many of its
    invalid lines."""

    votes: tuple[Feedback, ...] = ()
    damaged: int = 0


def answer_id(question: str, history: Sequence[Turn], text: str) -> str:
    """16 hexadecimal digits that identify this reply to this question after these turns."""
    value = json.dumps([FORMAT, question, read_turns(history), text])
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def feedback_on(answer: Answer, *, good: bool, note: str = "", history: Sequence[Turn] = ()) -> Feedback:
    """The vote of this moment on an answer, after the turns in `history`.

    A note is kept as one line of at most 2,000 characters without control characters. InputError for a turn that is
    none.
    """
    turns = [{"role": role, "content": content[:LONGEST_TEXT]} for role, content in read_turns(history)]
    return Feedback(
        answer_id=answer_id(answer.question, history, answer.text),
        when=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        question=answer.question[:LONGEST_TEXT],
        history=tuple(turns[-MOST_TURNS:]),
        answer=answer.text[:LONGEST_TEXT],
        found=answer.found,
        mode=answer.mode,
        model=answer.model,
        cited=tuple(_voted(citation.paper) for citation in answer.citations),
        nearest=tuple(_voted(paper) for paper in answer.nearest),
        good=good,
        note=_one_line(note),
    )


def keep(feedback: Feedback, file: str | Path) -> None:
    """Append a vote to a file, which is created, readable by its owner only, if it does not exist.

    Any number of threads and processes may do so at a time; a line is added whole or not at all. InputError where the
    file cannot be written.
    """
    path = Path(file)
    line = json.dumps(feedback.to_dict()).encode("ascii") + b"\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=WAIT_SECONDS, mode=0o600):
            _append(path, line)
    except Timeout as error:
        raise InputError(
            f"The feedback in {path} is being written by another process and could not be kept. Vote once more."
        ) from error
    except (OSError, ValueError) as error:
        raise _unusable(path, "written", error) from error


def read_feedback(file: str | Path) -> Votes:
    """The votes in a file; none if there is no such file. Invalid lines are skipped and counted.

    InputError where the file cannot be read.
    """
    last: dict[str, Feedback] = {}
    damaged = 0
    try:
        with Path(file).open("rb") as lines:
            for line in lines:
                try:
                    vote = Feedback.from_dict(json.loads(line)) if line.strip() else None
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                    damaged += 1
                    continue
                if vote:
                    last.pop(vote.answer_id, None)
                    last[vote.answer_id] = vote
    except FileNotFoundError:
        return Votes()
    except (OSError, ValueError) as error:
        raise _unusable(Path(file), "read", error) from error
    return Votes(votes=tuple(last.values()), damaged=damaged)


def _append(path: Path, line: bytes) -> None:
    """One write at the end; what a full disk cuts off is taken back."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        size = os.lseek(handle, 0, os.SEEK_END)
        if size:
            os.lseek(handle, -1, os.SEEK_END)
            if os.read(handle, 1) != b"\n":  # a process that was killed, or an editor, left a line without its end
                line = b"\n" + line
        try:
            whole = os.write(handle, line) == len(line)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, size)
            raise
        if not whole:
            os.ftruncate(handle, size)
            raise OSError(None, "the disk is full")
    finally:
        os.close(handle)


def _unusable(path: Path, what: str, error: Exception) -> InputError:
    why = getattr(error, "strerror", None) or error
    return InputError(f"The feedback in {path} cannot be {what} ({why}). Name another file in QA_FEEDBACK.")


def _one_line(note: str) -> str:
    plain = "".join(" " if c.isspace() else c for c in note if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join(plain.split())[:LONGEST_NOTE].rstrip()


def _voted(paper: Paper) -> VotedPaper:
    return VotedPaper(id=paper.id, title=paper.title)


def _read_paper(values: Any) -> VotedPaper:
    if not (isinstance(values["id"], str) and isinstance(values["title"], str)):
        raise TypeError("a paper was expected")
    return VotedPaper(id=values["id"], title=values["title"])
