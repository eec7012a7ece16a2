"""`qa eval` as a person types it, over the invented index: tables, files, comparisons, the gate, errors, Ctrl-C."""

import datetime
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest

import qa
from helpers.fake_endpoint import FakeEndpoint, fails, says
from helpers.paths import ROOT
from qa.cli.main import main
from qa.evals.command import run
from qa.evals.compare import Baseline
from qa.evals.data.questions import read_questions
from qa.evals.request import Request
from qa.evals.results import Evaluation
from qa.text.sentences import split_passages

pytestmark = pytest.mark.slow


CHECKOUT = ROOT
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("QA_", "OPENAI_"))}

TIDE = "TideNet: Forecasting Harbour Water Levels with Sparse Gauges"
GULLS = "Counting Gulls from the Air without Labels"
QUIET = "Quiet Motors: Learning to Steer Ferries with Less Noise"
DOUGH = "DoughGraph: Graph Neural Networks for Bread Fermentation"
BEES = "Bees, Noise and Glass"
GULL_TALK = [
    {"role": "user", "content": "How can gulls be counted without labels?"},
    {"role": "assistant", "content": "Gull Contrast Learning (GCL) separates gulls from stones [1]."},
]
QUESTIONS = [
    {"id": "tide", "kind": "fact", "question": "By how much does TideNet lower the error on the ports?", "facts": [["5.4 cm"]], "papers": [TIDE]},
    {"id": "chess", "kind": "none", "question": "Who won the chess championship of 1972?"},
    {"id": "bees", "kind": "fact", "question": "What keeps bees away from glass?", "facts": [["hum"]], "papers": [BEES], "style": "terse"},
    {"id": "ferries", "kind": "find", "question": "Which work makes ferries less noisy for seals?", "papers": [QUIET]},
    {"id": "both", "kind": "multi", "question": "Compare what TideNet and DoughGraph were tested on.", "papers": [TIDE, DOUGH]},
    {"id": "gulls", "kind": "chat", "question": "And how far are its counts from those of experts?", "history": GULL_TALK, "papers": [GULLS]},
    {"id": "batch", "kind": "none", "question": "What batch size was TideNet trained with?", "near": TIDE},
    {"id": "laptop", "kind": "fact", "question": "On what machine is TideNet trained?", "facts": [["laptop"]], "papers": [TIDE], "split": "test"},
    {"id": "radio", "kind": "none", "question": "Who invented the transistor radio?", "split": "test"},
]  # fmt: skip
"""Seven questions of the development split and two of the test split."""
MISSED = {"id": "missed", "kind": "find", "question": "What keeps bees away from glass?", "papers": ["Kites on Scales"]}
"""A question whose reference paper the index lacks."""
LACKING = "1 of the papers that the questions are about are not in this index, and count as missed.\n"


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended and what it printed."""

    code: int
    text: str
    errors: str

    @property
    def head(self) -> str:
        return self.text.partition("\n")[0]


@pytest.fixture
def qa_eval(capsys, index_folder) -> Callable[..., Done]:
    """Runs `qa eval` on the invented index; an --index given later counts."""

    def typed(*arguments: object) -> Done:
        code = main(["eval", "--index", str(index_folder), *map(str, arguments)])
        text, errors = capsys.readouterr()
        return Done(code=code, text=text, errors=errors)

    return typed


@pytest.fixture
def questions(tmp_path) -> Path:
    return write(tmp_path / "questions.jsonl", *QUESTIONS)


@pytest.fixture
def here(tmp_path) -> Iterator[Path]:
    """The temporary folder as the current one."""
    with chdir(tmp_path):
        yield tmp_path


@pytest.fixture
def few(tmp_path) -> Path:
    """One question whose paper is found first, one whose paper is not there, one off the topic."""
    return write(tmp_path / "few.jsonl", QUESTIONS[0], QUESTIONS[1], MISSED)


def no_rows(questions: Path) -> str:
    """What is said where nothing was accepted yet."""
    rows = questions.parent / "results" / "search-dev.json"
    return f"No committed rows in {rows}: only the floors were checked.\n"


def write(path: Path, *values: object) -> Path:
    """A file with a line of JSON for each value."""
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def process(*command: str, cwd: Path, **environment: str) -> Done:
    """A real process, with no QA_ variable but those given."""
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, encoding="utf-8", cwd=cwd,
        env=ENVIRONMENT | environment, check=False,
    )  # fmt: skip
    return Done(code=done.returncode, text=done.stdout, errors=done.stderr)


def without_seconds(text: str) -> str:
    """The text without the last column of the table of effort."""
    return re.sub(r"(Statement checks and effort.*?) +seconds\n(  .*\]) +\S+ \[.*\]\n", r"\1\n\2\n", text)


# What is printed

SEARCH = """\
3 questions of few.jsonl, split dev, mode search, 8 papers; value [95 % interval], (questions)

Search                                           hit@1             hit@5            hit@20               MRR         recall@10
  fact (1)                            1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]
  fact, BM25 alone (1)                1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]
  fact, vectors alone (1)             1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]
  find (1)                            .000 [.000 .000]  .000 [.000 .000]  .000 [.000 .000]  .000 [.000 .000]  .000 [.000 .000]
  find, BM25 alone (1)                .000 [.000 .000]  .000 [.000 .000]  .000 [.000 .000]  .000 [.000 .000]  .000 [.000 .000]
  find, vectors alone (1)             .000 [.000 .000]  .000 [.000 .000]  .000 [.000 .000]  .000 [.000 .000]  .000 [.000 .000]
  fact and find (2)                   .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]
  fact and find, BM25 alone (2)       .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]
  fact and find, vectors alone (2)    .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]
  all (2)                             .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]
  all, BM25 alone (2)                 .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]
  all, vectors alone (2)              .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]

By style                  hit@1             hit@5               MRR
  plain (2)    .500 [.000 1.00]  .500 [.000 1.00]  .500 [.000 1.00]

