"""Answers with a language model: rewrites the question, retrieves papers, asks the model, checks the reply.

It knows no endpoint and no fallback; a model that fails before a statement was given raises ModelError.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from qa.answer import Answer, Stage, refusal_text
from qa.context import CONTEXT_PAPERS
from qa.errors import TooLongError
from qa.generation.prompts import (
    QUESTION_TOKENS,
    REPLY_TOKENS,
    answer_messages,
    context_within,
    escape_untrusted,
    rewrite_messages,
    rewritten_question,
)
from qa.generation.stream import GenerationRequest, read_reply, usage_of
from qa.llm.base import StreamEnd
from qa.llm.client import MeteredModel
from qa.retrieval.follow_up import Turn, read_turns, stand_alone
from qa.retrieval.late_interaction import TokenStateCache
from qa.retrieval.search import Index, reading_notice
from qa.text.cleanup import replace_surrogates
from qa.text.language import is_english


class GroundedGeneration:
    """Answers questions by a language model. It keeps nothing of one question for the next; threads may share it."""

    def __init__(
        self,
        index: Index,
        calls: MeteredModel,
        states: TokenStateCache,
        *,
        papers: int = CONTEXT_PAPERS,
        strict: bool = False,
    ) -> None:
        self.index, self._calls, self._states = index, calls, states
        self._papers, self._strict = papers, strict

    def watch(
        self,
        question: str,
        history: Sequence[Turn] = (),
        spent: list[StreamEnd] | None = None,
        *,
        papers: int | None = None,
        strict: bool | None = None,
        about: str | None = None,
        fresh: bool = False,
    ) -> Generator[Stage | Answer, None, None]:
        """Stages and the growing answer; the last item is the whole answer. See `Assistant.watch`.

        Every call is added to `spent`, so that it is known also where there will be no answer.
        """
        started = time.perf_counter()
        spent = [] if spent is None else spent
        strict = self._strict if strict is None else strict
        task = yield from self._prepared(question, history, spent, papers or self._papers, about)
        if not task.shown:
            text = refusal_text(())
            ledger = usage_of(spent, {**task.seconds, "all": round(time.perf_counter() - started, 4)})
            yield Answer(
                question=question, text=text, found=False, mode="model", rewritten=task.rewritten, ledger=ledger
            )
            return
        try:
            yield from self._asked(task, started, spent, strict, fresh)
        except TooLongError:
            # Once more with the better half of the papers: small models read little.
            fewer = task.shown[: len(task.shown) // 2]
            if not fewer:
                raise
            yield from self._asked(replace(task, shown=fewer), started, spent, strict, fresh)

    def prepare(self, question: str, history: Sequence[Turn] = ()) -> GenerationRequest:
        """The standalone question and the papers for it."""
        stages = self._prepared(question, history, [], self._papers, None)
        while True:
            try:
                next(stages)
            except StopIteration as done:
                return done.value

    def _prepared(
        self, question: str, history: Sequence[Turn], spent: list[StreamEnd], papers: int, about: str | None
    ) -> Generator[Stage, None, GenerationRequest]:
        """As `prepare`, of the paper `about` alone where one is given; a call that this took is added to `spent`."""
        started = time.perf_counter()
        clean = replace_surrogates(question)
        turns, rewritten = read_turns(history), None
        needs_rewriting = bool(turns) or not is_english(clean)
        if needs_rewriting:
            yield Stage(name="rewriting")
            reply, ended = self._whole_reply(clean, turns)
            spent.append(ended)
            # Half a question would be searched for as if it were the whole: of a cut reply only whole lines count.
            rewritten = rewritten_question(reply if ended.cut is None else reply.rpartition("\n")[0])
            rewritten = rewritten or escape_untrusted(stand_alone(clean, history, self.index).text)
            rewritten = None if rewritten == escape_untrusted(clean) else rewritten
        written = time.perf_counter()
        yield Stage(name="searching")
        search = self.index.find(rewritten or clean, papers, paper=about)
        seconds = {"search": round(time.perf_counter() - written, 4)}
        if needs_rewriting:
            seconds = {"rewriting": round(written - started, 4), **seconds}
        return GenerationRequest(
            question=question,
            rewritten=rewritten,
            shown=context_within([hit.paper for hit in search.hits]),
            notice=reading_notice(search),
            seconds=seconds,
        )

    def _whole_reply(self, question: str, turns: Sequence[tuple[str, str]]) -> tuple[str, StreamEnd]:
        *pieces, ended = self._calls.stream(rewrite_messages(question, turns), reply_tokens=QUESTION_TOKENS)
        assert isinstance(ended, StreamEnd)
        return "".join(map(str, pieces)), ended

    def _asked(
        self, task: GenerationRequest, started: float, spent: list[StreamEnd], strict: bool, fresh: bool
    ) -> Iterator[Stage | Answer]:
        yield Stage(name="reading", papers=len(task.shown))
        messages = answer_messages(task.question, task.shown, task.rewritten)
        pieces = self._calls.stream(messages, reply_tokens=REPLY_TOKENS, fresh=fresh)
        yield from read_reply(task, pieces, self._states, strict=strict, started=started, spent=spent)
