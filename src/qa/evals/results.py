"""What an evaluation keeps: a row for every question, and the run that they belong to; both as JSON and back."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from qa.errors import InputError
from qa.evals.data.questions import ReferenceQuestion
from qa.evals.metrics.scorers import Scores

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A paper as a search ranked it: its score, and by how many standard deviations it lies above the usual in words, in
    the meaning of its abstract and in that of its best passages. `wanted` says that it is a reference paper."""

    title: str
    rank: int
    score: float
    words: float
    meaning: float
    passages: float
    wanted: bool


@dataclass(frozen=True, kw_only=True)
class StatementResult:
    """A statement of an answer, with what its check found."""

    text: str
    support: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A question as it was asked and scored. `reason` says why it failed, empty where nothing is to be said against it;
    `error` is the message of what was raised in its place, which scores 0 wherever more is better and as a wrong refusal."""

    question: ReferenceQuestion
    scores: Scores
    baselines: dict[str, Scores] = field(default_factory=dict[str, Scores])
    ranked: tuple[Ranked, ...] = ()
    asked: str = ""
    text: str = ""
    cited: tuple[str, ...] = ()
    found: bool | None = None
    likelihood: float | None = None
    said: tuple[StatementResult, ...] = ()
    reason: str = ""
    error: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.reason)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The row that `to_dict` gave these values; KeyError, TypeError and the like where they are not of that form."""
        read: dict[str, Any] = {
            "question": ReferenceQuestion.from_dict(values["question"]),
            "scores": _read_scores(values["scores"]),
            "baselines": {name: _read_scores(scores) for name, scores in values.get("baselines", {}).items()},
            "ranked": tuple(_read_ranked(paper) for paper in values.get("ranked", ())),
            "cited": tuple(_of_type(str, title) for title in _of_type(list, values.get("cited", []))),
            "said": tuple(_read_said(said) for said in values.get("said", ())),
            "found": _of_type(bool | None, values.get("found")),
            "likelihood": _of_type(float | int | None, values.get("likelihood")),
        }
        texts = {name: _of_type(str, values.get(name, "")) for name in ("asked", "text", "reason", "error")}
        return cls(**{**values, **read, **texts})


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The rows of one run, in the order of the questions. `papers` counts those of the index, and `fingerprint` tells
    whether two runs read the same texts."""

    mode: str
    split: str
    questions: str
    papers: int
    fingerprint: str
    rows: tuple[Row, ...]

    @property
    def failures(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.failed)

    def to_dict(self) -> dict[str, Any]:
        head = {name: value for name, value in self.__dict__.items() if name != "rows"}
        return {"format": FORMAT, **head, "rows": [row.to_dict() for row in self.rows]}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The evaluation that `to_dict` gave these values; InputError where they are not of that form."""
        try:
            if values["format"] != FORMAT:
                raise InputError(
                    f"This evaluation has format {values['format']!r}, but format {FORMAT} is read. Run it again."
                )
            return cls(
                mode=str(values["mode"]),
                split=str(values["split"]),
                questions=str(values["questions"]),
                papers=int(values["papers"]),
                fingerprint=str(values["fingerprint"]),
                rows=tuple(Row.from_dict(row) for row in _of_type(list, values["rows"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InputError(
                f"This is not a saved evaluation ({type(error).__name__}: {error}). Save one with: qa eval --json OUT.json"
            ) from error


def _read_scores(values: Any) -> Scores:
    return {name: float(score) for name, score in values.items()}


def _read_said(values: dict[str, Any]) -> StatementResult:
    return StatementResult(**{name: _of_type(str, values[name]) for name in ("text", "support", "reason")})


def _read_ranked(values: dict[str, Any]) -> Ranked:
    numbers: dict[str, Any] = {name: float(values[name]) for name in ("score", "words", "meaning", "passages")}
    rank, wanted = _of_type(int, values["rank"]), _of_type(bool, values["wanted"])
    return Ranked(**{**values, **numbers, "title": _of_type(str, values["title"]), "rank": rank, "wanted": wanted})


def _of_type(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{getattr(kind, '__name__', kind)} was expected, not {value!r:.40}")
    return value
