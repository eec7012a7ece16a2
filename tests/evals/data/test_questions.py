"""Reference questions as they are read, and the facts that a text states."""

import json
import re
from pathlib import Path

import pytest

from qa.errors import InputError
from qa.evals.data.questions import ReferenceQuestion, facts_found, facts_missing, read_questions

FACT = {
    "id": "q1",
    "kind": "fact",
    "question": "How many kites fly?",
    "answer": "38 kites fly.",
    "facts": [["38 kites", "thirty-eight kites"], ["fly"]],
    "papers": ["Kites on Scales"],
    "split": "test",
    "style": "typos",
}
NONE = {"id": "q2", "kind": "none", "question": "Who builds kites?", "near": "Kites on Scales"}
CHAT = {
    "id": "q3",
    "kind": "chat",
    "question": "And at night?",
    "history": [
        {"role": "user", "content": "Do kites fly?"},
        {"role": "assistant", "content": "They do [1].", "seen": True},
    ],
    "papers": ["Kites on Scales", "Night Strings"],
}


@pytest.fixture
def write(tmp_path):
    """Writes lines (texts, or values as JSON) into a file and says where."""

    def write(*lines: object) -> Path:
        path = tmp_path / "questions.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_bytes("".join(f"{text}\n" for text in texts).encode())
        return path

    return write


def test_questions_are_read_in_order_with_all_their_fields(write):
    assert read_questions(write(FACT, NONE, CHAT)) == [
        ReferenceQuestion(
            id="q1",
            kind="fact",
            question="How many kites fly?",
            answer="38 kites fly.",
            facts=(("38 kites", "thirty-eight kites"), ("fly",)),
            papers=("Kites on Scales",),
            split="test",
            style="typos",
        ),
        ReferenceQuestion(id="q2", kind="none", question="Who builds kites?", near="Kites on Scales"),
        ReferenceQuestion(
            id="q3",
            kind="chat",
            question="And at night?",
            history=({"role": "user", "content": "Do kites fly?"}, {"role": "assistant", "content": "They do [1]."}),
            papers=("Kites on Scales", "Night Strings"),
        ),
    ]


def test_what_is_left_out_has_its_default(write):
    question = read_questions(write(NONE))[0]
    assert (question.split, question.style, question.answer) == ("dev", "plain", "")
    assert question.history == question.facts == question.papers == ()


@pytest.mark.parametrize(
    ("kind", "answerable"), [("fact", True), ("find", True), ("multi", True), ("chat", True), ("none", False)]
)
def test_only_questions_of_kind_none_are_unanswerable(kind, answerable):
    values = {"id": "q", "kind": kind, "question": "?", "papers": ["Kites on Scales"] * answerable}
    assert ReferenceQuestion.from_dict(values).is_answerable is answerable


@pytest.mark.parametrize(
    ("split", "ids"),
    [(None, ["q1", "q2", "q3"]), ("test", ["q1"]), ("dev", ["q2", "q3"]), ("other", [])],
)
def test_split_chooses_questions(write, split, ids):
    assert [question.id for question in read_questions(write(FACT, NONE, CHAT), split=split)] == ids


@pytest.mark.parametrize("lines", [(), ("",), ("", "   ", "\t")], ids=["nothing", "a blank line", "blank lines"])
def test_empty_file_has_no_questions(write, lines):
    assert read_questions(write(*lines)) == []


def test_blank_lines_and_foreign_line_ends_do_not_matter(write):
    path = write("", json.dumps(FACT) + "\r", " ", NONE)
    assert [question.id for question in read_questions(path)] == ["q1", "q2"]


@pytest.mark.parametrize("text", ["ŝtrange — ü, 中文 ٣ 🪁", "half \ud800 a character", "\x1b[31m\x00", "a\u2028b\x85c"])
def test_any_character_survives(write, text):
    values = {**NONE, "id": text, "question": text}
    assert [(q.id, q.question) for q in read_questions(write(values))] == [(text, text)]