1 of 3 questions are not answered in full; --report DIR shows each and why.
"""


def test_search_only_ranks_papers(qa_eval, few):
    assert qa_eval(few, "--mode", "search") == Done(code=0, text=SEARCH, errors=LACKING)


def test_answers_are_scored_and_what_fails_is_counted(qa_eval, questions):
    done = qa_eval(write(questions, *QUESTIONS, MISSED))
    blocks = done.text.rstrip("\n").split("\n\n")
    assert (done.code, done.errors) == (0, LACKING)
    assert blocks[0] == (
        "8 questions of questions.jsonl, split dev, mode quotes, 8 papers; value [95 % interval], (questions)"
    )
    assert [block.split("  ")[0] for block in blocks[1:-1]] == [
        "Search", "Answers", "By style", "Refusals", "Statement checks and effort",
    ]  # fmt: skip
    assert blocks[-1] == "1 of 8 questions are not answered in full; --report DIR shows each and why."
    answers = {line.split(" (")[0].strip(): line.split() for line in blocks[2].splitlines()[1:]}
    assert list(answers) == [
        f"{group}{beside}"
        for group in ("fact", "find", "fact and find", "multi", "chat", "all")
        for beside in ("", ", copy the best abstract")
    ]
    assert "all (6)  .833 [.500 1.00]" in " ".join(answers["all"]).replace("(6) ", "(6)  ")


def test_question_that_ends_in_an_error_is_told(qa_eval, tmp_path):
    robot = [{"role": "robot", "content": "Beep."}]
    file = write(
        tmp_path / "robot.jsonl",
        QUESTIONS[0],
        {"id": "robot", "kind": "chat", "question": "And then?", "history": robot, "papers": [TIDE]},
    )
    done = qa_eval(file)
    assert done.code == 0
    assert done.text.rstrip("\n").split("\n\n")[-2:] == [
        "Ended in an error, and scored 0:\n"
        "  robot: A turn of the history has role 'robot'."
        ' Write it as {"role": "user", "content": "…"} or {"role": "assistant", "content": "…"}.',
        "1 of 2 questions are not answered in full; --report DIR shows each and why.",
    ]


def test_reference_paper_that_the_index_lacks_is_noted(qa_eval, tmp_path):
    file = write(
        tmp_path / "q.jsonl",
        {"id": "a", "kind": "multi", "question": "Kites or bees?", "papers": ["Kites on Scales", BEES.upper()]},
        {"id": "b", "kind": "find", "question": "Kites?", "papers": ["Kites on scales"]},
        {"id": "c", "kind": "none", "question": "How big is it?", "near": "Kites on scales."},
        {"id": "d", "kind": "none", "question": "How big are they?", "near": "Snails on Kites"},
    )
    done = qa_eval(file, "--mode", "search")
    assert (done.code, done.errors) == (
        0, "2 of the papers that the questions are about are not in this index, and count as missed.\n",
    )  # fmt: skip


def test_control_characters_of_questions_are_shown_and_not_obeyed(qa_eval, tmp_path):
    file = write(tmp_path / "q.jsonl", {**MISSED, "question": "bees \x1b[31m glass"})
    write(tmp_path / "before.jsonl", {**MISSED, "papers": [BEES]})
    qa_eval(tmp_path / "before.jsonl", "--mode", "search", "--json", tmp_path / "before.json")
    done = qa_eval(file, "--mode", "search", "--against", tmp_path / "before.json")
    assert "(find: bees \\x1b[31m glass)" in done.text
    assert "\x1b" not in done.text


# Which questions


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ([], ["tide", "chess", "bees", "ferries", "both", "gulls", "batch"]),
        (["--split", "dev"], ["tide", "chess", "bees", "ferries", "both", "gulls", "batch"]),
        (["--split", "test"], ["laptop", "radio"]),
        (["--split", "all"], [str(question["id"]) for question in QUESTIONS]),
        (["--kind", "fact"], ["tide", "bees"]),
        (["--kind", "none", "--kind", "fact"], ["tide", "chess", "bees", "batch"]),
        (["--kind", "none,fact"], ["tide", "chess", "bees", "batch"]),
        (["--kind", "none,fact", "--kind", "chat"], ["tide", "chess", "bees", "gulls", "batch"]),
        (["--limit", "1"], ["tide", "chess", "ferries", "both", "gulls"]),
        (["--limit", "2"], ["tide", "chess", "bees", "ferries", "both", "gulls", "batch"]),
        (["--limit", "1", "--kind", "none", "--split", "all"], ["chess"]),
        (["--kind", "fact,fact"], ["tide", "bees"]),
    ],
    ids=" ".join,
)
def test_questions_are_chosen_and_keep_the_order_of_the_file(qa_eval, questions, tmp_path, arguments, ids):
    done = qa_eval(questions, "--mode", "search", "--json", tmp_path / "out.json", *arguments)
    assert (done.code, done.head.split(",")[0]) == (0, f"{len(ids)} questions of questions.jsonl")
    assert [row["question"]["id"] for row in read(tmp_path / "out.json")["rows"]] == ids


def test_jobs_change_nothing_but_the_time_taken(qa_eval, few, questions):
    assert qa_eval(few, "--mode", "search", "--jobs", "3") == Done(code=0, text=SEARCH, errors=LACKING)
    one, three = qa_eval(questions, "--jobs", "1"), qa_eval(questions, "--jobs", "3")
    assert without_seconds(one.text) != one.text
    assert without_seconds(three.text) == without_seconds(one.text)


@pytest.mark.parametrize("jobs", [1, 3])
def test_as_many_questions_are_asked_at_a_time_as_there_are_jobs(index_folder, questions, jobs):
    request = Request(
        questions=str(questions), mode="search", split="dev", kinds=(), limit=None, jobs=jobs, json=None, against=None,
        gate=False, report=None, record=None, accept=False,
    )  # fmt: skip
    threads = set()
    run(request, index_folder, lambda *_: threads.update(thread.name for thread in threading.enumerate()))
    assert sum(name.startswith("ask") for name in threads) == (0 if jobs == 1 else jobs)


def test_questions_come_from_the_environment(index_folder, few, tmp_path):
    done = process(
        "-m", "qa", "eval", "--mode", "search", cwd=tmp_path, QA_QUESTIONS=str(few), QA_INDEX=str(index_folder)
    )
    assert done == Done(code=0, text=SEARCH, errors=LACKING)


def test_questions_lie_in_evals_by_default(index_folder, tmp_path):
    (tmp_path / "evals").mkdir()
    write(tmp_path / "evals" / "questions.jsonl", *QUESTIONS)
    done = process("-m", "qa", "eval", "--mode", "search", cwd=tmp_path, QA_INDEX=str(index_folder))
    assert (done.code, done.head.partition(",")[0]) == (0, "7 questions of questions.jsonl")


def test_script_of_the_checkout_asks_the_questions_beside_it(index_folder, few, tmp_path):
    script, at = str(CHECKOUT / "evals" / "run.py"), {"QA_INDEX": str(index_folder)}
    done = process(script, "--mode", "search", "--limit", "1", cwd=tmp_path, **at)
    assert (done.code, done.head) == (
        0, "5 questions of questions.jsonl, split dev, mode search, 8 papers; value [95 % interval], (questions)",
    )  # fmt: skip
    assert re.fullmatch(
        r"\d+ of the papers that the questions are about are not in this index, and count as missed\.\n", done.errors
    )
    for done in (
        process(script, "--mode", "search", cwd=tmp_path, QA_QUESTIONS=str(few), **at),
        process(script, "--mode", "search", str(few), cwd=tmp_path, **at),
    ):
        assert done == Done(code=0, text=SEARCH, errors=LACKING)


# Files


def test_saved_evaluation_is_read_again(qa_eval, questions, tmp_path):
    out = tmp_path / "deep" / "er" / "out.json"
    done = qa_eval(questions, "--json", out)
    assert (done.code, done.errors) == (0, f"Scores and rows: {out}\n")
    values = read(out)
    assert list(values) == ["format", "mode", "split", "questions", "papers", "fingerprint", "rows", "tables"]
    evaluation = Evaluation.from_dict(values)
    assert (evaluation.mode, evaluation.split, evaluation.questions) == ("quotes", "dev", "questions.jsonl")
    assert [row.question for row in evaluation.rows] == read_questions(questions, split="dev")
    assert all(values[name] == value for name, value in json.loads(json.dumps(evaluation.to_dict())).items())
    hits = [row.scores["hit@1"] for row in evaluation.rows if row.question.is_answerable]
    assert values["tables"]["Search"]["all"]["hit@1"] == {"value": sum(hits) / 5, "low": 1.0, "high": 1.0, "count": 5}
    assert [path.name for path in out.parent.iterdir()] == ["out.json"]


def test_half_a_character_survives_the_file(qa_eval, tmp_path):
    file = write(tmp_path / "q.jsonl", {**QUESTIONS[0], "question": "half \ud800 a character"})
    done = qa_eval(file, "--json", tmp_path / "out.json")
    assert done.code == 0
    assert read(tmp_path / "out.json")["rows"][0]["question"]["question"] == "half \ud800 a character"


def test_report_is_a_page_with_what_failed(qa_eval, questions, tmp_path):
    done = qa_eval(write(questions, *QUESTIONS, MISSED), "--mode", "search", "--report", tmp_path / "report")
    page = tmp_path / "report" / "index.html"
    assert (done.code, done.errors) == (0, f"{LACKING}Report: {page}\n")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "paper not found" in text
    assert [id in text for id in ("missed", "ferries")] == [True, False]


def test_record_adds_a_line_to_the_history(qa_eval, questions, tmp_path):
    today = {datetime.date.today().isoformat()}
    history = tmp_path / "results" / "history.jsonl"
    done = qa_eval(questions, "--mode", "search", "--log-run", "Weigh words less „so“")
    assert (done.code, done.errors) == (0, f"Recorded in {history}\n")
    qa_eval(questions, "--mode", "search", "--split", "test", "--log-run", "More")
    first, second = (json.loads(line) for line in history.read_text(encoding="utf-8").splitlines())
    assert first.pop("date") in today | {datetime.date.today().isoformat()}
    found = {"hit@1": 1.0, "hit@5": 1.0, "hit@20": 1.0, "MRR": 1.0, "recall@10": 1.0}
    assert first == {
        "change": "Weigh words less „so“",
        "mode": "search",
        "split": "dev",
        "texts": first["texts"],
        "scores": dict.fromkeys(("fact", "find", "fact and find", "multi", "chat", "all"), found),
    }
    assert re.fullmatch("[0-9a-f]{16}", first["texts"])
    assert (second["change"], second["split"], list(second["scores"])) == (
        "More",
        "test",
        ["fact", "fact and find", "all"],
    )


def test_history_has_answers_and_refusals_and_neither_styles_nor_seconds(qa_eval, questions, tmp_path):
    qa_eval(questions, "--log-run", "First")
    scores = read(tmp_path / "results" / "history.jsonl")["scores"]
    assert list(scores) == [
        "fact", "find", "fact and find", "multi", "chat", "all", "unanswerable", "off the topic", "missing detail",
    ]  # fmt: skip
    assert {"MRR", "cited F1", "key facts", "words", "quoted"} <= set(scores["all"])
    assert {"seconds", "absent", "unsupported"}.isdisjoint(scores["all"])
    assert {"AUC", "recall", "wrong", "nearest named"} <= set(scores["missing detail"])


def test_record_with_letters_of_another_encoding_is_kept(index_folder, questions, tmp_path):
    done = process(
        "-m", "qa", "eval", str(questions), "--index", str(index_folder), "--mode", "search", "--log-run", "caf\udce9",
        cwd=tmp_path,
    )  # fmt: skip
    assert (done.code, done.errors) == (0, f"Recorded in {tmp_path}/results/history.jsonl\n")
    assert read(tmp_path / "results" / "history.jsonl")["change"] == "caf\udce9"


# Against an earlier run


def test_run_against_itself_moved_nothing(qa_eval, questions, tmp_path):
    before = tmp_path / "before.json"
    qa_eval(questions, "--json", before)
    done = qa_eval(questions, "--against", before, "--json", before)
    assert (
        "Against the earlier evaluation (mode quotes, split dev), over 7 questions in both:\n  no score moved\n"
        in done.text
    )
    assert (read(before)["better"], read(before)["worse"]) == ({}, {})


def test_what_moved_is_printed_and_saved(qa_eval, tmp_path):
    before = write(tmp_path / "before.jsonl", QUESTIONS[0], {**MISSED, "papers": [BEES]})
    now = write(tmp_path / "now.jsonl", QUESTIONS[0], MISSED)
    qa_eval(before, "--mode", "search", "--json", tmp_path / "before.json")
    values = read(tmp_path / "before.json")
    (tmp_path / "before.json").write_text(json.dumps({**values, "fingerprint": "0" * 16}), encoding="utf-8")
    done = qa_eval(now, "--mode", "search", "--against", tmp_path / "before.json", "--json", tmp_path / "now.json")
    saved = read(tmp_path / "now.json")
    block = next(block for block in done.text.split("\n\n") if block.startswith("Against"))
    lines = block.splitlines()
    assert lines[:4] == [
        "Against the earlier evaluation (mode search, split dev), over 2 questions in both:",
        "  (the index held other texts then, so that the difference is not only that of the program)",
        "  find, hit@1: 1.00 -> .000, difference -1.00 [-1.00 -1.00]  worse",
        "  find, hit@5: 1.00 -> .000, difference -1.00 [-1.00 -1.00]  worse",
    ]
    assert lines[-2:] == ["Worse: 1", f"  missed: {saved['worse']['missed']}"]
    assert saved["better"] == {}
    assert done.code == 0


# The gate


@pytest.fixture
def floors(tmp_path) -> Callable[..., None]:
    """Writes floors.json beside the questions: floors of the whole dev split, searched only."""

    def put(**floors: float) -> None:
        names = {name.replace("_at_", "@"): floor for name, floor in floors.items()}
        (tmp_path / "floors.json").write_text(json.dumps({"search": {"dev": {"all": names}}}), encoding="utf-8")

    return put


def test_gate_is_open_where_every_score_is_above_its_floor(qa_eval, few, floors):
    floors(hit_at_1=0.5, MRR=0.4)
    done = qa_eval(few, "--mode", "search", "--check-regression")
    assert done == Done(code=0, text=f"{SEARCH}\nAll scores reach their thresholds.\n", errors=LACKING + no_rows(few))


def test_gate_is_closed_where_a_score_is_below_its_floor(qa_eval, few, floors):
    floors(hit_at_1=0.6, hit_at_5=0.5, MRR=0.7)
    done = qa_eval(few, "--mode", "search", "--check-regression")
    told = """
