"""Answers with a language model, or with quotes when there is no model or it is unavailable."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from qa.answer import Answer, Stage
from qa.context import CONTEXT_PAPERS
from qa.errors import BudgetError, InputError, ModelError
from qa.extractive.answerer import ExtractiveAnswerer
from qa.generation.pipeline import GroundedGeneration
from qa.generation.stream import usage_of
from qa.llm.base import StreamEnd, as_model
from qa.llm.client import MeteredModel
from qa.retrieval.follow_up import Turn
from qa.retrieval.late_interaction import TokenStateCache
from qa.retrieval.search import Index
from qa.text.language import is_english

NO_MODEL = (
    "Answers are quoted from the abstracts. To add a language model, set OPENAI_API_KEY or"
    " OPENAI_BASE_URL (command line, page), or pass model=… (Python)."
)
"""What every answer says in its notice where there is no model."""
ENGLISH = "The abstracts are in English, and without a language model so must be the question."


class Assistant:
    """Answers questions from an index. It keeps nothing of one question for the next; threads may share it.

    `model` is a llama-index LLM object, a callable that gets a list of {"role", "content"} and returns a str or an
    iterable of str, an `Endpoint`, or `MeteredModel` that bring their own cache and limits; without one, answers are made of
    quotes. `papers` is how many papers the model is shown, `strict` leaves out what the abstracts do not support, and
    when the model is unavailable the answer is made of quotes, unless `fallback` is False.
    """

    def __init__(
        self,
        index: Index,
        model: Any = None,
        *,
        papers: int = CONTEXT_PAPERS,
        strict: bool = False,
        fallback: bool = True,
    ) -> None:
        if papers < 1:
            raise InputError(
                f"papers is {papers}, but a model must be shown at least one. Use papers={CONTEXT_PAPERS}."
            )
        states = TokenStateCache(index.embedder)
        self.index = index
        self.quoter = ExtractiveAnswerer(index, states)
        self.calls = (
            model if isinstance(model, MeteredModel) else MeteredModel(as_model(model)) if model is not None else None
        )
        self.papers, self.strict = papers, strict
        self._chain = self.calls and GroundedGeneration(index, self.calls, states, papers=papers, strict=strict)
        self._fallback = fallback

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The answer to a question, after the turns in `history` (each a role and a content), oldest first.

        An answer in which `found` is False says that the abstracts do not hold one and names the nearest papers.
        InputError for a blank question or an invalid turn; ModelError when the model is unavailable and `fallback` is
        False.
        """
        *_, answer = self.stream(question, history)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[str | Answer]:
        """The answer as it is written: whole statements as text, each after it was checked, and at last the `Answer`
        that `ask` returns. The pieces joined are its `text`. Errors as for `ask`."""
        given, answer = "", None
        with closing(self.watch(question, history)) as items:
            for item in items:
                if isinstance(item, Answer):
                    answer = item
                    if item.mode == "quotes":
                        yield from _pieces(item)
                    elif item.text != given:
                        yield item.text[len(given) :]
                        given = item.text
        assert answer is not None
        yield answer

    def watch(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        about: str | None = None,
        papers: int | None = None,
        strict: bool | None = None,
        fresh: bool = False,
    ) -> Generator[Stage | Answer, None, None]:
        """What is being done, as stages; and the answer as it grows, each time with one statement more, each checked;
        the last item is the answer that `ask` returns.

        `about` is the id of the one paper that this question is asked of; `papers` and `strict` are those of this
        question alone; `fresh` asks the model again where a reply is cached. Errors as for `ask`, and InputError for a
        paper that the index does not have.
        """
        if not question.strip():
            raise InputError("The question is blank. Ask something, such as: Which papers train on a single GPU?")
        if self._chain is None:
            yield Stage(name="searching")
            yield self._quotes(question, history, about, NO_MODEL)
            return
        given, spent = False, list[StreamEnd]()
        try:
            stages = self._chain.watch(question, history, spent, about=about, papers=papers, strict=strict, fresh=fresh)
            with closing(stages):
                for item in stages:
                    given = given or isinstance(item, Answer)
                    yield replace(item, model=self.written_by) if isinstance(item, Answer) else item
        except ModelError as error:
            if given or not self._fallback:
                raise  # failure after output started: what was shown is not repeated
            why = (
                "Budget reached; showing quotes instead" if isinstance(error, BudgetError) else "Showing quotes instead"
            )
            yield self._quotes(question, history, about, f"{why}: {error}", spent)

    def _quotes(
        self, question: str, history: Sequence[Turn], about: str | None, why: str, spent: Sequence[StreamEnd] = ()
    ) -> Answer:
        """An answer made of quotes; `ledger` includes what the failed model call used."""
        answer = self.quoter.answer(question, history, about)
        if not is_english(question):
            why = f"{ENGLISH} {why}"
        ledger = usage_of(spent, answer.ledger.seconds)
        return replace(answer, notice=" ".join(filter(None, [answer.notice, why])), ledger=ledger)

    @property
    def written_by(self) -> str | None:
        """Which model answers and where, as in "gpt-4.1-mini at api.openai.com"; None without one."""
        if self.calls is None:
            return None
        model = self.calls.model
        return f"{model.name} at {model.host}" if model.host else model.name


def _pieces(answer: Answer) -> Iterator[str]:
    """The text of an answer that is there as a whole, as if it came statement by statement."""
    before = ""
    for text, statement in answer.segments():
        if statement is None:
            before = text
        else:
            yield before + text
            before = ""
    if before:
        yield before
