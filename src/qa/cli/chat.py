"""A conversation on a terminal: questions, answers as they are written, and commands that begin with a slash.

In a pipe each line is a question, and nothing is prompted.
"""

import contextlib
import difflib
import importlib
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO, cast

from qa.answer import Answer
from qa.console.format import paper_text, papers_text, quotes_text, show_answer
from qa.console.terminal import as_json, escape_terminal
from qa.errors import InputError, QAError
from qa.export import to_bibtex, to_markdown
from qa.retrieval.follow_up import Turn

PROMPT = "> "
LEAVING = ("/quit", "/exit")
HELP = """\
Type a question; the next one leans on it. Commands:

  /papers             the papers that the last answer cites, or those nearest to the question
  /quotes [N]         the words of the abstracts that the last answer leans on, or those of its paper N
  /export FILE.md     write the conversation to a file, with papers and quotes (/export! over one that exists)
  /bibtex [FILE.bib]  the papers cited in the conversation as BibTeX
  /json FILE          write the last answer as `qa verify` reads it
  /new                start a new conversation
  /help               show this
  /quit               end, as Ctrl-D does

Ctrl-C stops the answer that is being written."""


class Answers(Protocol):
    """What a conversation needs of an assistant; `calls` are None where it has no model."""

    calls: Any

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[str | Answer]: ...


class Conversation:
    """The turns so far, and what to do about a line that was typed. Answers go to stdout, errors to stderr."""

    def __init__(self, assistant: Answers) -> None:
        self.assistant = assistant
        self.answers: list[Answer] = []
        self._told: str | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "/papers": self._papers, "/quotes": self._quotes, "/new": self._new, "/help": lambda _: print(HELP),
        }  # fmt: skip
        self._writing: dict[str, Callable[[str, bool], None]] = {
            "/export": self._export, "/bibtex": self._bibtex, "/json": self._json,
        }  # fmt: skip

    @property
    def turns(self) -> list[Turn]:
        """Questions and answers in order, as an assistant takes them for history."""
        turns: list[Turn] = []
        for answer in self.answers:
            turns.append({"role": "user", "content": answer.question})
            turns.append({"role": "assistant", "content": answer.text})
        return turns

    def hear(self, line: str) -> bool:
        """Do what a line asks for; False where it ends the conversation. What goes wrong is said in one line."""
        line = line.strip()
        typed, _, rest = line.partition(" ")
        name, rest = typed.lower(), rest.strip()
        if name in LEAVING:
            return False
        try:
            if not line.startswith("/"):
                if line:
                    self._ask(line)
            elif name in self._commands:
                self._commands[name](rest)
            elif name.removesuffix("!") in self._writing:
                self._writing[name.removesuffix("!")](rest, name.endswith("!"))
            else:
                raise InputError(self._unknown(typed))
        except QAError as error:
            print(f"qa: {escape_terminal(str(error))}", file=sys.stderr, flush=True)
        return True

    def _ask(self, question: str) -> None:
        answer = show_answer(self.assistant.stream(question, self.turns), told=self._told)
        print()
        self.answers.append(answer)
        # How to add a model is worth saying once; why a model stayed away, each time.
        self._told = answer.notice if self.assistant.calls is None else None

    def _unknown(self, typed: str) -> str:
        near = difflib.get_close_matches(typed.lower(), [*self._commands, *self._writing, *LEAVING], n=1)
        advice = f"Did you mean {near[0]}? " if near else ""
        return (
            f"Unknown command {typed[:40]}. {advice}/help lists all commands; a question does not start with a slash."
        )

    def _last(self) -> Answer:
        if not self.answers:
            raise InputError("Nothing has been answered yet. Ask something first.")
        return self.answers[-1]

    def _papers(self, _: str) -> None:
        answer = self._last()
        if answer.citations:
            print(papers_text(answer))
        else:
            print("\n".join(["Closest papers:", *map(paper_text, answer.nearest)]) if answer.nearest else "No paper.")

    def _quotes(self, number: str) -> None:
        citations = self._last().citations
        if not citations:
            raise InputError("The last answer cites no paper. /papers names those nearest to the question.")
        chosen = [citation for citation in citations if number.strip("[]") in ("", str(citation.number))]
        if not chosen:
            numbers = ", ".join(str(citation.number) for citation in citations)
            raise InputError(f"The last answer has no paper {number[:20]}. Type /quotes and one of: {numbers}.")
        print("\n\n".join(map(quotes_text, chosen)))

    def _export(self, path: str, over: bool) -> None:
        self._last()
        _save("/export", path, to_markdown(self.answers), over=over, example="conversation.md")

    def _bibtex(self, path: str, over: bool) -> None:
        self._last()
        papers = [citation.paper for answer in self.answers for citation in answer.citations]
        if not papers:
            raise InputError("No paper has been cited yet. Ask something that the abstracts hold.")
        if path or over:
            _save("/bibtex", path, to_bibtex(papers), over=over, example="papers.bib")
        else:
            print(escape_terminal(to_bibtex(papers)), end="")

    def _json(self, path: str, over: bool) -> None:
        _save("/json", path, as_json(self._last().to_dict()) + "\n", over=over, example="answer.json")

    def _new(self, _: str) -> None:
        self.answers.clear()
        print("A new conversation.")


def _save(command: str, typed: str, text: str, *, over: bool, example: str) -> None:
    """Write a file where the user said, and say so; one that exists only where `over` is asked for."""
    if not typed:
        raise InputError(f"{command} needs the name of a file. Type: {command} {example}")
    path = Path(typed).expanduser()
    try:
        with path.open("w" if over else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(
            f"{typed} is there already, and nothing was written. Name another file, or write over it: {command}! {typed}"
        ) from error
    except (OSError, ValueError, RuntimeError) as error:  # also a name with a NUL byte, or an unknown home directory
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"{typed} cannot be written ({why}). Name a file in a folder that exists: {command} {example}"
        ) from error
    print(f"Written to {escape_terminal(typed)}.")


def converse(assistant: Answers, *, papers: int) -> None:
    """Read lines from standard input until they end or /quit; `papers` is the number of papers in the index.

    On a terminal Ctrl-C stops an answer and keeps the conversation; in a pipe KeyboardInterrupt is raised.
    """
    conversation = Conversation(assistant)
    stdin: TextIO = sys.stdin
    if isinstance(stdin, io.TextIOWrapper):
        cast(Any, stdin).reconfigure(encoding="utf-8", errors="replace")
    if not (stdin.isatty() and sys.stdout.isatty()):
        for line in stdin:
            if not conversation.hear(line):
                return
        return
    with contextlib.suppress(ImportError):  # not available on Windows; with it, input() has line editing and history
        importlib.import_module("readline")
    print(_greeting(assistant, papers))
    while True:
        line = None
        try:
            line = input(PROMPT)
            if not conversation.hear(line):
                return
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print(
                "\nCtrl-D ends the conversation."
                if line is None
                else "Stopped. What was not finished is not remembered.\n"
            )


def _greeting(assistant: Answers, papers: int) -> str:
    """Says who answers without asking an endpoint for its model's name, which may take long; each answer names it."""
    model = assistant.calls and assistant.calls.model
    who = (
        f"a model at {escape_terminal(model.host)}"
        if model and model.host
        else escape_terminal(model.name)
        if model
        else "quotes"
    )
    return f"{papers:,} papers, answers by {who}. /help shows the commands, Ctrl-D ends."