Scores below threshold:
  all, hit@1: 0.5000 is below its floor 0.6000
  all, MRR: 0.5000 is below its floor 0.7000
"""
    assert done == Done(code=4, text=SEARCH + told, errors=LACKING + no_rows(few))


def test_accepted_rows_are_those_that_the_next_gate_holds_against(qa_eval, questions, floors, tmp_path):
    floors(MRR=0.1)
    accepted = tmp_path / "results" / "search-dev.json"
    done = qa_eval(questions, "--mode", "search", "--update-baseline")
    assert (done.code, done.errors) == (0, f"Later checks compare with {accepted}\n")
    assert list(Baseline.from_dict(read(accepted)).rows) == [
        "tide",
        "chess",
        "bees",
        "ferries",
        "both",
        "gulls",
        "batch",
    ]
    lines = accepted.read_text(encoding="utf-8").splitlines()
    assert [line[: line.index(":")] for line in lines[1:-1]] == [
        '"tide"', '"chess"', '"bees"', '"ferries"', '"both"', '"gulls"', '"batch"',
    ]  # fmt: skip
    assert qa_eval(questions, "--mode", "search", "--check-regression").code == 0

    worse = [{**question, "papers": [BEES]} if "papers" in question else question for question in QUESTIONS]
    done = qa_eval(write(questions, *worse), "--mode", "search", "--check-regression")
    assert done.code == 4
    gate = done.text.rstrip("\n").split("\n\n")[-1].splitlines()
    assert gate[:2] == [
        "Scores below threshold:",
        "  all, MRR: 1.00 -> .450, difference -.550 [-.733 -.133] against the committed rows",
    ]

    done = qa_eval(questions, "--mode", "search", "--check-regression", "--update-baseline")
    assert (done.code, done.errors) == (4, "The baseline was not updated, because scores are below their thresholds.\n")
    assert qa_eval(questions, "--mode", "search", "--check-regression").code == 4
    qa_eval(questions, "--mode", "search", "--update-baseline")
    assert qa_eval(questions, "--mode", "search", "--check-regression").code == 0


def test_gate_says_where_the_committed_rows_are_of_other_texts(qa_eval, questions, floors, tmp_path):
    floors(MRR=0.1)
    accepted = tmp_path / "results" / "search-dev.json"
    qa_eval(questions, "--mode", "search", "--update-baseline")
    assert qa_eval(questions, "--mode", "search", "--check-regression").errors == ""
    accepted.write_text(json.dumps({**read(accepted), "fingerprint": "0" * 16}), encoding="utf-8")
    done = qa_eval(questions, "--mode", "search", "--check-regression")
    assert (done.code, done.errors) == (
        0, "The committed rows were measured on other texts: the difference is not only that of the program.\n",
    )  # fmt: skip


def test_each_mode_and_split_has_rows_of_its_own(qa_eval, questions, tmp_path):
    for mode, split in (("search", "dev"), ("search", "test"), ("quotes", "all")):
        qa_eval(questions, "--mode", mode, "--split", split, "--update-baseline")
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == [
        "quotes-all.json", "search-dev.json", "search-test.json",
    ]  # fmt: skip


def test_error_closes_the_gate(qa_eval, tmp_path):
    robot = [{"role": "robot", "content": "Beep."}]
    file = write(
        tmp_path / "robot.jsonl",
        QUESTIONS[0],
        {"id": "robot", "kind": "chat", "question": "And then?", "history": robot, "papers": [TIDE]},
    )
    (tmp_path / "floors.json").write_text('{"quotes": {"dev": {"all": {"MRR": 0}}}}', encoding="utf-8")
    done = qa_eval(file, "--check-regression")
    assert done.code == 4
    assert done.text.endswith("\n\nScores below threshold:\n  1 questions ended in an error: robot\n")


def test_committed_floors_name_what_is_measured():
    from qa.evals.data.questions import SPLITS
    from qa.evals.report.tables import (
        ANSWERS,
        EFFORT,
        KIND_GROUPS,
        RECEIPTS,
        REFUSAL_GROUPS,
        REFUSALS,
        SEARCH,
        STYLE_GROUPS,
    )
    from qa.evals.runs.questions import MODES

    every = read(CHECKOUT / "evals" / "floors.json")
    assert set(every.pop("statements")["dev"]) == {"true", "figure", "label", "name", "swap", "negation"}
    for mode, splits in every.items():
        assert mode in MODES
        for split, groups in splits.items():
            assert split in SPLITS
            assert groups
            for group, measures in groups.items():
                assert group in {**KIND_GROUPS, **STYLE_GROUPS, **REFUSAL_GROUPS}
                names = REFUSALS if group in REFUSAL_GROUPS else (*SEARCH, *ANSWERS, *RECEIPTS, *EFFORT)
                assert set(measures) <= set(names)
                assert all(0 <= floor <= 1 for name, floor in measures.items() if name not in EFFORT)


# A judged collection


BEIR = """\
shelf, 3 documents, split test; value [95 % interval], (queries)

