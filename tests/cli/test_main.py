"""The command line as a person types it: real processes, their output, errors and exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.fake_endpoint import FakeEndpoint, fails, says, stalls
from helpers.pty_session import CTRL_C, Session
from qa.cli.commands import COMMANDS
from qa.cli.parser import parser
from qa.context import CONTEXT_PAPERS
from qa.settings import DEFAULT_MODEL

pytestmark = pytest.mark.slow


ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("QA_", "OPENAI_"))}
QUESTION = "How accurate is TideNet?"
REPLY = (
    "On 12 ports TideNet lowers the mean error from 9.1 cm to 5.4 cm [1.4]."
    " Training takes 40 minutes on one laptop [1.5]. TideNet lowers the mean error by 99 cm [1.4]."
)


def run(
    *arguments: str, cwd: Path | None = None, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qa", *arguments],
        capture_output=True, text=True, encoding="utf-8", cwd=cwd, input=stdin, env=ENVIRONMENT | environment, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def at(index_folder: Path) -> list[str]:
    return ["--index", str(index_folder)]


def test_answer_stands_with_its_papers_under_it(at):
    done = run("ask", *at, "By", "how", "much", "does", "TideNet", "lower", "the", "error?")
    assert (done.returncode, done.stderr) == (0, "")
    text, papers, *_ = done.stdout.strip().split("\n\n")
    assert "from 9.1 cm to 5.4 cm against a harmonic baseline. [1]" in text
    assert papers == (
        "[1] TideNet: Forecasting Harbour Water Levels with Sparse Gauges (harbour.txt) · code: https://github.com/example/tidenet"
    )


def test_refusal_exits_with_3(at):
    done = run("ask", *at, "Who won the chess championship of 1972?")
    assert done.returncode == 3
    assert done.stdout.startswith("No abstract answers this. Closest papers: ")


def test_saved_answer_is_verified_and_a_changed_one_fails_with_4(at, tmp_path):
    saved = tmp_path / "answer.json"
    saved.write_text(run("ask", *at, "--json", "How accurate is TideNet?").stdout, encoding="utf-8")
    assert run("verify", *at, str(saved)).returncode == 0
    values = json.loads(saved.read_text(encoding="utf-8"))
    values["citations"][0]["quotes"][0]["text"] = "TideNet is never wrong."
    done = run("verify", *at, "-", stdin=json.dumps(values))
    assert done.returncode == 4
    assert "no longer says “TideNet is never wrong.”" in done.stdout


def test_follow_up_reads_the_history_from_a_file(at, tmp_path):
    history = tmp_path / "history.json"
    history.write_text(
        json.dumps(
            [{"role": "user", "content": "Who models bread?"}, {"role": "assistant", "content": "DoughGraph does [1]."}]
        )
    )
    done = run("ask", *at, "--history", str(history), "How much faster is it than a fluid simulation?")
    assert "100 times faster" in done.stdout


def test_search_papers_and_pages_list_what_the_index_holds(at):
    hits = json.loads(run("search", *at, "--json", "-k", "2", "quiet ferries").stdout)
    assert hits[0]["paper"]["title"].startswith("Quiet Motors")
    assert len(hits) == 2
    papers = json.loads(run("papers", *at, "--json").stdout)
    assert len(papers) == 8
    assert len(run("papers", *at, "--has-code").stdout.splitlines()) == 1
    assert json.loads(run("pages", *at, "--json").stdout) == {
        "harbour.txt": 3,
        "kitchen.txt": 3,
        "records.jsonl": 2,
        "table.csv": 1,
    }


def test_index_add_and_remove_report_what_they_did(pages, tmp_path):
    at = ["--index", str(tmp_path / "index")]
    done = run("index", *at, str(pages / "harbour.txt"), str(tmp_path / "nothing.txt"))
    assert done.returncode == 0
    assert "Read 3 entries of 3 papers, from 1 file." in done.stdout
    assert "nothing.txt: no such file" in done.stdout
    run("index", *at, str(pages / "table.csv"))
    done = run("remove", *at, "harbour.txt")
    assert "Embedded 0, kept 0, removed 3.\nThe index has 1 paper from 1 file" in done.stdout
    done = run("index", *at, str(tmp_path / "nothing.txt"))
    assert done.returncode == 1
    assert done.stderr.startswith("qa: No paper was read (")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["ask", "--index", "nowhere", "What?"],
            1,
            "qa: No index in nowhere. Build one from your files: qa index FILES…",
        ),
        (["index"], 1, "qa: No page was named."),
        (["index", "--rebuild", "x.txt"], 1, "qa: --rebuild takes no pages"),
        (["verify", "nowhere.json"], 1, "qa: nowhere.json cannot be read"),
        (["ask"], 2, "usage: qa ask"),
        (["fly"], 2, "usage: qa"),
        (["index", "--embedder", "magic", "x.txt", "--index", "y"], 1, "qa: No paper was read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_error_is_one_line_that_says_what_to_type(arguments, code, message, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_index_folder_comes_from_the_environment(index_folder, tmp_path):
    done = run("pages", cwd=tmp_path, QA_INDEX=str(index_folder))
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 4)


def test_closed_pipe_is_silent(at):
    shell = f"{sys.executable} -m qa papers --index {at[1]} | head -n 1"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, check=False)
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)


def test_control_characters_are_shown_and_not_obeyed(tmp_path):
    page = tmp_path / "evil.jsonl"
    page.write_text(
        json.dumps(
            {
                "title": "Evil \x1b[31m red \x9b2J",
                "abstract": "This \x1b]0;owned\x07 abstract is about evil terminals and red text. It has two sentences.",
            }
        )
    )
    at = ["--index", str(tmp_path / "index")]
    run("index", *at, str(page))
    for command in (
        ["papers"],
        ["ask", "What is the abstract about evil terminals?"],
        ["search", "evil terminals"],
        ["papers", "--json"],
    ):
        output = run(command[0], *at, *command[1:]).stdout
        assert output.strip()
        assert not set(output) & {"\x1b", "\x07", "\x9b"}


def test_terminal_gets_wrapped_lines(at):
    with Session("ask", *at, QUESTION, environment=ENVIRONMENT, columns=60) as session:
        assert session.ended() == 0
    lines = session.seen.split("\x1b[K")[-1].splitlines()
    assert len(lines) > 4
    assert max(map(len, lines)) <= 60 or any(" " not in line[:60] for line in lines if len(line) > 60)


@pytest.mark.parametrize(
    "command",
    [
        [],
        *([name] for name in "index ask chat ui search papers pages remove verify eval doctor cache feedback".split()),
    ],
    ids=" ".join,
)
def test_help_teaches(command):
    done = run(*command, "--help")
    assert done.returncode == 0
    assert f"usage: {' '.join(['qa', *command])}" in done.stdout
    assert "--help" in done.stdout


@pytest.mark.parametrize("command", ["ask", "chat", "ui"])
def test_help_shows_where_usual_models_answer_and_the_true_defaults(command):
    text = run(command, "--help").stdout
    for address in ("http://localhost:11434/v1", "http://localhost:8080/v1", "http://localhost:1234/v1"):
        assert f"OPENAI_BASE_URL={address}" in text
    assert f"else {DEFAULT_MODEL} at OpenAI" in text
    assert f"(default {CONTEXT_PAPERS})" in text


def test_every_command_that_can_be_typed_has_something_to_run(capsys):
    with pytest.raises(SystemExit):
        parser("1").parse_args(["fly"])
    listed = capsys.readouterr().err.split("choose from")[1]
    assert re.findall(r"\w+", listed) == list(COMMANDS)


# With a language model


@pytest.fixture
def kept(tmp_path) -> dict[str, str]:
    """The environment of a user with a cache of their own."""
    return {"QA_CACHE": str(tmp_path / "replies")}


def asked(server, *arguments, **environment):
    return run("ask", *arguments, QUESTION, OPENAI_BASE_URL=server.url, **environment)


def without_seconds(text: str) -> str:
    return re.sub(r"\d+\.\d s\b", "0.0 s", text)


def test_model_answer_stands_with_papers_doubts_and_who_wrote_it(at, kept, tmp_path):
    prices = tmp_path / "prices.json"
    prices.write_text('{"models": {"fake-model": {"in": 0.4, "out": 1.6}}}')
    with FakeEndpoint(says(REPLY, usage=(4310, 180))) as server:
        done = asked(server, *at, **kept, QA_PRICES=str(prices))
    assert (done.returncode, done.stderr) == (0, "")
    assert without_seconds(done.stdout) == (
        "On 12 ports TideNet lowers the mean error from 9.1 cm to 5.4 cm. [1] Training takes 40 minutes on one laptop. [1]"
        " TideNet lowers the mean error by 99 cm. [1]\n\n"
        "[1] TideNet: Forecasting Harbour Water Levels with Sparse Gauges (harbour.txt) · code: https://github.com/example/tidenet\n\n"
        "! “TideNet lowers the mean error by 99 cm.”: “99” does not occur in the cited sentence.\n\n"
        f"fake-model at {server.host} · 1 call, 4,310 tokens in, 180 out, $0.0020 · 0.0 s\n"
    )


def test_same_question_comes_from_the_cache_until_it_is_cleared(at, kept):
    with FakeEndpoint(reply=REPLY) as server:
        first = asked(server, *at, **kept)
        second = asked(server, *at, **kept)
        assert len(server.requests) == 1
        assert second.stdout.split("fake-model")[0] == first.stdout.split("fake-model")[0]
        assert f"fake-model at {server.host} · from the cache · " in second.stdout
        told = json.loads(run("cache", "--json", **kept).stdout)
        assert (told["folder"], told["replies"], told["cleared"]) == (kept["QA_CACHE"], 1, 0)
        asked(server, *at, "--no-cache", **kept)
        assert len(server.requests) == 2
        done = run("cache", "--clear", **kept)
        assert done.stdout == f"1 reply was deleted.\n0 replies (0.0 MB) in {kept['QA_CACHE']}.\n"
        asked(server, *at, **kept)
        assert len(server.requests) == 3


def test_json_of_a_model_answer_says_who_wrote_it_and_can_be_verified(at, kept):
    with FakeEndpoint(reply=REPLY) as server:
        done = asked(server, *at, "--json", **kept)
    values = json.loads(done.stdout)
    assert (values["mode"], values["model"]) == ("model", f"fake-model at {server.host}")
    assert [statement["support"] for statement in values["statements"]][-1] == "unsupported"
    assert run("verify", *at, "-", stdin=done.stdout).returncode == 0


def test_refusal_of_a_model_exits_with_3(at, kept):
    with FakeEndpoint(reply="NOT_IN_THE_PAPERS") as server:
        done = asked(server, *at, **kept)
    assert done.returncode == 3
    assert done.stdout.startswith("No abstract answers this. Closest papers: ")


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--no-model"], {}),
        (["--model", "none"], {}),
        ([], {"QA_MODEL": "none"}),
        (["--no-model"], {"QA_MODEL": "fake"}),
    ],
    ids=["--no-model", "--model none", "QA_MODEL=none", "--no-model over QA_MODEL"],
)
def test_no_model_means_quotes_and_no_request(at, arguments, environment):
    with FakeEndpoint(reply=REPLY) as server:
        done = asked(server, *at, "--json", *arguments, **environment)
    assert json.loads(done.stdout)["mode"] == "quotes"
    assert (server.requests, server.asked_models) == ([], [])


def test_options_of_the_model_reach_it(at, kept):
    with FakeEndpoint(reply=REPLY) as server:
        options = ["--base-url", server.url, "--model", "mine", "--papers", "2", "--strict"]
        done = run("ask", *at, *options, QUESTION, **kept, OPENAI_BASE_URL="http://127.0.0.1:9/v1", QA_MODEL="theirs")
    request = server.requests[0]
    assert request.body["model"] == "mine"
    assert "\n[2] " in request.messages[1]["content"]
    assert "\n[3] " not in request.messages[1]["content"]
    assert "99 cm" not in done.stdout
    assert "1 sentence not supported" in done.stdout


def test_quotes_take_the_place_of_a_model_that_stays_away(at, kept):
    with FakeEndpoint(fails(401)) as server:
        done = asked(server, *at, **kept)
    assert (done.returncode, done.stderr) == (0, "")
    assert "from 9.1 cm to 5.4 cm against a harmonic baseline. [1]" in done.stdout
    assert f"{server.host} wants a key (401). Set OPENAI_API_KEY." in done.stdout


def test_without_fallback_a_model_that_stays_away_is_an_error(at, kept):
    with FakeEndpoint(fails(401)) as server:
        done = asked(server, *at, "--no-fallback", **kept)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"qa: {server.host} wants a key (401). Set OPENAI_API_KEY.\n"


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        (["--max-total-tokens", "100"], "0 of --max-total-tokens 100 are spent"),
        (["--max-cost", "0.0001"], "$0.0000 of --max-cost $0.0001 are spent"),
    ],
    ids=["tokens", "cost"],
)
def test_limit_stops_before_the_call_that_could_pass_it(at, kept, tmp_path, limit, told):
    prices = tmp_path / "prices.json"
    prices.write_text('{"models": {"fake-model": {"in": 1000, "out": 1000}}}')
    with FakeEndpoint(reply=REPLY) as server:
        done = asked(server, *at, *limit, **kept, QA_PRICES=str(prices))
    assert server.requests == []
    assert done.returncode == 0
    assert told in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--papers", "0"], 1, "qa: --papers is 0, but a model must be shown at least one paper."),
        (["--papers", "many"], 2, "argument --papers: invalid int value: 'many'"),
        (["--max-cost", "-1"], 1, "qa: -1.0 is not a valid cost limit. Give --max-cost in US dollars, 0 or more."),
        (["--max-cost", "nan"], 1, "qa: nan is not a valid cost limit."),
        (["--max-total-tokens", "-5"], 1, "qa: -5 is not a valid token limit."),
        (["--base-url", "localhost:8000"], 1, "qa: 'localhost:8000' is not the address of an endpoint."),
        (["--model", "a", "--no-model"], 2, "not allowed with argument --model"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_value_that_cannot_be_used_is_named(at, kept, arguments, code, message):
    given = ["--base-url", "http://127.0.0.1:9/v1", "--model", "x"]
    done = run("ask", *at, *given, *arguments, QUESTION, **kept)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


def test_model_with_nowhere_to_ask_it_is_an_error(at):
    done = run("ask", *at, "--model", "gpt-4.1", QUESTION)
    assert done.returncode == 1
    assert done.stderr.startswith("qa: There is nowhere to ask 'gpt-4.1'. Set OPENAI_API_KEY")


def test_control_characters_of_a_reply_are_shown_and_not_obeyed(at, kept):
    with FakeEndpoint(reply="Training takes 40 minutes\x1b]0;owned\x07 on one\u202e laptop [1.5].") as server:
        done = asked(server, *at, **kept)
    assert "Training takes 40 minutes" in done.stdout
    assert not set(done.stdout) & {"\x1b", "\x07", "\u202e"}


def test_cache_that_cannot_be_written_is_told_and_stops_nothing(at, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with FakeEndpoint(reply=REPLY) as server:
        done = asked(server, *at, QA_CACHE=str(tmp_path / "file" / "replies"))
    assert done.returncode == 0
    assert "On 12 ports TideNet" in done.stdout
    assert done.stderr.startswith(f"qa: Replies cannot be kept in {tmp_path / 'file' / 'replies'}")


def test_answer_streams_and_ctrl_c_leaves_what_was_shown(at, kept):
    with FakeEndpoint(stalls(REPLY)) as server:
        environment = ENVIRONMENT | kept | {"OPENAI_BASE_URL": server.url}
        with Session("ask", *at, QUESTION, environment=environment, columns=70) as session:
            # The server is silent from here on: what is seen was shown before the reply was whole.
            assert session.until("on one laptop. [1]").endswith(
                "On 12 ports TideNet lowers the mean error from 9.1 cm to 5.4 cm. [1]\nTraining takes 40 minutes on one laptop. [1]"
            )
            session.type(CTRL_C)
            assert session.ended() == 130
            assert session.seen.endswith("\nqa: interrupted; the answer is not whole.\n")
            assert session.is_whole
    assert run("cache", **kept).stdout.startswith("0 replies")
