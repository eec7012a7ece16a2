"""A conversation as a person types it: questions, commands, files, faults; on a terminal and in a pipe."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.fake_endpoint import FakeEndpoint, fails, says, stalls
from helpers.pty_session import CTRL_C, CTRL_D, Session
from qa.answer import Answer, Citation, Quote, Statement, refusal_text
from qa.cli.chat import HELP, Conversation
from qa.documents.paper import Paper
from qa.errors import ModelUnavailableError

pytestmark = pytest.mark.slow


ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("QA_", "OPENAI_"))}


def paper(title: str) -> Paper:
    abstract = f"{title} is fast. It is small."
    return Paper(id=title, title=title, abstract=abstract, original=abstract, pages=("page.txt",))


TIDENET, GULLS = paper("TideNet"), paper("Gulls \x1b[31m")


def answer_from(question: str, *papers: Paper, notice: str | None = None) -> Answer:
    """Says of each paper what its first sentence says."""
    citations = []
    for number, cited in enumerate(papers, 1):
        end = cited.abstract.index(".") + 1
        citations.append(
            Citation(number=number, paper=cited, quotes=(Quote(text=cited.abstract[:end], start=0, end=end),))
        )
    statements = tuple(Statement(text=c.quotes[0].text, numbers=(c.number,), quotes=c.quotes) for c in citations)
    text = " ".join(f"{s.text} [{s.numbers[0]}]" for s in statements) or refusal_text((GULLS,))
    nearest = () if papers else (GULLS,)
    return Answer(
        question=question, text=text, found=bool(papers), mode="quotes", statements=statements,
        citations=tuple(citations), nearest=nearest, notice=notice,
    )  # fmt: skip


class FakeAssistant:
    """Answers from the papers it is given, one list a question (an error is raised); notes what it was asked."""

    def __init__(self, *script, calls=None, notice=None):
        self.script, self.calls, self.notice = list(script), calls, notice
        self.asked = []

    def stream(self, question, history=()):
        self.asked.append((question, list(history)))
        papers = self.script.pop(0) if self.script else [TIDENET]
        if isinstance(papers, Exception):
            raise papers
        answer = answer_from(question, *papers, notice=self.notice)
        yield answer.text
        yield answer


@pytest.fixture
def hear(capsys):
    """Lets a conversation hear lines, and gives what it said to stdout and stderr."""

    def say(conversation, *lines):
        for line in lines:
            assert conversation.hear(line)
        return tuple(capsys.readouterr())

    return say


def test_each_question_is_asked_with_the_turns_before_it(hear):
    assistant = FakeAssistant()
    hear(Conversation(assistant), "What is TideNet?", "", "  ", "  How fast is it?\n")
    assert assistant.asked == [
        ("What is TideNet?", []),
        (
            "How fast is it?",
            [
                {"role": "user", "content": "What is TideNet?"},
                {"role": "assistant", "content": "TideNet is fast. [1]"},
            ],
        ),
    ]


def test_new_forgets_the_turns(hear):
    assistant = FakeAssistant()
    conversation = Conversation(assistant)
    out, _ = hear(conversation, "What is TideNet?", "/new", "How fast is it?")
    assert "A new conversation." in out
    assert assistant.asked[1] == ("How fast is it?", [])
    assert conversation.turns[0]["content"] == "How fast is it?"


def test_papers_are_those_of_the_last_answer_or_the_nearest(hear):
    conversation = Conversation(FakeAssistant([TIDENET, GULLS], [GULLS], []))
    hear(conversation, "Both?")
    assert hear(conversation, "/papers") == ("[1] TideNet (page.txt)\n[2] Gulls \\x1b[31m (page.txt)\n", "")
    hear(conversation, "One?")
    assert hear(conversation, "/papers") == ("[1] Gulls \\x1b[31m (page.txt)\n", "")
    hear(conversation, "None?")
    assert hear(conversation, "/papers") == ("Closest papers:\nGulls \\x1b[31m  [page.txt]\n", "")


@pytest.mark.parametrize("typed", ["/quotes 2", "/QUOTES [2]", "/quotes   2 "])
def test_quotes_of_one_paper(hear, typed):
    conversation = Conversation(FakeAssistant([TIDENET, GULLS]))
    hear(conversation, "Both?")
    assert hear(conversation, typed) == ("[2] Gulls \\x1b[31m (page.txt)\n    “Gulls \\x1b[31m is fast.”\n", "")


def test_quotes_without_a_number_are_all(hear):
    conversation = Conversation(FakeAssistant([TIDENET, GULLS]))
    hear(conversation, "Both?")
    out, _ = hear(conversation, "/quotes")
    assert "[1] TideNet (page.txt)\n    “TideNet is fast.”\n\n[2] Gulls" in out


@pytest.mark.parametrize(
    ("papers", "typed", "message"),
    [
        ([TIDENET], "/quotes 2", "The last answer has no paper 2. Type /quotes and one of: 1."),
        ([TIDENET], "/quotes two", "The last answer has no paper two. Type /quotes and one of: 1."),
        ([], "/quotes", "The last answer cites no paper. /papers names those nearest to the question."),
        ([], "/bibtex", "No paper has been cited yet. Ask something that the abstracts hold."),
        ([TIDENET], "/export", "/export needs the name of a file. Type: /export conversation.md"),
        ([TIDENET], "/bibtex!", "/bibtex needs the name of a file. Type: /bibtex papers.bib"),
        ([TIDENET], "/json", "/json needs the name of a file. Type: /json answer.json"),
        ([TIDENET], "/quits", "Unknown command /quits. Did you mean /quit? /help lists all commands; a question does not start with a slash."),
        ([TIDENET], "/exprot a.md", "Unknown command /exprot. Did you mean /export? /help lists all commands; a question does not start with a slash."),
        ([TIDENET], "/dev/null is what?", "Unknown command /dev/null. /help lists all commands; a question does not start with a slash."),
        ([TIDENET], "/quotes! 1", "Unknown command /quotes!. Did you mean /quotes? /help lists all commands; a question does not start with a slash."),
        ([TIDENET], "/\x1b[2J", "Unknown command /\\x1b[2J. /help lists all commands; a question does not start with a slash."),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("/") else "",
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(hear, papers, typed, message):
    assistant = FakeAssistant(papers)
    conversation = Conversation(assistant)
    hear(conversation, "What?")
    assert hear(conversation, typed) == ("", f"qa: {message}\n")
    assert len(assistant.asked) == 1


@pytest.mark.parametrize("typed", ["/papers", "/quotes", "/export a.md", "/bibtex", "/json a.json"])
def test_before_the_first_answer_there_is_nothing_to_show_or_write(hear, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = hear(Conversation(FakeAssistant()), typed)
    assert out == ("", "qa: Nothing has been answered yet. Ask something first.\n")
    assert list(tmp_path.iterdir()) == []


def test_failing_model_is_told_and_the_conversation_goes_on(hear):
    assistant = FakeAssistant([TIDENET], ModelUnavailableError("No server answers at home:80. Start it."), [GULLS])
    conversation = Conversation(assistant)
    hear(conversation, "One?")
    assert hear(conversation, "Two?") == ("", "qa: No server answers at home:80. Start it.\n")
    hear(conversation, "Three?")
    assert [turn["content"] for turn in assistant.asked[2][1]] == ["One?", "TideNet is fast. [1]"]


def test_how_to_add_a_model_is_said_once_and_why_one_stays_away_each_time(hear):
    out, _ = hear(Conversation(FakeAssistant(notice="These are quotes.")), "One?", "Two?")
    assert out.count("These are quotes.") == 1
    out, _ = hear(Conversation(FakeAssistant(notice="The model is away.", calls="a model")), "One?", "Two?")
    assert out.count("The model is away.") == 2


def test_help_names_every_command(hear):
    conversation = Conversation(FakeAssistant())
    assert hear(conversation, "/help") == (HELP + "\n", "")
    assert all(f"  {name}" in HELP for name in [*conversation._commands, *conversation._writing])


@pytest.mark.parametrize("typed", ["/quit", "/exit", " /QUIT now"])
def test_quit_ends(typed):
    assert not Conversation(FakeAssistant()).hear(typed)


# Files


def test_export_holds_the_whole_conversation(hear, tmp_path):
    conversation = Conversation(FakeAssistant([TIDENET], [GULLS]))
    path = tmp_path / "my talk.md"
    out, _ = hear(conversation, "One?", "Two?", f"/export {path}")
    assert out.endswith(f"Written to {path}.\n")
    text = path.read_text(encoding="utf-8")
    assert text.index("# One?") < text.index("> TideNet is fast.") < text.index("# Two?")


def test_bibtex_has_each_cited_paper_once(hear, tmp_path):
    conversation = Conversation(FakeAssistant([TIDENET], [TIDENET, GULLS], []))
    hear(conversation, "One?", "Two?", "None?")
    out, _ = hear(conversation, "/bibtex")
    assert out.count("@misc{") == 2
    assert "\x1b" not in out
    hear(conversation, f"/bibtex {tmp_path / 'papers.bib'}")
    assert (tmp_path / "papers.bib").read_text(encoding="utf-8") == out


def test_json_is_the_last_answer_as_verify_reads_it(hear, tmp_path):
    conversation = Conversation(FakeAssistant([TIDENET], [GULLS]))
    hear(conversation, "One?", "Two?", f"/json {tmp_path / 'answer.json'}")
    saved = Answer.from_dict(json.loads((tmp_path / "answer.json").read_text(encoding="utf-8")))
    assert saved == conversation.answers[-1]


@pytest.mark.parametrize("command", ["/export", "/bibtex", "/json"])
def test_file_is_written_over_only_where_it_is_asked_for(hear, tmp_path, command):
    conversation = Conversation(FakeAssistant())
    path = tmp_path / "mine"
    path.write_text("precious")
    hear(conversation, "One?")
    out = hear(conversation, f"{command} {path}")
    assert out == (
        "",
        f"qa: {path} is there already, and nothing was written. Name another file, or write over it: {command}! {path}\n",
    )
    assert path.read_text() == "precious"
    assert hear(conversation, f"{command}! {path}") == (f"Written to {path}.\n", "")
    assert "TideNet" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("/export {folder}/no/talk.md", "No such file or directory"),
        ("/export! {folder}", "Is a directory"),
        ("/export {folder}/a\0b", "embedded null byte"),
    ],
    ids=["no folder", "a folder", "a zero in it"],
)
def test_path_that_cannot_be_written_says_why(hear, tmp_path, typed, why):
    conversation = Conversation(FakeAssistant())
    hear(conversation, "One?")
    _, err = hear(conversation, typed.format(folder=tmp_path))
    assert why in err
    assert err.endswith("Name a file in a folder that exists: /export conversation.md\n")
    assert len(err.splitlines()) == 1


def test_path_begins_at_home_where_it_says_so(hear, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    hear(Conversation(FakeAssistant()), "One?", "/export ~/talk.md")
    assert (tmp_path / "talk.md").exists()


# Real processes


REPLY = "On 12 ports TideNet lowers the mean error from 9.1 cm to 5.4 cm [1.4]. Training takes 40 minutes on one laptop [1.5]."
BEGUN = REPLY + " The model fails during"
"""So much of a reply that its first two statements are settled."""


def test_piped_lines_are_questions_and_nothing_is_prompted(index_folder: Path):
    lines = "How accurate is TideNet?\n\n/nonsense\nHow long does it train?\n/quit\nWho won the chess championship?\n"
    done = subprocess.run(
        [sys.executable, "-m", "qa", "chat", "--index", str(index_folder)],
        input=lines.encode() + b"\xff", capture_output=True, env=ENVIRONMENT, check=False,
    )  # fmt: skip
    out = done.stdout.decode()
    assert done.returncode == 0
    assert out.count("[1] TideNet: Forecasting") == 2
    assert "40 minutes" in out
    assert "> " not in out
    assert "do not say" not in out
    assert done.stderr.decode().startswith("qa: Unknown command /nonsense.")


def test_conversation_on_a_terminal(index_folder: Path, tmp_path: Path):
    def reply(messages):
        rewriting = messages[0]["content"].startswith("You rewrite")
        return "How long does TideNet train?" if rewriting else REPLY

    environment = ENVIRONMENT | {"QA_CACHE": str(tmp_path / "replies"), "OPENAI_API_KEY": "sk-s3cret"}
    with FakeEndpoint(fails(400), says(REPLY), stalls(BEGUN), reply=reply) as server:
        environment["OPENAI_BASE_URL"] = server.url
        with Session("chat", "--index", str(index_folder), environment=environment, columns=100) as session:
            assert session.until("> ").startswith(f"8 papers, answers by a model at {server.host}. /help shows")

            session.interrupt("Ctrl-D ends the conversation.")
            session.until("\n> ")

            # A model that fails is told, and quotes take its place.
            session.type("Who counts gulls?\n")
            shown = session.until("\n> ")
            assert "(400: something is wrong)" in shown.replace("\n", " ")
            assert "[1] Counting Gulls" in shown
            session.type("/new\n")
            session.until("A new conversation.\n> ")

            session.type("How accurate is TideNet?\n")
            shown = session.until("\n> ")
            assert "from 9.1 cm to 5.4 cm. [1]" in shown
            assert f"fake-model at {server.host} · 1 call, " in shown

            # An answer that is stopped leaves what was shown, and no trace in the conversation.
            session.type("/new\nHow accurate is TideNet said to be?\n")
            session.until("one laptop. [1]")
            session.type(CTRL_C)
            assert session.until("\n> ").endswith("\nStopped. What was not finished is not remembered.\n\n> ")

            session.type("How accurate is TideNet?\n")
            assert "from the cache" in session.until("\n> ")
            session.type("How long does it train?\n")
            assert "Searched for: How long does TideNet train?" in session.until("\n> ")
            assert "said to be" not in server.requests[-2].messages[1]["content"]
            assert "Researcher: How accurate is TideNet?" in server.requests[-2].messages[1]["content"]
            session.type(f"/export {tmp_path / 'talk.md'}\n")
            session.until("Written to ")
            session.until("\n> ")
            session.type(CTRL_D)
            assert session.ended() == 0
            assert session.is_whole
    assert (tmp_path / "talk.md").read_text(encoding="utf-8").count("\n# ") == 1


def test_ctrl_c_in_a_pipe_ends_with_130(index_folder: Path, tmp_path: Path):
    with FakeEndpoint(stalls(BEGUN)) as server:
        environment = ENVIRONMENT | {"QA_CACHE": str(tmp_path), "OPENAI_BASE_URL": server.url}
        command = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from qa.cli.main import entry; entry()"
        process = subprocess.Popen(
            [sys.executable, "-c", command, "chat", "--index", str(index_folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"How accurate is TideNet?\n")
        process.stdin.flush()
        seen = b""
        while b"laptop. [1]" not in seen:
            piece = os.read(process.stdout.fileno(), 4096)
            assert piece, "it ended before the answer began"
            seen += piece
        process.send_signal(2)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err.decode()) == (b"\n", "qa: interrupted.\n")