Search of shelf                 nDCG@10         recall@10        recall@100               MRR
  search (2)           1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]
  BM25 alone (2)       1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]
  vectors alone (2)    1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]  1.00 [1.00 1.00]
"""


@pytest.fixture
def collection(tmp_path) -> Path:
    folder = tmp_path / "shelf"
    (folder / "qrels").mkdir(parents=True)
    write(
        folder / "corpus.jsonl",
        {"_id": "otters", "title": "How otters share a river", "text": "Otters of one river mark stones with scent."},
        {"_id": "moss", "title": "Roof moss and rain", "text": "Moss on a roof holds a third of the rain of a storm."},
        {"_id": "kite", "title": "Paper kites as antennas", "text": "A kite lifts a wire that hears distant stations."},
    )
    write(
        folder / "queries.jsonl",
        {"_id": "q1", "text": "scent of otters"},
        {"_id": "q2", "text": "rain kept by moss"},
        {"_id": "q3", "text": "copper"},
    )
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\totters\t1\nq2\tmoss\t2\nq3\tkite\t0\n", encoding="utf-8"
    )
    return folder


def test_collection_is_measured_instead(collection, capsys, tmp_path):
    code = main(["eval", "--beir", str(collection), "--split", "test", "--json", str(tmp_path / "out.json")])
    text, errors = capsys.readouterr()
    assert (code, text, errors) == (0, BEIR, "Skipped, as no document is relevant to them: 1 query.\n")
    values = read(tmp_path / "out.json")
    assert (list(values), values["format"], values["split"]) == (["format", "split", "tables"], 1, "test")
    assert values["tables"]["Search of shelf"]["search"]["nDCG@10"] == {
        "value": 1.0, "low": 1.0, "high": 1.0, "count": 2,
    }  # fmt: skip


def test_collection_may_be_cut_short_and_its_index_kept(collection, capsys, tmp_path):
    at = ["--split", "test", "--index", str(tmp_path / "shelf-index")]
    assert main(["eval", "--beir", str(collection), *at, "--limit", "1"]) == 0
    assert "  search (1) " in capsys.readouterr().out
    assert main(["eval", "--beir", str(collection), *at]) == 0
    assert "  search (2) " in capsys.readouterr().out
    assert main(["papers", *at[2:]]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_collection_is_measured_on_its_test_queries_by_default(collection, capsys):
    code = main(["eval", "--beir", str(collection)])
    assert (code, capsys.readouterr().out) == (0, BEIR)


@pytest.mark.parametrize(
    "option", ["--check-regression", "--update-baseline", "--log-run=x", "--report=r", "--against=a", "--kind=fact"]
)
def test_collection_takes_no_option_that_is_about_questions(collection, capsys, option):
    code = main(["eval", "--beir", str(collection), option])
    name = option.partition("=")[0]
    told = f"qa: {name} does not go with --beir. It takes --index, --split, --limit and --json.\n"
    assert (code, *capsys.readouterr()) == (1, "", told)


@pytest.mark.parametrize("option", ["--limit", "--jobs"])
def test_collection_needs_at_least_one_query_and_job(capsys, option):
    code = main(["eval", "--beir", "nowhere", option, "0"])
    assert (code, *capsys.readouterr()) == (1, "", f"qa: {option} is 0, but it must be at least 1. Try {option} 4.\n")


def test_place_for_the_scores_of_a_collection_is_looked_at_first(capsys, tmp_path):
    (tmp_path / "file").touch()
    assert main(["eval", "--beir", "nowhere", "--json", str(tmp_path / "file" / "out.json")]) == 1
    assert "out.json cannot be written (File exists)." in capsys.readouterr().err


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split", "train"], "Unknown split 'train'. Use --split dev, --split test or --split all."),
        (["--kind", "fun"], "Unknown kind 'fun'. Use --kind with one of: fact, find, multi, none, chat."),
        (["--kind", "fact,fun"], "Unknown kind 'fun'. Use --kind with one of: fact, find, multi, none, chat."),
        (["--limit", "0"], "--limit is 0, but it must be at least 1. Try --limit 4."),
        (["--limit", "-3"], "--limit is -3, but it must be at least 1. Try --limit 4."),
        (["--jobs", "0"], "--jobs is 0, but it must be at least 1. Try --jobs 4."),
        (
            ["--split", "test", "--kind", "chat,find"],
            "questions.jsonl has no question of split test and kind find, chat. Try --split all.",
        ),
        (
            ["--check-regression"],
            "floors.json cannot be read (No such file or directory). Check the name.",
        ),
        *(
            (
                [*option, *cut],
                "--check-regression, --log-run and --update-baseline need all questions of a split. Omit --kind and --limit.",
            )
            for option in (["--check-regression"], ["--update-baseline"], ["--log-run", "x"])
            for cut in (["--limit", "3"], ["--kind", "fact"])
        ),
        (["--against", "old.json"], "old.json cannot be read (No such file or directory). Check the name."),
        (
            ["--against", "no.json"],
            "no.json is not valid JSON (Expecting value: line 1 column 1 (char 0)). Save an evaluation with: qa eval --json OUT.json",
        ),
        (
            ["--against", "list.json"],
            "This is not a saved evaluation (TypeError: list indices must be integers or slices, not str)."
            " Save one with: qa eval --json OUT.json",
        ),
        (
            ["--index", "nowhere"],
            "No index in nowhere. Build one from your files: qa index FILES… --index nowhere",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_error_is_one_line_that_says_what_to_type(qa_eval, questions, here, arguments, message):
    (here / "list.json").write_text("[]", encoding="utf-8")
    (here / "no.json").write_text("No.", encoding="utf-8")
    assert qa_eval("questions.jsonl", *arguments) == Done(code=1, text="", errors=f"qa: {message}\n")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [QUESTIONS[0], {"id": "x", "kind": "fun", "question": "?"}],
            ", line 2 is not a reference question (kind 'fun' is not one of fact, find, multi, none, chat). See docs/evaluation.md.",
        ),
        ([], " has no question of split dev and kind fact, find, multi, none, chat. Try --split all."),
    ],
    ids=["broken line", "empty"],
)
def test_file_that_holds_no_questions_is_named(qa_eval, tmp_path, lines, message):
    file = write(tmp_path / "q.jsonl", *lines)
    assert qa_eval(file) == Done(code=1, text="", errors=f"qa: {file}{message}\n")


def test_missing_file_is_named(qa_eval, tmp_path):
    done = qa_eval(tmp_path / "none.jsonl")
    assert (done.code, done.text) == (1, "")
    assert re.fullmatch(
        r"qa: The questions .*none\.jsonl cannot be read \(.*\)\. Name a JSON Lines file\.\n", done.errors
    )


NO_QUESTION_IN_COMMON = "qa: The two evaluations have no question in common. Compare runs of the same question file.\n"


def test_run_of_other_questions_is_not_compared(qa_eval, questions, tmp_path):
    qa_eval(questions, "--mode", "search", "--kind", "chat", "--json", tmp_path / "chat.json")
    done = qa_eval(questions, "--mode", "search", "--kind", "fact", "--against", tmp_path / "chat.json")
    assert done == Done(code=1, text="", errors=NO_QUESTION_IN_COMMON)


@pytest.mark.parametrize(
    ("option", "place", "message"),
    [
        (
            "--json",
            "file/out.json",
            "file/out.json cannot be written (File exists). Name another place, or free some space.",
        ),
        ("--json", "folder", "folder cannot be written. Name another place."),
        (
            "--report",
            "file",
            "file/index.html cannot be written (File exists). Name another place, or free some space.",
        ),
        ("--report", "taken", "taken/index.html cannot be written. Name another place."),
    ],
)
def test_place_that_cannot_be_written_is_found_before_any_question_is_asked(
    qa_eval, questions, here, option, place, message
):
    (here / "file").touch()
    (here / "folder").mkdir()
    (here / "taken" / "index.html").mkdir(parents=True)
    # There is no index: had any question been asked, the error would be another.
    done = qa_eval(questions, option, place, "--index", "nowhere")
    assert done == Done(code=1, text="", errors=f"qa: {message}\n")


OTHER_ROWS = '{"format": 1, "mode": "search", "split": "dev", "fingerprint": "", "rows": {"snow": {"scores": {}}}}'


@pytest.mark.parametrize(
    ("arguments", "path", "text", "message"),
    [
        pytest.param(["--check-regression"], "floors.json", "{", "floors.json is not valid JSON", id="floors"),
        pytest.param(
            ["--check-regression"], "floors.json", "{}", "No valid floors for mode search", id="no floors"
        ),
        pytest.param(["--check-regression"], "results/search-dev.json", "{}", "This is not a saved evaluation", id="committed rows"),
        pytest.param(
            ["--check-regression"], "results/search-dev.json", OTHER_ROWS, "no question in common", id="other committed rows"
        ),
        pytest.param(["--against", "old.json"], "old.json", "{}", "This is not a saved evaluation", id="earlier run"),
        pytest.param(
            ["--against", "old.json"], "old.json", OTHER_ROWS, "no question in common", id="other earlier run"
        ),
        pytest.param(["--log-run", "x"], "results", "", "history.jsonl cannot be written", id="history"),
        pytest.param(["--update-baseline"], "results", "", "search-dev.json cannot be written", id="accepted rows"),
    ],
)  # fmt: skip
def test_what_a_run_needs_is_looked_at_before_any_question_is_asked(
    qa_eval, questions, floors, here, arguments, path, text, message
):
    floors(MRR=0.0)
    (here / path).parent.mkdir(exist_ok=True)
    (here / path).write_text(text, encoding="utf-8")
    done = qa_eval("questions.jsonl", "--mode", "search", "--index", "nowhere", *arguments)
    assert (done.code, done.text) == (1, "")
    assert message in done.errors


def test_floor_with_a_wrong_name_costs_no_finished_run(qa_eval, questions, floors, tmp_path):
    floors(hit_at_2=0.5)
    done = qa_eval(questions, "--mode", "search", "--check-regression", "--json", tmp_path / "out.json")
    assert (done.code, done.errors) == (
        1, "qa: floors.json has a floor for “all, hit@2”, which was not measured. Correct the name.\n",
    )  # fmt: skip
    assert len(read(tmp_path / "out.json")["rows"]) == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mode", "guess"], "argument --mode: invalid choice: 'guess' (choose from"),
        (["--limit", "few"], "argument --limit: invalid int value: 'few'"),
        (["--log-run"], "argument --log-run: expected one argument"),
    ],
)
def test_wrong_usage_exits_with_2(capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        main(["eval", *arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


# Ctrl-C


HEAR_SIGINT = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""A process that was started in the background is deaf to Ctrl-C, and so are its children: these must not be."""


