"""Votes on answers: kept line by line, read back, and drafted as reference questions."""

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from qa.answer import Answer, Citation
from qa.documents.paper import Paper, title_key
from qa.errors import InputError
from qa.evals.data.check_questions import faults
from qa.evals.data.questions import ReferenceQuestion, read_questions
from qa.feedback.store import (
    LONGEST_NOTE,
    MOST_TURNS,
    Feedback,
    VotedPaper,
    answer_id,
    feedback_on,
    keep,
    read_feedback,
)
from qa.feedback.to_questions import UNFINISHED, draft_questions, report_feedback
from qa.settings import feedback_file


def paper(title: str) -> Paper:
    text = f"{title} are scored: 38 kites."
    return Paper(id=title.lower(), title=title, abstract=text, original=text, pages=("p.txt",))


KITES, JARS, FROGS = paper("KiteNet: Kites on Scales"), paper("Jars That Ring"), paper("Frogs in the Rain")
TURNS = ({"role": "user", "content": "Do kites fly?"}, {"role": "assistant", "content": "They do [1]."})


def answered(question: str, *papers: Paper, text: str = "38 kites [1].", **fields) -> Answer:
    citations = tuple(Citation(number=i, paper=one, quotes=()) for i, one in enumerate(papers, 1))
    return Answer(question=question, text=text, found=True, mode="quotes", citations=citations, **fields)


def refused(question: str, *nearest: Paper) -> Answer:
    return Answer(question=question, text="No abstract answers this.", found=False, mode="quotes", nearest=nearest)


GOOD = feedback_on(answered("How many kites?", KITES), good=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "feedback.jsonl"


def test_vote_has_what_a_question_is_drafted_from():
    vote = feedback_on(
        answered("And at night?", KITES, JARS, model="m at x"), good=False, note="wrong paper", history=TURNS
    )
    assert replace(vote, when="now") == Feedback(
        answer_id=answer_id("And at night?", TURNS, "38 kites [1]."),
        when="now",
        question="And at night?",
        answer="38 kites [1].",
        found=True,
        mode="quotes",
        model="m at x",
        good=False,
        history=TURNS,
        cited=(
            VotedPaper(id="kitenet: kites on scales", title="KiteNet: Kites on Scales"),
            VotedPaper(id="jars that ring", title="Jars That Ring"),
        ),
        note="wrong paper",
    )
    assert len(vote.when) == 20
    assert vote.when.endswith("Z")


def test_refusal_keeps_the_nearest_papers():
    vote = feedback_on(refused("Who sells kites?", KITES), good=True)
    assert (vote.found, vote.cited, [near.title for near in vote.nearest]) == (False, (), ["KiteNet: Kites on Scales"])


def test_votes_are_read_back_as_they_were_kept(file):
    votes = [GOOD, feedback_on(refused("Who sells “kites”\u2028?", KITES), good=False, history=TURNS, note="ŝ 中")]
    for vote in votes:
        keep(vote, file)
    assert read_feedback(file).votes == tuple(votes)
    assert file.read_bytes().count(b"\n") == 2


def test_file_and_its_folder_are_for_their_owner_alone(file):
    keep(GOOD, file)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in [file.parent, *sorted(file.parent.iterdir())]]
    assert modes == [0o700, *[0o600] * (len(modes) - 1)]


def test_later_vote_on_the_same_answer_counts(file):
    other = feedback_on(answered("How many jars?", JARS), good=True)
    changed = replace(GOOD, good=False, note="no")
    for vote in (GOOD, other, changed):
        keep(vote, file)
    assert read_feedback(file).votes == (other, changed)


@pytest.mark.parametrize(
    ("question", "history", "text"),
    [("How many jars?", (), "38."), ("How many kites?", TURNS, "38."), ("How many kites?", (), "39.")],
    ids=["question", "history", "text"],
)
def test_id_of_an_answer_differs_with_its(question, history, text):
    assert answer_id(question, history, text) != answer_id("How many kites?", (), "38.")


def test_id_of_an_answer_is_always_the_same():
    assert answer_id("How many kites?", TURNS, "38.") == "08d4e070892bb9db"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  two\r\nlines\tof\u2028it ", "two lines of it"),
        ("\x1b[31mred\x00\x7f\u202e\ud800", "[31mred"),
        ("x" * (LONGEST_NOTE + 1), "x" * LONGEST_NOTE),
        ("\n", ""),
    ],
    ids=["lines", "control characters", "too long", "blank"],
)
def test_note_is_one_bounded_line(typed, kept):
    assert feedback_on(answered("q"), good=True, note=typed).note == kept


