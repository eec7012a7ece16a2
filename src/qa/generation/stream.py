"""Reads a model's reply as a stream: checks, numbers and yields each statement, and finally the whole answer.

Where the reply comes from, a model or a record, is not known here.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from qa.answer import NEAREST, Answer, Citation, Quote, Stage, Statement, Usage, refusal_text
from qa.context import ContextPaper
from qa.documents.paper import Paper, short_title
from qa.errors import ModelUnavailableError
from qa.generation.parse import ParsedStatement, ReplyReader
from qa.generation.prompts import SENTINEL
from qa.llm.base import StreamEnd
from qa.retrieval.late_interaction import TokenStateCache
from qa.text.sentences import Passage
from qa.verification.checker import StatementChecker


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """What a model is asked to answer: the question, as it is searched for where that differs, the papers shown, and
    the notice that the search makes. `seconds` is what it took to get there, by stage."""

    question: str
    rewritten: str | None
    shown: tuple[ContextPaper, ...]
    notice: str | None = None
    seconds: dict[str, float] = field(default_factory=dict[str, float])


def read_reply(
    task: GenerationRequest,
    pieces: Iterator[str | StreamEnd],
    states: TokenStateCache,
    *,
    strict: bool = False,
    started: float | None = None,
    spent: list[StreamEnd] | None = None,
) -> Iterator[Stage | Answer]:
    """The growing answer to a request, with one more statement each time one was checked, and finally the whole answer;
    and before it the stage "writing", when the first words came.

    `started` is when the question was asked (`time.perf_counter`), and `spent` has the calls before this one, to which
    it is added. ModelUnavailableError where the reply holds no statement, and whatever the pieces raise.
    """
    started = time.perf_counter() if started is None else started
    spent = [] if spent is None else spent
    begun = time.perf_counter()
    page = _AnswerBuilder(task, states, strict, spent)
    try:
        for item in page.read(pieces):
            if isinstance(item, Stage):
                yield item
                continue
            page.given += item
            page.first = page.first or time.perf_counter()
            yield page.answer(Usage())
    finally:
        close = getattr(pieces, "close", None)
        if close:
            close()  # closing the generator stops the model
    seconds = {**task.seconds, "writing": round(time.perf_counter() - begun - page.checking, 4)}
    seconds["checking"] = round(page.checking, 4)
    if page.first:
        seconds["first statement"] = round(page.first - started, 4)
    seconds["all"] = round(time.perf_counter() - started, 4)
    yield page.answer(usage_of(spent, seconds))


class _AnswerBuilder:
    """An answer while it is being written."""

    def __init__(self, task: GenerationRequest, states: TokenStateCache, strict: bool, spent: list[StreamEnd]) -> None:
        self._task, self._strict, self._spent = task, strict, spent
        self._check = StatementChecker(f"{task.question} {task.rewritten or ''}", task.shown, states)
        self._by_number = {shown.number: shown.paper for shown in task.shown}
        self._statements: list[Statement] = []
        self._cited: dict[int, tuple[int, list[Passage]]] = {}
        self._refused = False
        self._dropped = 0
        self.ended = StreamEnd()
        self.given, self.first, self.checking = "", 0.0, 0.0

    def read(self, pieces: Iterator[str | StreamEnd]) -> Iterator[str | Stage]:
        """What may be shown, as soon as it may, and when the first words came."""
        reader = ReplyReader({number: short_title(paper.title) for number, paper in self._by_number.items()})
        head: str | None = ""
        begun = False
        for piece in pieces:
            if isinstance(piece, StreamEnd):
                self.ended = piece
                self._spent.append(piece)
                break
            if not begun:
                begun = True
                yield Stage(name="writing")
            if head is not None:
                head += piece
                if _may_open_with_sentinel(head):
                    continue
            text = piece if head is None else self._without_sentinel(head)
            head = None
            for draft in reader.feed(text):
                yield from self._released(draft)
        drafts = reader.feed(self._without_sentinel(head)) if head else []
        drafts += reader.close(whole=self.ended.cut is None)
        for draft in drafts:
            yield from self._released(draft)
        if self._refused and not self.given:
            yield self._refusal()
        if not self.given and not self._dropped:
            why = self.ended.cut or "it is empty"
            raise ModelUnavailableError(f"The model's reply holds no statement: {why}. Ask again, or another model.")
        if not self.given:
            yield self._refusal()

    def _without_sentinel(self, head: str) -> str:
        opening = head.lstrip(_DECORATION)
        sentinel = _SENTINEL.match(opening)
        if not sentinel:
            return head
        self._refused = True
        return opening[sentinel.end() :].lstrip(_BEHIND)

    def _without_later_sentinel(self, text: str) -> str:
        """A statement's own words. Before the first statement, text before a sentinel is a preamble."""
        sentinel = _SENTINEL.search(text)
        if sentinel and not self.given:
            self._refused = True
            text = text[sentinel.end() :].lstrip(_BEHIND)
        return _SENTINEL.sub(" ", text)

    def _released(self, draft: ParsedStatement) -> Iterator[str]:
        """A statement with its numbers, if it is to be shown; a refusal keeps only the first that holds."""
        text = self._without_later_sentinel(draft.text)
        # What is not a label, such as [0], must not look like a marker.
        text = _MARKER.sub(r"(\1)", " ".join(text.split()))
        draft = replace(draft, text=text)
        if not re.search(r"\w", text) or (self._refused and self._statements):
            return
        started = time.perf_counter()
        checked = self._check.check(draft.text, draft.labels)
        self.checking += time.perf_counter() - started
        if checked.support == "unsupported" and (self._strict or self._refused):
            self._dropped += 1
            return
        numbers = tuple(dict.fromkeys(self._number(paper, passages) for paper, passages in checked.cited.items()))
        quotes = tuple(_quote(passage) for passages in checked.cited.values() for passage in passages)
        before = draft.before
        if self._refused:
            yield self._refusal()
            before = " "
        self._statements.append(
            Statement(text=draft.text, numbers=numbers, quotes=quotes, support=checked.support, reason=checked.reason)
        )
        marks = "".join(f" [{number}]" for number in numbers)
        yield f"{before if self.given else before.lstrip()}{draft.text}{marks}"

    def _number(self, shown: int, passages: Sequence[Passage]) -> int:
        number, kept = self._cited.setdefault(shown, (len(self._cited) + 1, []))
        kept.extend(passage for passage in passages if passage not in kept)
        return number

    def _refusal(self) -> str:
        return refusal_text(self._nearest())

    def _nearest(self) -> tuple[Paper, ...]:
        """The papers cited in a refusal, then those that the search put first."""
        papers = [self._by_number[shown] for shown in self._cited] + list(self._by_number.values())
        return tuple({paper.id: paper for paper in papers}.values())[:NEAREST]

    def answer(self, ledger: Usage) -> Answer:
        found = not self._refused and any(s.support in ("supported", "weak") for s in self._statements)
        return Answer(
            question=self._task.question,
            text=self.given,
            found=found,
            mode="model",
            statements=tuple(self._statements),
            citations=tuple(
                Citation(number=number, paper=self._by_number[shown], quotes=tuple(map(_quote, passages)))
                for shown, (number, passages) in self._cited.items()
            ),
            nearest=() if found else self._nearest(),
            answerable=float(found),
            rewritten=self._task.rewritten,
            notice=self._notice(found),
            ledger=ledger,
        )

    def _notice(self, found: bool) -> str | None:
        said = [self._task.notice] if self._task.notice else []
        if self.ended.cut:
            said.append(f"The reply was cut: {self.ended.cut}.")
        if self._dropped and not self._refused:
            count = f"{self._dropped} sentence{'s' if self._dropped > 1 else ''}"
            said.append(f"{count} not supported by the abstracts: left out.")
        elif not found and not self._refused and all(s.support == "absent" for s in self._statements):
            names = "; ".join(f"“{short_title(paper.title)}”" for paper in self._nearest())
            said.append(f"Closest papers: {names}.")
        elif not found and not self._refused:
            said.append("No sentence of this reply is supported by the abstracts.")
        return " ".join(said) or None