def interrupted(arguments: list[str], after: int) -> tuple[int, str, str]:
    """A real process on a terminal, sent SIGINT when so many questions are done: its code, output and last lines."""
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", f"{HEAR_SIGINT}; from qa.cli.main import entry; entry()", "eval", *arguments],
        stdout=subprocess.PIPE,
        stderr=inner,
        env=ENVIRONMENT,
    )
    os.close(inner)
    shown, sent = b"", False
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
        if not sent and any(int(done) >= after for done in re.findall(rb"Asking (\d+) of", shown)):
            process.send_signal(signal.SIGINT)
            sent = True
    os.close(terminal)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output.decode(), shown.decode().replace("\r\n", "\n").partition("left\n")[2]


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_ctrl_c_keeps_the_rows_so_far_and_prints_no_table(index_folder, tmp_path, jobs):
    many = write(tmp_path / "many.jsonl", *({**QUESTIONS[0], "id": f"q{i}"} for i in range(900)))
    out = tmp_path / "out.json"
    code, output, last = interrupted(
        [
            str(many),
            "--index",
            str(index_folder),
            "--jobs",
            jobs,
            "--json",
            str(out),
            "--update-baseline",
            "--log-run",
            "x",
        ],
        5,
    )
    assert (code, output) == (130, "")
    assert last == f"qa: interrupted; the questions done are in {out}.\n"
    evaluation = Evaluation.from_dict(read(out))
    ids = [int(row.question.id[1:]) for row in evaluation.rows]
    assert 5 <= len(ids) < 900
    assert ids == sorted(ids)
    if jobs == "1":
        assert ids == list(range(len(ids)))
    assert {row.error for row in evaluation.rows} == {""}
    assert list((tmp_path / "results").glob("*")) == []


