"""Reference questions: one JSON object a line, written by hand for a corpus."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import InputError

KINDS = ("fact", "find", "multi", "none", "chat")


@dataclass(frozen=True, kw_only=True)
class ReferenceQuestion:
    """A question with what a good answer holds: `facts` (each a list of accepted spellings) and `papers` (exact titles
    that must be cited; empty for a question that the corpus does not answer). `near` is the title of the paper whose
    abstract lacks the detail asked for, empty for a question off the topic."""

    id: str
    kind: str
    question: str
    history: tuple[dict[str, str], ...] = ()
    answer: str = ""
    facts: tuple[tuple[str, ...], ...] = ()
    papers: tuple[str, ...] = ()
    near: str = ""
    split: str = "dev"
    style: str = "plain"

    @property
    def is_answerable(self) -> bool:
        return self.kind != "none"


def read_questions(path: str | os.PathLike[str], *, split: str | None = None) -> list[ReferenceQuestion]:
    """The questions of a file (of one split, if given), in order; InputError names the line that is not of the form."""
    questions = []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The questions {path} cannot be read ({error}). Name a JSON Lines file.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                question = _question(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"{path}, line {number} is no reference question ({error}). See evals/README.md."
                ) from error
            if split in (None, question.split):
                questions.append(question)
    return questions


def facts_found(facts: Sequence[Sequence[str]], text: str) -> float:
    """Fraction of the facts of which some accepted spelling stands in the text, without regard to case; 1 for none."""
    lower = text.casefold()
    return sum(any(spelling.casefold() in lower for spelling in fact) for fact in facts) / len(facts) if facts else 1.0


def _question(values: dict[str, Any]) -> ReferenceQuestion:
    if values["kind"] not in KINDS:
        raise ValueError(f"kind {values['kind']!r}")
    return ReferenceQuestion(
        **{
            **values,
            "history": tuple(values.get("history", ())),
            "facts": tuple(tuple(fact) for fact in values.get("facts", ())),
            "papers": tuple(values.get("papers", ())),
        }
    )
