"""Whether reference questions are fair: each fault by itself, the command, and the questions of this project."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.paths import ROOT
from qa.documents.paper import title_key
from qa.errors import InputError
from qa.evals.data.check_questions import faults, read_abstracts
from qa.evals.data.questions import STYLES, ReferenceQuestion, read_questions

pytestmark = pytest.mark.slow


CHECKOUT = ROOT

KITES, JARS, FROGS = "Kites on Scales", "Jars That Ring", "Frogs in the Rain"
TELLING = {
    title_key(KITES): "We weigh 38 kites on a windy hill. Thirty-eight of them pull harder than a goat. Wind is free.",
    title_key(JARS): "A jar rings when it is full. Our meter hears the honey in a jar to within 2 % of its weight.",
    title_key(FROGS): "Frogs call before rain. The calls of frogs fell silent at 4.5 degrees.",
}
OTHER_TELLING = {
    title_key(KITES): "On a hill with much wind, 38 kites were put on scales; nearly all outdid a goat.",
    title_key(JARS): "Full jars ring. From the sound, the honey inside is scored with an error of 2 %.",
    title_key(FROGS): "Before it rains, frogs can be heard, unless it is colder than 4.5 degrees.",
}


def question(id: str, kind: str, text: str, *papers: str, facts: tuple = (), **fields) -> ReferenceQuestion:
    answer = fields.pop("answer", "" if kind == "none" else "As the abstract says.")
    return ReferenceQuestion(id=id, kind=kind, question=text, papers=papers, facts=facts, answer=answer, **fields)


FACT = question("f1", "fact", "How many kites were scored?", KITES, facts=(("38 kites", "thirty-eight kites"),))
FIND = question("f2", "find", "Who listens to glass?", JARS, facts=(("honey",), ("2%", "2 %")))
COLD = question("f3", "fact", "When is it too cold to croak?", FROGS, facts=(("4.5 degrees",),))
MULTI = question("m1", "multi", "Which works weigh things?", KITES, JARS, facts=(("kites",), ("honey",)))
NONE = question("n1", "none", "Who sells umbrellas?")
NEAR = question("n2", "none", "What did the scales cost?", near=KITES)
CHAT = question(
    "c1",
    "chat",
    "And what is in it?",
    JARS,
    facts=(("honey",),),
    history=({"role": "user", "content": "Do jars ring?"}, {"role": "assistant", "content": "Full ones do [1]."}),
)
FAIR = [FACT, FIND, COLD, MULTI, NONE, NEAR, CHAT]


def found(changed: ReferenceQuestion, *tellings: dict[str, str]) -> list[str]:
    """The faults where one of the fair questions is changed."""
    questions = [changed if question.id == changed.id else question for question in FAIR]
    assert changed in questions
    return list(faults(questions, tellings or [TELLING]))


@pytest.mark.parametrize("tellings", [[TELLING], [OTHER_TELLING], [TELLING, OTHER_TELLING]])
def test_fair_questions_have_no_fault(tellings):
    assert list(faults(FAIR, tellings)) == []


TURNS = CHAT.history


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        pytest.param(replace(FACT, split="train"), "f1: split 'train' is not one of dev, test", id="split"),
        pytest.param(
            replace(FACT, style="rude"), "f1: style 'rude' is not one of plain, terse, typos, long, nonnative", id="style"
        ),
        pytest.param(
            replace(CHAT, history=()), "c1: a history belongs to kind chat, and to no other", id="chat without history"
        ),
        pytest.param(
            replace(FACT, history=TURNS), "f1: a history belongs to kind chat, and to no other", id="fact with history"
        ),
        *(
            pytest.param(
                replace(CHAT, history=history),
                "c1: the history must be turns of user and assistant in turn, the last the assistant's",
                id=id,
            )
            for history, id in (
                (TURNS[:1], "history without a reply"),
                (TURNS[::-1], "history that the assistant begins"),
                ((*TURNS, TURNS[0]), "history that the user ends"),
                ((TURNS[0], TURNS[0], TURNS[1], TURNS[1]), "history with two turns of one"),
            )
        ),
        pytest.param(replace(MULTI, papers=(KITES,), facts=(("kites",),)), "m1: 1 papers do not fit kind multi", id="multi with one paper"),
        pytest.param(replace(MULTI, papers=(KITES, JARS) * 3), "m1: 6 papers do not fit kind multi", id="multi with six"),
        pytest.param(replace(CHAT, papers=(JARS,) * 5), "c1: 5 papers do not fit kind chat", id="chat with five papers"),
        pytest.param(replace(NONE, papers=(KITES,)), "n1: 1 papers do not fit kind none", id="none with a paper"),
        pytest.param(replace(FACT, papers=(KITES, JARS)), "f1: 2 papers do not fit kind fact", id="fact with two papers"),
        pytest.param(replace(FIND, papers=(JARS, KITES)), "f2: 2 papers do not fit kind find", id="find with two papers"),
        pytest.param(replace(FACT, facts=()), "f1: key facts belong to every kind but none", id="fact without facts"),
        pytest.param(
            replace(NEAR, facts=(("38 kites",),)), "n2: key facts belong to every kind but none", id="none with facts"
        ),
        pytest.param(replace(FACT, answer=" "), "f1: the reference answer is missing", id="blank answer"),
        *(
            pytest.param(
                replace(FIND, facts=(("honey", spelling),)),
                f"f2: the spelling {spelling.strip()!r} is shorter than 3 characters",
                id=f"spelling {spelling!r}",
            )
            for spelling in ("it", "2", " ab ", "12", "x2")
        ),
        pytest.param(
            replace(FACT, papers=("Kites on Snails",)),
            "f1: no paper of version 1 is called “Kites on Snails”",
            id="unknown paper",
        ),
        pytest.param(
            replace(NEAR, near="Kites on Snails"),
            "n2: no paper of version 1 is called “Kites on Snails”",
            id="unknown near paper",
        ),
        pytest.param(
            replace(FACT, facts=(("38 kites",), ("seven seals", "7 seals"))),
            "f1: “seven seals” does not occur in version 1",
            id="fact that no spelling finds",
        ),
        pytest.param(
            replace(MULTI, facts=(("goat",), ("14.5 degrees", "5 degrees"))),
            "m1: “14.5 degrees” does not occur in version 1",
            id="fact of another paper",
        ),
        pytest.param(
            replace(FACT, question="Do them pull harder than a horse?"),
            "f1: copies “them pull harder than a” from version 1",
            id="copied words",
        ),
        pytest.param(
            replace(NEAR, question="Did you WEIGH 38 kites, on a scale?"),
            "n2: copies “weigh 38 kites on a” from version 1",
            id="copied words in other letters",
        ),
        pytest.param(
            replace(FACT, facts=(("38 kites",), ("kites", "frogs"))),
            "f1: “kites” occurs in 50% of the other abstracts of version 1",
            id="fact that other papers state",
        ),
    ],
)  # fmt: skip
def test_fault_is_told_in_a_line(changed, fault):
    told = [line for line in found(changed) if not line.startswith("no fact or find question asks for ")]
    assert told == [fault]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(FIND, facts=(("2%", "2 %"),)), id="number with its unit"),
        pytest.param(replace(MULTI, papers=(KITES, JARS, FROGS)), id="multi with three papers"),
        pytest.param(replace(CHAT, papers=(JARS, KITES)), id="chat with two papers"),
        pytest.param(replace(MULTI, papers=(KITES, JARS) * 2), id="multi with four papers"),
        pytest.param(replace(CHAT, history=TURNS * 2), id="chat with four turns"),
        pytest.param(replace(FACT, papers=("KITES, on scales!",)), id="title in other letters"),
        pytest.param(replace(FACT, question="Do you weigh 38 kites on one hill?"), id="four copied words"),
        pytest.param(replace(FACT, split="test", style="typos"), id="other split and style"),
    ],
)
def test_what_is_fair_has_no_fault(changed):
    assert found(changed) == []


def test_near_belongs_to_questions_that_have_no_answer():
    assert found(replace(FACT, near=FROGS, facts=(("4.5 degrees",),))) == [
        "f1: near belongs to kind none, and to no other"
    ]


def test_every_telling_must_be_fair():
    changed = replace(FIND, facts=(("within 2 %",),))
    assert found(changed, TELLING) == []
    assert found(changed, OTHER_TELLING) == ["f2: “within 2 %” does not occur in version 1"]
    assert found(changed, TELLING, OTHER_TELLING) == ["f2: “within 2 %” does not occur in version 2"]
    copied = replace(NEAR, question="Which 38 kites were put on wheels?")
    assert found(copied, TELLING, OTHER_TELLING) == ["n2: copies “38 kites were put on” from version 2"]


@pytest.mark.parametrize(("others", "fair"), [(6, True), (5, True), (4, False), (1, False)])
def test_fact_may_stand_in_a_fifth_of_the_other_abstracts(others, fair):
    telling = {"own": "A goat.", "other0": "Another goat.", **{f"other{i}": "A horse." for i in range(1, others)}}
    asked = [question(f"q{i}", "find", "Which?", title, facts=(("a",),)) for i, title in enumerate(telling)]
    asked = [replace(q, facts=(("goat",),) if i < 2 else (("horse", "goat"),)) for i, q in enumerate(asked)]
    told = [line for line in faults(asked, [telling]) if line.startswith("q0")]
    assert told == ([] if fair else [f"q0: “goat” occurs in {1 / others:.0%} of the other abstracts of version 1"])


def test_every_paper_needs_a_fact_or_find_question_of_its_own():
    assert list(faults([FACT, MULTI, NEAR, CHAT], [TELLING])) == [
        "no fact or find question asks for the paper frogsintherain",
        "no fact or find question asks for the paper jarsthatring",
    ]
    assert list(faults([], [{"only here": "x"}, {"only there": "y"}])) == [
        "no fact or find question asks for the paper only here",
        "no fact or find question asks for the paper only there",
    ]


def test_faults_are_in_the_order_of_the_questions():
    told = faults([replace(NONE, style="rude"), replace(FACT, answer="", split="train")], [TELLING])
    assert [line.split(":")[0] for line in told] == [
        "n1", "f1", "f1",
        "no fact or find question asks for the paper frogsintherain",
        "no fact or find question asks for the paper jarsthatring",
    ]  # fmt: skip


def test_abstracts_are_read_by_the_keys_of_their_titles(pages):
    abstracts = read_abstracts(str(pages))
    assert list(abstracts) == list(
        map(
            title_key,
            [
                "TideNet: Forecasting Harbour Water Levels with Sparse Gauges",
                "Counting Gulls from the Air without Labels",
                "Quiet Motors: Learning to Steer Ferries with Less Noise",
                "DoughGraph: Graph Neural Networks for Bread Fermentation",
                "A Poincaré Map of Recipes",
                "Street Lamps that Learn",
                "Bees, Noise and Glass",
            ],
        )
    )
    # One paper on two pages is one abstract; two papers under one title are both.
    assert abstracts[title_key("Counting gulls from the air without labels")].count("3,200 photographs") == 1
    lamps = abstracts[title_key("Street Lamps that Learn")]
    assert "passing bicycles" in lamps
    assert "migrating thrushes" in lamps


def test_folder_without_a_paper_is_refused(tmp_path):
    (tmp_path / "notes.md").write_text("Nothing here.", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"^No paper was read from .*\. Name a folder of pages, such as: --pages index/pages$"
    ):
        read_abstracts(str(tmp_path))


# The command


INVENTED = [
    question("tide", "fact", "To what does TideNet lower the error?", "TideNet: Forecasting Harbour Water Levels with Sparse Gauges", facts=(("5.4 cm",),)),
    question("gulls", "fact", "How far is GCL from experts?", "Counting Gulls from the Air without Labels", facts=(("4.2%", "4.2 %"),)),
    question("seals", "find", "What makes boats kinder to seals?", "Quiet Motors: Learning to Steer Ferries with Less Noise", facts=(("noise by half",),), style="long"),
    question("bread", "find", "Who models loaves?", "DoughGraph: Graph Neural Networks for Bread Fermentation", facts=(("bubbles",),)),
    question("soup", "fact", "How many relations survive?", "A Poincaré Map of Recipes", facts=(("93%", "93\\%"),)),
    question("lamps", "find", "Who dims lights?", "Street Lamps that Learn", facts=(("bandit",),), style="terse"),
    question("hum", "fact", "Which pitch keeps bees out?", "Bees, Noise and Glass", facts=(("250 Hz",),)),
    question("salt", "none", "How does salt matter to DoughGraph?", near="DoughGraph: Graph Neural Networks for Bread Fermentation", split="test"),
]  # fmt: skip
"""A question for each paper of the invented pages."""


def write(path: Path, questions: list[ReferenceQuestion]) -> Path:
    lines = [json.dumps({**q.__dict__, "facts": q.facts, "papers": q.papers, "history": q.history}) for q in questions]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def check(*arguments: object, cwd: Path) -> tuple[int, str, str]:
    """A real process: its exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "qa.evals.data.check_questions", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", cwd=cwd, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


