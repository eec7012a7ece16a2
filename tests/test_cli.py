"""The command line as a person types it: real processes, their output, errors and exit codes."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("QA_", "OPENAI_"))}


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
    text, papers = done.stdout.strip().split("\n\n")
    assert "from 9.1 cm to 5.4 cm against a harmonic baseline. [1]" in text
    assert papers == (
        "[1] TideNet: Forecasting Harbour Water Levels with Sparse Gauges (harbour.txt) · code: https://github.com/example/tidenet"
    )


def test_refusal_exits_with_3(at):
    done = run("ask", *at, "Who won the chess championship of 1972?")
    assert done.returncode == 3
    assert done.stdout.startswith("The abstracts do not say. Nearest to the question: ")


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
    assert "Read 3 listings of 3 papers, from 1 page." in done.stdout
    assert "nothing.txt: there is no such file" in done.stdout
    run("index", *at, str(pages / "table.csv"))
    done = run("remove", *at, "harbour.txt")
    assert "Embedded 0, kept 0, removed 3.\nThe index holds 1 paper on 1 page" in done.stdout
    done = run("index", *at, str(tmp_path / "nothing.txt"))
    assert done.returncode == 1
    assert done.stderr.startswith("qa: No paper was read (")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["ask", "--index", "nowhere", "What?"],
            1,
            "qa: There is no index in nowhere. Build one from your saved pages: qa index PAGES…",
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
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "qa", "ask", *at, "How accurate is TideNet?"],
        stdout=follower,
        stderr=follower,
        env=ENVIRONMENT | {"COLUMNS": "60"},
    )
    process.wait()
    os.close(follower)
    output = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        output += chunk
    lines = output.decode().splitlines()
    assert len(lines) > 4
    assert max(map(len, lines)) <= 60 or any(" " not in line[:60] for line in lines if len(line) > 60)


@pytest.mark.parametrize(
    "command", [[], ["index"], ["ask"], ["search"], ["papers"], ["pages"], ["remove"], ["verify"]], ids=" ".join
)
def test_help_teaches(command):
    done = run(*command, "--help")
    assert done.returncode == 0
    assert f"usage: {' '.join(['qa', *command])}" in done.stdout
    assert "--help" in done.stdout