def test_huge_conversation_is_kept_in_part_but_told_apart_by_all_of_it(file):
    long = [*TURNS] * 100 + [{"role": "user", "content": "x" * 10**6}, {"role": "assistant", "content": "y"}]
    vote = feedback_on(answered("q" * 10**6), good=True, history=long)
    keep(vote, file)
    assert len(vote.history) == MOST_TURNS
    assert vote.history[-1]["content"] == "y"
    assert file.stat().st_size < 100_000
    assert vote.answer_id != feedback_on(answered("q" * 10**6 + "?"), good=True, history=long).answer_id


WRITER = """
import sys
from dataclasses import replace
from qa.feedback.store import Feedback, keep
vote = Feedback(answer_id="", when="", question="x" * 5000, answer="", found=True, mode="quotes", good=True)
for i in range(20):
    keep(replace(vote, answer_id=f"{sys.argv[2]}-{i}"), sys.argv[1])
"""


def test_threads_and_processes_lose_no_vote_of_each_other(file):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(file), str(i)]) for i in range(3)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: keep(replace(GOOD, answer_id=f"t-{i}"), file), range(40)))
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    found = read_feedback(file)
    assert (len(found.votes), found.damaged) == (100, 0)


def test_file_that_is_not_there_has_no_votes(file):
    assert read_feedback(file).votes == ()