COUNTS = "4 fact, 3 find, 0 multi, 1 none, 0 chat, 6 plain, 1 terse, 0 typos, 1 long, 0 nonnative\n"


def test_fair_file_is_counted(pages, tmp_path):
    file = write(tmp_path / "q.jsonl", INVENTED)
    assert check(file, "--pages", pages, cwd=tmp_path) == (0, f"8 questions, 0 faults\n{COUNTS}", "")
    assert check(file, "--pages", pages, "--pages", pages, cwd=tmp_path) == (0, f"8 questions, 0 faults\n{COUNTS}", "")


def test_faults_are_listed_and_the_exit_code_is_4(pages, tmp_path):
    (tmp_path / "evals").mkdir()
    write(
        tmp_path / "evals" / "questions.jsonl",
        [replace(INVENTED[0], facts=(("5.5 cm",), ("ports",))), *INVENTED[1:-2], replace(INVENTED[-1], style="rude")],
    )
    assert check("--pages", pages, cwd=tmp_path) == (
        4,
        "tide: “5.5 cm” does not occur in version 1\n"
        "salt: style 'rude' is not one of plain, terse, typos, long, nonnative\n"
        "no fact or find question asks for the paper beesnoiseandglass\n"
        "7 questions, 3 faults\n"
        "3 fact, 3 find, 0 multi, 1 none, 0 chat, 4 plain, 1 terse, 0 typos, 1 long, 0 nonnative\n",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.jsonl"], "The questions none.jsonl cannot be read ("),
        (["broken.jsonl"], "broken.jsonl, line 1 is not a reference question (no JSON"),
        (["q.jsonl", "--pages", "nowhere"], "No paper was read from nowhere. Name a folder of pages"),
    ],
)
def test_what_cannot_be_read_is_one_line(pages, tmp_path, arguments, message):
    write(tmp_path / "q.jsonl", INVENTED)
    (tmp_path / "broken.jsonl").write_text("{", encoding="utf-8")
    code, output, errors = check(*arguments, "--pages", pages, cwd=tmp_path)
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith(message.partition("(no JSON")[0])