_DECORATION = " \n\r\t*`\"'“”_#>[(-"
_BEHIND = " \n\r\t*`\"'“”_#>-])<.:;,–—"
_SENTINEL = re.compile(SENTINEL.replace("_", r"\\?_"), re.IGNORECASE)
"""In Markdown an underscore may be escaped."""
_MARKER = re.compile(r"\[(\d+)\]")


def _may_open_with_sentinel(head: str) -> bool:
    """Whether more of the reply is needed to decide if it begins with the sentinel."""
    opening = head.lstrip(_DECORATION).replace("\\", "").upper()
    behind = opening[len(SENTINEL) :].strip(_BEHIND)
    return len(head) < 200 and not behind and SENTINEL.startswith(opening[: len(SENTINEL)])


def _quote(passage: Passage) -> Quote:
    return Quote(text=passage.text, start=passage.start, end=passage.end)


def usage_of(calls: Sequence[StreamEnd], seconds: dict[str, float]) -> Usage:
    """What these calls and stages took."""
    costs = [call.cost for call in calls]
    return Usage(
        seconds=seconds,
        tokens_in=sum(call.tokens_in or 0 for call in calls),
        tokens_out=sum(call.tokens_out or 0 for call in calls),
        calls=sum(not call.cached for call in calls),
        cache_hits=sum(call.cached for call in calls),
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
    )