DAMAGED = [
    b"{", b"7", b"[]", b"null", b"\xff\xfe", b"{}", b"[" * 100_000,
    json.dumps({**GOOD.to_dict(), "format": 2}).encode(),
    json.dumps({**GOOD.to_dict(), "good": "yes"}).encode(),
    json.dumps({**GOOD.to_dict(), "question": None}).encode(),
    json.dumps({**GOOD.to_dict(), "model": 7}).encode(),
    json.dumps({**GOOD.to_dict(), "history": [{"role": "nobody", "content": ""}]}).encode(),
    json.dumps({**GOOD.to_dict(), "cited": [{"id": 1, "title": "t"}]}).encode(),
    json.dumps({**GOOD.to_dict(), "cited": ["t"]}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("line", DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_line_is_counted_and_passed_over(file, line):
    keep(GOOD, file)
    with file.open("ab") as lines:
        lines.write(line + b"\n\n")
    other = replace(GOOD, answer_id="other")
    keep(other, file)
    found = read_feedback(file)
    assert (found.votes, found.damaged) == ((GOOD, other), 1)


def test_line_without_its_end_spoils_no_later_one(file):
    keep(GOOD, file)
    file.write_bytes(file.read_bytes() + b'{"format": 1, "answer')
    other = replace(GOOD, answer_id="other")
    keep(other, file)
    assert read_feedback(file).votes == (GOOD, other)


LIMITED = """
import resource, sys
from pathlib import Path
from qa.errors import InputError
from qa.feedback.store import Feedback, keep
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = Path(sys.argv[1]).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
vote = Feedback(answer_id="", when="", question="x" * 5000, answer="", found=True, mode="quotes", good=True)
try:
    keep(vote, sys.argv[1])
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are a matter of POSIX")
def test_full_disk_leaves_the_votes_before_and_no_half_line(file):
    keep(GOOD, file)
    before = file.read_bytes()
    done = subprocess.run([sys.executable, "-c", LIMITED, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout == (
        f"The feedback in {file} cannot be written (the disk is full). Name another file in QA_FEEDBACK.\n"
    )
    assert file.read_bytes() == before


def test_file_that_cannot_be_used_is_one_clear_error(tmp_path):
    (tmp_path / "there").write_text("x")
    with pytest.raises(InputError, match=r"cannot be written \(.+\)\. Name another file in QA_FEEDBACK\.$"):
        keep(GOOD, tmp_path / "there" / "feedback.jsonl")
    with pytest.raises(InputError, match=r"cannot be written \(Is a directory\)\. Name another file in QA_FEEDBACK\.$"):
        keep(GOOD, tmp_path)
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)\. Name another file in QA_FEEDBACK\.$"):
        read_feedback(tmp_path)


def test_vote_does_not_wait_for_a_stuck_process_for_ever(file, monkeypatch):
    monkeypatch.setattr("qa.feedback.store.WAIT_SECONDS", 0)
    keep(GOOD, file)
    with FileLock(f"{file}.lock"), pytest.raises(InputError, match=r"is being written by another process .* once more"):
        keep(GOOD, file)


def test_place_is_named_by_the_environment_else_among_the_users_data(tmp_path):
    assert feedback_file({"QA_FEEDBACK": f" {tmp_path}/votes.jsonl "}) == tmp_path / "votes.jsonl"
    usual = feedback_file({"QA_FEEDBACK": " "})
    assert (usual.parent.name, usual.name) == ("abstracts-qa", "feedback.jsonl")


# Drafts

KINDS = {
    "a fact of a named paper": (answered("How many kites does KiteNet weigh?", KITES), True, (), "fact"),
    "a fact of a named paper's method": (answered("Does the KiteNet method weigh kites?", KITES), True, (), "fact"),
    "which paper": (answered("Which paper weighs things?", KITES), True, (), "find"),
    "several cited": (answered("What rings and what flies?", KITES, JARS), True, (), "multi"),
    "several asked for, wrongly": (answered("Which three papers weigh things?", KITES), False, (), "multi"),
    "one found, wrongly": (answered("How many jars ring?", KITES, JARS), False, (), "fact"),
    "after other turns": (answered("And at night?", KITES), True, TURNS, "chat"),
    "refused, rightly": (refused("What does KiteNet cost?", JARS, KITES), True, (), "none"),
    "refused, wrongly": (refused("How many kites does KiteNet weigh?", KITES), False, (), "fact"),
    "refused rightly after other turns": (refused("What do they cost?", KITES), True, TURNS, "none"),
}


@pytest.mark.parametrize(("answer", "good", "history", "kind"), KINDS.values(), ids=KINDS)
def test_kind_of_a_draft_is_guessed(answer, good, history, kind):
    (draft,) = draft_questions([feedback_on(answer, good=good, history=history)])
    assert draft["kind"] == kind
    assert draft["history"] == (list(TURNS) if kind == "chat" else [])
    assert draft["split"] == "dev"


def test_draft_of_a_good_answer_names_its_papers_and_says_what_is_left():
    (draft,) = draft_questions([replace(GOOD, note="nice", when="then")])
    assert draft == {
        "id": f"fb-{answer_id('How many kites?', (), '')}",
        "kind": "fact",
        "question": "How many kites?",
        "history": [],
        "answer": "",
        "facts": [],
        "papers": ["KiteNet: Kites on Scales"],
        "near": "",
        "split": "dev",
        "style": "plain",
        UNFINISHED: {
            "to do": [
                "Is the kind fact, and the style plain? The kinds and styles are in docs/evaluation.md.",
                "See that papers has every paper that a good answer cites, and no other.",
                "Write the answer in a sentence or two.",
                "List its key facts, each with its accepted spellings.",
            ],
            "vote": "good",
            "note": "nice",
            "answer was": "38 kites [1].",
            "it cited": ["KiteNet: Kites on Scales"],
            "nearest were": [],
            "after": [],
            "written by": "quotes",
            "when": "then",
        },
    }  # fmt: skip


def test_bad_answer_gives_its_draft_no_papers():
    (draft,) = draft_questions([replace(GOOD, good=False)])
    assert (draft["papers"], draft[UNFINISHED]["it cited"]) == ([], ["KiteNet: Kites on Scales"])


def test_good_refusal_names_the_paper_that_lacks_the_detail():
    drafts = draft_questions(
        [
            feedback_on(refused("What does KiteNet cost?", JARS, KITES), good=True),
            feedback_on(refused("Who won at chess?", JARS, KITES), good=True),
        ]
    )
    assert [draft["near"] for draft in drafts] == ["KiteNet: Kites on Scales", ""]


def test_question_with_several_answers_is_one_draft_of_the_last_good_one():
    votes = [
        feedback_on(answered("How many?", *papers, text=text), good=good)
        for papers, text, good in [
            ((KITES,), "one", False), ((JARS,), "two", True), ((FROGS,), "three", True), ((KITES,), "four", False),
        ]
    ]  # fmt: skip
    assert [draft["papers"] for draft in draft_questions(votes)] == [["Frogs in the Rain"]]


def finished(draft: dict, **fields) -> dict:
    return {name: value for name, value in {**draft, **fields}.items() if name != UNFINISHED}


def test_draft_is_no_question_until_what_is_left_is_done(file, tmp_path):
    keep(GOOD, file)
    drafts = tmp_path / "drafts.jsonl"
    report_feedback(file, drafts=str(drafts))
    with pytest.raises(InputError, match=rf"drafts\.jsonl, line 1 is not a reference question \(.*{UNFINISHED}"):
        read_questions(drafts)
    draft = json.loads(drafts.read_text(encoding="utf-8"))
    telling = {title_key(KITES.title): KITES.abstract}
    half = ReferenceQuestion.from_dict(finished(draft))
    assert list(faults([half], [telling])) == [
        f"{half.id}: key facts belong to every kind but none",
        f"{half.id}: the reference answer is missing",
    ]
    whole = ReferenceQuestion.from_dict(finished(draft, answer="38.", facts=[["38 kites"]]))
    assert list(faults([whole], [telling])) == []


def test_draft_of_a_bad_answer_is_no_question_without_papers():
    (draft,) = draft_questions([replace(GOOD, good=False)])
    with pytest.raises(ValueError, match="papers must name the papers to cite"):
        ReferenceQuestion.from_dict(finished(draft))


def test_report_counts_the_last_votes(file):
    for vote in (GOOD, replace(GOOD, answer_id="b", good=False, note="no"), replace(GOOD, answer_id="c")):
        keep(vote, file)
    with file.open("ab") as lines:
        lines.write(b"damaged\n")
    report = report_feedback(file)
    assert report.text() == (
        f"3 votes (2 up, 1 down, 1 with a note) in {file}.\n"
        "1 line of it cannot be read and is passed over.\n"
        "As draft reference questions: qa feedback --drafts OUT.jsonl"
    )
    assert report.to_dict() == {
        "file": str(file), "good": 2, "bad": 1, "notes": 1, "damaged": 1, "drafts": None, "written_to": None,
    }  # fmt: skip


def test_report_of_no_votes_says_where_they_would_lie(file):
    assert report_feedback(file).text().startswith(f"0 votes (0 up, 0 down, 0 with a note) in {file}.")
    assert not file.parent.exists()


def test_place_is_shown_without_its_control_characters(tmp_path):
    assert "\x1b" not in report_feedback(tmp_path / "a\x1bb").text()


def test_drafts_are_written_one_a_line_and_never_over_a_file_without_force(file, tmp_path):
    for vote in (GOOD, feedback_on(refused("Half \ud800, 中\u2028?", KITES), good=True)):
        keep(vote, file)
    out = tmp_path / "drafts.jsonl"
    assert report_feedback(file, drafts=str(out)).text() == (
        f"2 votes (2 up, 0 down, 0 with a note) in {file}.\n"
        f"2 drafts written to {out}. Do what each says under “unfinished”, delete that field, then: qa eval {out}"
    )
    lines = out.read_bytes().split(b"\n")
    assert [json.loads(line)["question"] for line in lines[:-1]] == ["How many kites?", "Half \ud800, 中\u2028?"]
    out.write_text("mine")
    with pytest.raises(InputError, match="is there already, and nothing was written"):
        report_feedback(file, drafts=str(out))
    assert out.read_text() == "mine"
    report_feedback(file, drafts=str(out), force=True)
    assert out.read_bytes().split(b"\n") == lines


def test_drafts_are_never_written_over_the_votes(file):
    keep(GOOD, file)
    os.link(file, file.parent / "same.jsonl")
    for name in (file, file.parent / "same.jsonl"):
        with pytest.raises(InputError, match="holds the votes themselves, and nothing was written"):
            report_feedback(file, drafts=str(name), force=True)
    assert read_feedback(file).votes == (GOOD,)


def test_drafts_of_no_votes_are_not_written(file, tmp_path):
    with pytest.raises(InputError, match=r"has no votes yet, so nothing was written"):
        report_feedback(file, drafts=str(tmp_path / "drafts.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_drafts_that_cannot_be_written_are_one_clear_error(file, tmp_path):
    keep(GOOD, file)
    with pytest.raises(InputError, match=r"cannot be written \(No such file or directory\)\. Name a file in a folder"):
        report_feedback(file, drafts=str(tmp_path / "nowhere" / "drafts.jsonl"))