def test_ctrl_c_without_a_file_says_that_nothing_was_written(index_folder, tmp_path):
    many = write(tmp_path / "many.jsonl", *({**QUESTIONS[0], "id": f"q{i}"} for i in range(900)))
    code, output, last = interrupted([str(many), "--index", str(index_folder)], 2)
    assert (code, output, last) == (130, "", "qa: interrupted; nothing was written.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["many.jsonl"]


# Help

HELP = """\
usage: qa eval [-h] [--index FOLDER] [--mode {search,quotes,model,replay}] [--split SPLIT]
               [--kind KIND] [--limit N] [--jobs N] [--json OUT] [--report DIR]
               [--against OLD.json] [--check-regression] [--log-run CHANGE] [--update-baseline]
               [--model NAME | --no-model] [--base-url URL] [--papers N] [--strict] [--no-cache]
               [--max-cost USD] [--max-total-tokens N] [--beir FOLDER]
               [QUESTIONS]

Asks every reference question of the index and prints scores by kind and style, each with its 95 % interval, beside
BM25 alone, vectors alone and a copy of the best abstract. Needs no key and no network. Questions are JSON objects, one
a line, with id, kind, question, facts, papers and more: see docs/evaluation.md. Exit code 4 means that a score is below
its threshold.

  qa eval --limit 5                          a quick look
  qa eval --json before.json                 then change something, and
  qa eval --against before.json              see what got better or worse
  qa eval --split test --report report/      figures to publish, with every failing question
  qa eval --mode replay                      a language model's recorded replies, checked again
  qa eval --mode model --max-cost 1          the same with a model of yours (OPENAI_API_KEY, OPENAI_BASE_URL, QA_MODEL)
  qa eval --beir scifact/                    search alone, on a public collection

positional arguments:
  QUESTIONS             JSON Lines (default: QA_QUESTIONS, else evals/questions.jsonl)

options:
  -h, --help            show this help message and exit
  --index FOLDER        the index folder (default: QA_INDEX, else index/chroma)
  --mode {search,quotes,model,replay}
                        search only ranks papers; quotes answers (default); model answers by a
                        language model, replay by the replies recorded in replies/ next to the
                        questions
  --split SPLIT         dev (default; with --beir test), test (for releases: nothing is tuned on
                        it) or all
  --kind KIND           fact, find, multi, none or chat; may be repeated
  --limit N             at most N questions of each kind
  --jobs N              questions asked at a time (default 2)
  --json OUT            write rows and tables to this file
  --report DIR          write a page with plots and every failing question to DIR
  --against OLD.json    paired differences to an evaluation saved with --json
  --check-regression    exit 4 below floors.json or results/, both next to the questions
  --log-run CHANGE      append a row to results/history.jsonl: what was changed
  --update-baseline     later checks compare with the rows of this run
  --beir FOLDER         instead: nDCG@10, recall and MRR on a judged collection (BEIR's form)

language model:
  --model NAME          the language model (default: QA_MODEL)
  --no-model            use no model, whatever the environment says
  --base-url URL        its endpoint (default: OPENAI_BASE_URL, else OpenAI)
  --papers N            papers given to the model (default 12)
  --strict              leave out sentences that the abstracts do not support
  --no-cache            do not use the reply cache (see qa cache)
  --max-cost USD        stop before the total cost exceeds USD
  --max-total-tokens N  stop before the total exceeds N tokens
"""


def test_help_teaches(tmp_path):
    assert process("-m", "qa", "eval", "--help", cwd=tmp_path, COLUMNS="100") == Done(code=0, text=HELP, errors="")


# A language model's answers


def replies(questions: Path, index: qa.Index, *said: tuple[str, str]) -> Path:
    """Recorded replies beside the questions: to each question (by its id) this text, after the paper that it is about."""
    by_id = {str(question["id"]): question for question in QUESTIONS}
    titles = {paper.title: paper for paper in index.papers()}
    cases = []
    for name, text in said:
        title = (by_id[name].get("papers") or [TIDE])[0]
        sentences = [passage.text for passage in split_passages(titles[title].abstract)]
        cases.append(
            {
                "id": name, "question": by_id[name]["question"], "history": [], "rewritten": None, "reply": text,
                "request": "0" * 16, "shown": [{"title": title, "sentences": sentences}],
            }
        )  # fmt: skip
    (questions.parent / "replies").mkdir()
    return write(questions.parent / "replies" / "replies.jsonl", *cases)


def test_recorded_replies_are_checked_and_scored(qa_eval, questions, index, tmp_path):
    sentences = split_passages(next(paper for paper in index.papers() if paper.title == TIDE).abstract)
    place = next(i for i, passage in enumerate(sentences, 1) if "5.4 cm" in passage.text)
    replies(questions, index, ("tide", f"{sentences[place - 1].text[:-1]} [1.{place}]."), ("chess", "NOT_IN_THE_PAPERS"), ("bees", "They hum at 440 Hz [1.1]."))  # fmt: skip
    done = qa_eval(questions, "--mode", "replay", "--json", tmp_path / "out.json")
    assert done.code == 0
    assert done.errors.endswith("3 of the 3 recorded requests would be others today: their replies were written to the old ones.\n")  # fmt: skip
    tide, chess, bees = read(tmp_path / "out.json")["rows"]
    assert (tide["scores"]["key facts"], tide["scores"]["cited precision"], tide["said"][0]["support"]) == (1.0, 1.0, "supported")  # fmt: skip
    assert (chess["scores"]["refused"], chess["found"]) == (1.0, False)
    assert (bees["scores"]["refused wrongly"], bees["said"][0]["support"]) == (1.0, "unsupported")
    assert "marked unsupported: “They hum at 440 Hz.”" in bees["reason"]


def test_limit_counts_questions_that_have_a_reply(qa_eval, questions, index):
    replies(questions, index, ("bees", "NOT_IN_THE_PAPERS"))
    assert qa_eval(questions, "--mode", "replay", "--limit", "1").head.startswith("1 questions of")


def test_split_without_a_reply_is_one_line(qa_eval, questions, index):
    file = replies(questions, index, ("bees", "NOT_IN_THE_PAPERS"))
    done = qa_eval(questions, "--mode", "replay", "--split", "test")
    assert (done.code, done.text) == (1, "")
    assert done.errors == f"qa: {file} has no question of split test and kind fact, find, multi, none, chat. Try --split all.\n"  # fmt: skip


def test_model_mode_needs_a_model(qa_eval, questions, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "QA_MODEL"):
        monkeypatch.delenv(name, raising=False)
    done = qa_eval(questions, "--mode", "model")
    assert (done.code, done.text) == (1, "")
    assert done.errors.startswith("qa: --mode model needs a language model. Set OPENAI_API_KEY or OPENAI_BASE_URL")


def test_model_is_asked_over_http_and_its_answers_scored(qa_eval, questions, monkeypatch, tmp_path):
    monkeypatch.setenv("QA_CACHE", str(tmp_path / "cache"))
    with FakeEndpoint(says("NOT_IN_THE_PAPERS")) as server:
        done = qa_eval(questions, "--mode", "model", "--model", "fake-model", "--base-url", server.url, "--kind", "none", "--limit", "1", "--json", tmp_path / "out.json")  # fmt: skip
    assert done.code == 0
    [row] = read(tmp_path / "out.json")["rows"]
    assert (row["scores"]["refused"], row["scores"]["tokens in"] > 0) == (1.0, True)


def test_wrong_key_ends_the_run_at_once(qa_eval, questions, monkeypatch, tmp_path):
    monkeypatch.setenv("QA_CACHE", str(tmp_path / "cache"))
    with FakeEndpoint(fails(401), fails(401), fails(401)) as server:
        done = qa_eval(questions, "--mode", "model", "--model", "fake-model", "--base-url", server.url, "--jobs", "1")
    assert (done.code, done.text, len(server.requests)) == (1, "", 1)
    assert "OPENAI_API_KEY" in done.errors


def test_run_in_which_every_question_ends_in_an_error_is_one_line(qa_eval, questions, monkeypatch, tmp_path):
    monkeypatch.setenv("QA_CACHE", str(tmp_path / "cache"))
    with FakeEndpoint(*[says("")] * 4) as server:
        done = qa_eval(questions, "--mode", "model", "--model", "fake-model", "--base-url", server.url, "--kind", "none", "--jobs", "1")  # fmt: skip
    assert (done.code, done.text) == (1, "")
    assert done.errors == "qa: Every question ended in an error, the first of them: The model's reply holds no statement: it is empty. Ask again, or another model.\n"  # fmt: skip