NESTED = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("{", "Expecting property name", id="cut off"),
        pytest.param("kites", "Expecting value", id="no JSON"),
        pytest.param([FACT], "a JSON object was expected", id="list"),
        pytest.param("null", "a JSON object was expected", id="null"),
        pytest.param('"fact"', "a JSON object was expected", id="text"),
        pytest.param("7", "a JSON object was expected", id="number"),
        pytest.param("NaN", "a JSON object was expected", id="not a number"),
        pytest.param(NESTED, "while decoding a JSON array", id="nested deeply"),
        pytest.param('{"id": ' + NESTED + "}", "while decoding a JSON array", id="nested deeply inside"),
        pytest.param("9" * 5_000, "digits", id="number without end"),
        pytest.param({}, "id is missing", id="empty object"),
        pytest.param({**FACT, "paper": []}, "unknown field 'paper'", id="unknown field"),
        pytest.param({**FACT, "zeal": 1, "": 2}, "unknown field ''", id="field without a name"),
        pytest.param({**FACT, "is_answerable": True}, "unknown field 'is_answerable'", id="property as a field"),
        pytest.param({**FACT, "id": ""}, "id is missing", id="empty id"),
        pytest.param({**FACT, "id": " \n"}, "id is missing", id="blank id"),
        pytest.param({**FACT, "question": "  "}, "question is missing", id="blank question"),
        pytest.param({**FACT, "kind": ""}, "kind is missing", id="empty kind"),
        pytest.param({**FACT, "kind": "Fact"}, "kind 'Fact' is not one of fact, find, multi, none, chat", id="kind"),
        pytest.param({**FACT, "id": 7}, "id is not a text", id="number as id"),
        pytest.param({**FACT, "kind": ["fact"]}, "kind is not a text", id="list as kind"),
        pytest.param({**FACT, "question": None}, "question is not a text", id="null as question"),
        pytest.param({**FACT, "answer": {}}, "answer is not a text", id="object as answer"),
        pytest.param({**NONE, "near": ["Kites"]}, "near is not a text", id="list as near"),
        pytest.param({**FACT, "split": 1}, "split is not a text", id="number as split"),
        pytest.param({**FACT, "style": False}, "style is not a text", id="truth as style"),
        pytest.param({**FACT, "facts": "fly"}, "facts is not a list", id="text as facts"),
        pytest.param({**FACT, "facts": ["fly"]}, "facts is not a list of texts", id="text as a fact"),
        pytest.param({**FACT, "facts": [[38]]}, "facts is not a list of texts", id="number as a spelling"),
        pytest.param({**FACT, "facts": [[["fly"]]]}, "facts is not a list of texts", id="spelling too deep"),
        pytest.param({**FACT, "facts": [["fly"], []]}, "facts is not a list of texts", id="fact without a spelling"),
        pytest.param({**FACT, "facts": [["fly", " "]]}, "facts has an empty text", id="blank spelling"),
        pytest.param({**FACT, "papers": "Kites"}, "papers is not a list of texts", id="text as papers"),
        pytest.param({**FACT, "papers": {"Kites": 1}}, "papers is not a list of texts", id="object as papers"),
        pytest.param({**FACT, "papers": None}, "papers is not a list of texts", id="null as papers"),
        pytest.param({**FACT, "papers": [1]}, "papers is not a list of texts", id="number as a paper"),
        pytest.param({**FACT, "papers": ["Kites", ""]}, "papers has an empty text", id="empty title"),
        pytest.param({**FACT, "papers": []}, "papers must name the papers to cite", id="no paper"),
        pytest.param({**NONE, "papers": ["Kites"]}, "and be empty for kind none", id="paper of an unanswerable one"),
        pytest.param({**CHAT, "history": ["hello"]}, "", id="text as a turn"),
        pytest.param({**CHAT, "history": [{"content": "x"}]}, "role", id="turn without a role"),
        pytest.param({**CHAT, "history": [{"role": "user"}]}, "content", id="turn without a content"),
        pytest.param({**CHAT, "history": [None]}, "", id="null as a turn"),
        pytest.param({**CHAT, "history": 3}, "", id="number as history"),
    ],
)
def test_line_that_is_no_question_is_named_with_its_fault(write, line, message):
    path = write(NONE, "", line, FACT)
    with pytest.raises(InputError) as error:
        read_questions(path)
    begin, end = f"{path}, line 3 is not a reference question (", "). See docs/evaluation.md."
    assert str(error.value).startswith(begin)
    assert str(error.value).endswith(end)
    assert message in str(error.value)[len(begin) : -len(end)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"history": 3}, "history is not a list"),
        ({"history": {"role": "user"}}, "history is not a list"),
        ({"history": None}, "history is not a list"),
        ({"history": ["hello"]}, "a turn of history is not of the form {role, content}"),
        ({"history": [{"content": "x"}]}, "a turn of history is not of the form {role, content}"),
        ({"history": [{"role": "user", "content": 3}]}, "a turn of history is not of the form {role, content}"),
        ({"facts": None}, "facts is not a list"),
        ({"facts": {"fly": 1}}, "facts is not a list"),
        ({"facts": {}}, "facts is not a list"),
        ({"facts": 0}, "facts is not a list"),
    ],
    ids=str,
)
def test_history_and_facts_that_are_none_are_named(write, changes, message):
    with pytest.raises(InputError, match=re.escape(f"({message}). See")):
        read_questions(write({**CHAT, **changes}))


