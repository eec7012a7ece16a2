"""Reference questions: one JSON object a line, written by hand for a corpus."""

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, cast

from qa.errors import InputError
from qa.json_types import is_object

KINDS = ("fact", "find", "multi", "none", "chat")
SPLITS = ("dev", "test")
STYLES = ("plain", "terse", "typos", "long", "nonnative")
_TEXTS = {"id": "", "kind": "", "question": "", "answer": "", "near": "", "split": "dev", "style": "plain"}


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

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The question in these values; ValueError or TypeError says what is wrong with which field."""
        if not is_object(values):
            raise TypeError("a JSON object was expected")
        if "unfinished" in values:
            raise ValueError("a draft: do what `unfinished` says, then delete that field")
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(f"unknown field {min(map(str, unknown))!r}")
        texts = {name: values.get(name, default) for name, default in _TEXTS.items()}
        wrong = [name for name, text in texts.items() if not isinstance(text, str)]
        if wrong:
            raise TypeError(f"{wrong[0]} is not a text")
        empty = [name for name in ("id", "kind", "question") if not texts[name].strip()]
        if empty:
            raise ValueError(f"{empty[0]} is missing")
        if texts["kind"] not in KINDS:
            raise ValueError(f"kind {texts['kind']!r} is not one of {', '.join(KINDS)}")
        question = cls(
            **texts,
            history=tuple(_turn(turn) for turn in _listed("history", values.get("history", ()))),
            facts=tuple(_spellings("facts", fact) for fact in _listed("facts", values.get("facts", ()))),
            papers=_spellings("papers", values.get("papers", ()), least=0),
        )
        if question.is_answerable != bool(question.papers):
            raise ValueError("papers must name the papers to cite, and be empty for kind none")
        return question


def read_questions(path: str | os.PathLike[str], *, split: str | None = None) -> list[ReferenceQuestion]:
    """The questions of a file (of one split, if given), in order; InputError names the line that is not of the form."""
    questions: list[ReferenceQuestion] = []
    places: dict[str, int] = {}
    try:
        # Not splitlines: a text may hold U+2028 and the like, which end no line of JSON Lines.
        lines = Path(path).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The questions {path} cannot be read ({error}). Name a JSON Lines file.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                question = ReferenceQuestion.from_dict(json.loads(line))
                if question.id in places:
                    raise ValueError(f"the id {question.id!r} is that of line {places[question.id]}")
            except (ValueError, TypeError, RecursionError) as error:
                raise InputError(
                    f"{path}, line {number} is not a reference question ({error}). See docs/evaluation.md."
                ) from error
            places[question.id] = number
            if split in (None, question.split):
                questions.append(question)
    return questions


def facts_found(facts: Sequence[Sequence[str]], text: str) -> float:
    """The fraction of the facts that a text states in some accepted spelling; 1 if there are no facts."""
    return 1 - len(facts_missing(facts, text)) / len(facts) if facts else 1.0


def facts_missing(facts: Sequence[Sequence[str]], text: str) -> list[Sequence[str]]:
    """The facts of which no accepted spelling occurs in the text.

    Letter case, the kind of dash, space or multiplication sign do not matter. A spelling begins where a word or number
    begins and its digits end where the number ends, so that "4.5" is neither in "14.5" nor in "4.57"; its letters may go
    on ("prune" is in "pruned").
    """
    plain = _plain(text)
    return [fact for fact in facts if not any(_states(plain, spelling) for spelling in fact)]


def _listed(name: str, values: Any) -> list[Any] | tuple[Any, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"{name} is not a list")
    return cast(list[Any] | tuple[Any, ...], values)


def _turn(turn: Any) -> dict[str, str]:
    if not is_object(turn) or not all(isinstance(turn.get(part), str) for part in ("role", "content")):
        raise TypeError("a turn of history is not of the form {role, content}")
    return {"role": turn["role"], "content": turn["content"]}


def _spellings(name: str, values: Any, least: int = 1) -> tuple[str, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"{name} is not a list of texts")
    texts = _listed(name, values)
    if len(texts) < least or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{name} is not a list of texts")
    if not all(text.strip() for text in texts):
        raise ValueError(f"{name} has an empty text")
    return tuple(texts)


def _states(plain: str, spelling: str) -> bool:
    wanted = _plain(spelling)
    # Looking for the bare spelling first spares nearly all the searches with its bounds.
    return bool(wanted) and wanted in plain and _bounded(wanted).search(plain) is not None


@lru_cache(maxsize=8192)
def _bounded(wanted: str) -> re.Pattern[str]:
    if wanted[0].isdigit():
        # A lone x before a number is a multiplication sign.
        start = r"(?:(?<!\w)|(?<=\bx))(?<!\d[.,])"
    else:
        start = r"(?<!\w)" if re.match(r"[^\W_]|[.,+-]\d", wanted) else ""
    end = r"(?!\d)(?![.,]\d)" if wanted[-1].isdigit() else ""
    return re.compile(start + re.escape(wanted) + end)


@lru_cache(maxsize=8192)
def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub("[\u2010-\u2015\u2212]", "-", text).replace("×", "x")
    return " ".join(text.split())