def test_pages_must_be_named(tmp_path):
    code, output, errors = check(cwd=tmp_path)
    assert (code, output) == (2, "")
    assert "the following arguments are required: --pages" in errors


# The questions of this project


@pytest.fixture(scope="module")
def asked() -> list[ReferenceQuestion]:
    return read_questions(CHECKOUT / "evals" / "questions.jsonl")


@pytest.fixture(scope="module")
def shipped() -> dict[str, str]:
    return read_abstracts(str(CHECKOUT / "index" / "pages"))


def test_questions_are_fair_to_the_shipped_pages(asked, shipped):
    assert list(faults(asked, [shipped])) == []


@pytest.mark.corpus
def test_questions_are_fair_to_both_tellings(asked, shipped, corpus):
    original = read_abstracts(str(corpus))
    assert len(original) == len(shipped)
    assert list(faults(asked, [shipped, original])) == []


def test_there_are_enough_questions_of_every_kind(asked, shipped):
    kinds = Counter(question.kind for question in asked)
    assert kinds["multi"] >= 60
    assert kinds["none"] >= 80
    assert sum(bool(question.near) for question in asked if question.kind == "none") >= kinds["none"] / 2
    assert kinds["chat"] >= 40
    assert 0.45 <= kinds["fact"] / (kinds["fact"] + kinds["find"]) <= 0.55
    assert {title_key(q.papers[0]) for q in asked if q.kind in ("fact", "find")} == set(shipped)


def test_questions_are_of_every_style_and_half_are_kept_for_reporting(asked):
    assert {question.style for question in asked} == set(STYLES)
    assert Counter(question.split for question in asked) == {"dev": len(asked) / 2, "test": len(asked) / 2}