def test_id_that_is_given_twice_is_named_with_both_lines(write):
    path = write("", FACT, NONE, {**NONE, "id": "q1"})
    with pytest.raises(InputError, match=r"line 4 is not a reference question \(the id 'q1' is that of line 2\)"):
        read_questions(path)


def test_id_that_is_given_twice_is_found_whatever_the_split(write):
    path = write(FACT, {**NONE, "id": "q1", "split": "dev"})
    with pytest.raises(InputError, match="is that of line 1"):
        read_questions(path, split="dev")


@pytest.mark.parametrize("name", ["absent.jsonl", "."], ids=["absent", "folder"])
def test_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(InputError, match=r"The questions .* cannot be read \(.*Name a JSON Lines file\."):
        read_questions(tmp_path / name)


def test_file_of_other_bytes_is_named(tmp_path):
    (tmp_path / "q.jsonl").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(InputError, match=r"q\.jsonl cannot be read"):
        read_questions(tmp_path / "q.jsonl")


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"], ids=ascii)
def test_separator_inside_a_text_ends_no_line(tmp_path, character):
    text = f"Which kite{character}flies?"
    lines = [json.dumps({**NONE, "question": text}, ensure_ascii=False), "{"]
    (tmp_path / "q.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        read_questions(tmp_path / "q.jsonl")
    (tmp_path / "q.jsonl").write_text(lines[0], encoding="utf-8")
    assert read_questions(tmp_path / "q.jsonl")[0].question == text


def test_byte_order_mark_does_not_matter(tmp_path):
    (tmp_path / "q.jsonl").write_text(json.dumps(NONE), encoding="utf-8-sig")
    assert [question.id for question in read_questions(tmp_path / "q.jsonl")] == ["q2"]


# Facts


STATED = [
    ("38 kites", "All 38 kites fly."),
    ("38 KITES", "all 38 Kites fly"),
    ("straße", "Die STRASSE ist lang."),
    ("prune", "It is pruned."),
    ("kite", "Kites fly."),
    ("4.5", "It gains 4.5."),
    ("4.5", "4.5"),
    ("4.5", "(4.5)"),
    ("4.5", "4.5%"),
    ("4.5", "4.5x faster"),
    ("4.5", "from 4.5, then 6"),
    ("4.5", "3-4.5"),
    ("4.5", "14.5 and 4.5"),
    ("3,200", "3,200 kites"),
    ("10%", "by 10%."),
    ("10 %", "by 10\u202f%."),
    ("12 of 14", "12\u00a0of\u200914"),
    ("a b", "a \t\n b"),
    ("state-of-the-art", "state‑of‐the–art"),
    ("1-3", "1—3"),
    ("-5 dB", "\u22125 dB"),
    ("2x", "2×"),
    ("2×", "2X"),
    ("64 x 64", "64 × 64"),
    ("m2", "in m²"),
    ("fine", "ﬁne"),
    ("café", "cafe\u0301"),
    ("C++", "in c++."),
    ("(k, l)", "the (K, L) test"),
    ("a.b", "a.b"),
    ("$L_1$", "an $L_1$ norm"),
    (".*", "literally .* here"),
    ("[x]", "an [x]"),
    ("\\d", "the \\d sign"),
    ("^a|b$", "^a|b$"),
    ("中文", "中文字"),
    ("🪁", "a🪁b"),
    ("  fly  ", "they fly"),
    ("half \ud800", "half \ud800"),
]
NOT_STATED = [
    ("38 kites", "All 38 of them are kites."),
    ("4.5", "It gains 14.5."),
    ("4.5", "It gains 4.57."),
    ("4.5", "It gains 4.5.1."),
    ("4.5", "It gains 3.4.5."),
    ("4.5", "It gains 3,4.5."),
    ("4.5", "It gains 4.5,300."),
    ("4.5", "It gains 445."),
    ("4.5", "version v4.5"),
    ("4.5", "version_4.5"),
    ("3", "3.2"),
    ("3", "3,200"),
    ("3", "13"),
    ("3", "0.3"),
    ("200", "3,200"),
    ("3,200", "13,200"),
    ("3,200", "3,2001"),
    ("3,200", "3200"),
    ("art", "start"),
    ("art", "st_art"),
    ("10%", "110%"),
    ("10%", "0.10%"),
    ("2x", "12x"),
    ("m2", "m23"),
    ("kites 3", "kites 34"),
    ("kites 3", "kites 3.4"),
    ("a.b", "axb"),
    ("C++", "C"),
    (".*", "anything"),
    ("[x]", "x"),
    ("a|b", "a"),
    ("", "anything"),
    (" ", "any thing"),
    ("\u00a0", "any\u00a0thing"),
    ("fly", ""),
]


@pytest.mark.parametrize(("spelling", "text"), STATED, ids=ascii)
def test_spelling_stands_in_the_text(spelling, text):
    assert facts_missing([[spelling]], text) == []
    assert facts_missing([[spelling]], f"Before it, {text} and after.") == []


@pytest.mark.parametrize(("spelling", "text"), NOT_STATED, ids=ascii)
def test_spelling_stands_in_the_text_by_accident_at_most(spelling, text):
    assert facts_missing([[spelling]], text) == [[spelling]]


@pytest.mark.parametrize(("spelling", "text"), [(".5", "4.5"), (".91", "1.91"), ("-3", "5-3"), ("+7", "a+7")])
def test_number_that_begins_with_a_sign_stands_in_no_longer_one(spelling, text):
    assert facts_missing([[spelling]], f"It has {spelling}.") == []
    assert facts_missing([[spelling]], f"It has {text}.") == [[spelling]]


@pytest.mark.parametrize("text", ["×4.5", "x4.5", "(×4.5)"])
def test_number_stands_behind_a_multiplication_sign(text):
    assert facts_missing([["4.5"]], f"It is {text} faster.") == []
    assert facts_missing([["4.5"]], "It is max4.5 and 3x4.5.") == [["4.5"]]


def test_every_spelling_stands_in_itself_between_other_words():
    for spelling in {spelling.strip() for spelling, _ in STATED + NOT_STATED} - {""}:
        for text in (spelling, spelling.upper(), f"so, {spelling}; {spelling}.", f"\n{spelling}\n"):
            assert facts_missing([[spelling]], text) == [], (spelling, text)


def test_digits_before_or_behind_hide_every_number():
    for number in ("3", "38", "4.5", "3,200", "0.05", "1e5"):
        for digit in "079":
            for text in (f"{digit}{number}", f"{number}{digit}", f"{digit}.{number}", f"{number},{digit}"):
                assert facts_missing([[number]], f"of {text} or so") == [[number]], (number, text)


def test_facts_missing_keeps_their_order_and_all_their_spellings():
    facts = [["fly", "soar"], ["38 kites"], ["sink"], ["string", "rope"]]
    assert facts_missing(facts, "The kites soar on a rope.") == [["38 kites"], ["sink"]]


@pytest.mark.parametrize(
    ("facts", "text", "share"),
    [
        ([], "", 1.0),
        ([["fly"]], "They fly.", 1.0),
        ([["fly"]], "They sink.", 0.0),
        ([["fly"], ["sink"]], "They sink.", 0.5),
        ([["fly", "sink"]], "They sink.", 1.0),
        ([["fly", "sink"]], "They fly and sink.", 1.0),
        ([["fly"], ["fly"], ["sink"], ["swim"]], "They fly.", 0.5),
        ([["fly"], []], "They fly.", 0.5),
        ([["fly"]], "", 0.0),
    ],
    ids=str,
)
def test_share_of_the_facts_that_a_text_states(facts, text, share):
    assert facts_found(facts, text) == share
