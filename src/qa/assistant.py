"""The assistant: a language model answers where there is one, quotes where there is none or where it stays away."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from qa.answer import Answer
from qa.calls import Calls
from qa.chain import Chain
from qa.errors import BudgetError, InputError, ModelError
from qa.history import Turn
from qa.language import is_english
from qa.model import Ended, as_model
from qa.prompts import SHOWN
from qa.quoter import Quoter
from qa.reading import PaperStates
from qa.receipts import Receipts
from qa.search import Index
from qa.writing import ledger_of

NO_MODEL = (
    "Without a language model, answers are made of quotes. To have one write them, set OPENAI_API_KEY or"
    " OPENAI_BASE_URL (command line), or pass model=… (Python)."
)
"""What every answer says in its notice where there is no model."""
ENGLISH = "The abstracts are in English, and without a language model so must be the question."


class Assistant:
    """Answers questions from an index. It keeps nothing of one question for the next; threads may share it.

    `model` is a llama-index LLM object, a callable that gets a list of {"role", "content"} and returns a str or an
    iterable of str, an `Endpoint`, or `Calls` that bring their own cache and limits; without one, answers are made of
    quotes. `papers` is how many papers the model is shown, `strict` leaves out what the abstracts do not support, and
    where the model stays away quotes take its place unless `fallback` is False.
    """

    def __init__(
        self, index: Index, model: Any = None, *, papers: int = SHOWN, strict: bool = False, fallback: bool = True
    ) -> None:
        if papers < 1:
            raise InputError(f"papers is {papers}, but a model must be shown at least one. Use papers={SHOWN}.")
        states = PaperStates(index.embedder)
        self.index = index
        self.quoter = Quoter(index, states)
        self.calls = model if isinstance(model, Calls) else Calls(as_model(model)) if model is not None else None
        self._chain = self.calls and Chain(index, self.calls, Receipts(states), papers=papers, strict=strict)
        self._fallback = fallback

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The answer to a question, after the turns in `history` (each a role and a content), oldest first.

        An answer in which `found` is False says that the abstracts do not hold one and names the nearest papers.
        InputError for a blank question or a turn that is none; ModelError where a model stays away and `fallback` is
        False.
        """
        *_, answer = self.stream(question, history)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[str | Answer]:
        """The answer as it is written: whole statements as text, each after it was checked, and at last the `Answer`
        that `ask` returns. The pieces joined are its `text`. Errors as for `ask`."""
        if not question.strip():
            raise InputError("The question is blank. Ask something, such as: Which papers train on a single GPU?")
        if self._chain is None:
            yield from self._quotes(question, history, NO_MODEL)
            return
        given, spent = False, list[Ended]()
        try:
            with closing(self._chain.stream(question, history, spent)) as pieces:
                for piece in pieces:
                    given = True
                    yield replace(piece, model=self.written_by) if isinstance(piece, Answer) else piece
        except ModelError as error:
            if given or not self._fallback:
                raise  # a model that fails so late breaks its contract; what was shown is not told again
            why = "Made of quotes, to save" if isinstance(error, BudgetError) else "Made of quotes"
            yield from self._quotes(question, history, f"{why}: {error}", spent)

    def _quotes(
        self, question: str, history: Sequence[Turn], why: str, spent: Sequence[Ended] = ()
    ) -> Iterator[str | Answer]:
        """An answer made of quotes; what the model took before it stayed away stands in its ledger."""
        answer = self.quoter.answer(question, history)
        if not is_english(question):
            why = f"{ENGLISH} {why}"
        ledger = ledger_of(spent, answer.ledger.seconds)
        return _in_pieces(replace(answer, notice=" ".join(filter(None, [answer.notice, why])), ledger=ledger))

    @property
    def written_by(self) -> str | None:
        """Which model answers and where, as in "gpt-4.1-mini at api.openai.com"; None without one."""
        if self.calls is None:
            return None
        model = self.calls.model
        return f"{model.name} at {model.host}" if model.host else model.name


def _in_pieces(answer: Answer) -> Iterator[str | Answer]:
    """An answer that is there as a whole, as if it came statement by statement."""
    start = 0
    for statement in answer.statements:
        marked = f"{statement.text} [{'] ['.join(map(str, statement.numbers))}]"
        end = answer.text.index(marked, start) + len(marked)
        yield answer.text[start:end]
        start = end
    if start < len(answer.text):
        yield answer.text[start:]
    yield answer
