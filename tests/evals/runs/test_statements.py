"""The statement checks measured on statements with planted faults: the file, the tables on hand-made supports, the command."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

import qa
from helpers.paths import ROOT
from qa.embedding.onnx import ShippedEmbedder
from qa.errors import InputError
from qa.evals.metrics.measures import Score
from qa.evals.report.tables import Table, table_text
from qa.evals.runs.statements import (
    CheckedStatement,
    below_floors,
    check_statements,
    main,
    read_statements,
    scifact_table,
    statement_table,
)
from qa.retrieval.late_interaction import TokenStateCache

pytestmark = pytest.mark.slow


TIDENET = "TideNet: Forecasting Harbour Water Levels with Sparse Gauges"
SAME = {
    "id": "s1",
    "split": "dev",
    "statement": "TideNet fills the gaps.",
    "paper": TIDENET,
    "sentences": [2],
    "fault": "none",
}


def statement(id: str, text: str, *sentences: int, fault: str = "none", split: str = "dev") -> CheckedStatement:
    return CheckedStatement(id=id, split=split, statement=text, paper=TIDENET, sentences=sentences, fault=fault)


def written(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


# The file


def test_statements_are_read_in_order_and_by_split(tmp_path):
    rows = [SAME, {**SAME, "id": "s2", "split": "fit"}, "", {**SAME, "id": "s3", "note": "why", "sentences": [1, 2]}]
    file = written(tmp_path / "s.jsonl", *rows)
    assert [one.id for one in read_statements(file)] == ["s1", "s2", "s3"]
    assert [one.id for one in read_statements(file, "dev")] == ["s1", "s3"]
    assert read_statements(file, "test") == []
    assert read_statements(file, "dev")[1] == CheckedStatement(
        **{**SAME, "id": "s3", "note": "why", "sentences": (1, 2)}
    )


def test_line_separator_within_a_statement_ends_no_line(tmp_path):
    row = json.dumps({**SAME, "statement": "one\u2028two"}, ensure_ascii=False)
    assert read_statements(written(tmp_path / "s.jsonl", row))[0].statement == "one\u2028two"


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("no JSON", id="no JSON"),
        pytest.param([], id="a list"),
        pytest.param("3", id="a number"),
        pytest.param({**SAME, "fault": "typo"}, id="unknown fault"),
        pytest.param({**SAME, "split": "train"}, id="unknown split"),
        pytest.param({**SAME, "sentences": []}, id="no sentences"),
        pytest.param({**SAME, "sentences": [0]}, id="sentence 0"),
        pytest.param({**SAME, "sentences": "12"}, id="sentences as text"),
        pytest.param({**SAME, "sentences": [True]}, id="sentence true"),
        pytest.param({**SAME, "statement": None}, id="no text"),
        pytest.param({**SAME, "more": 1}, id="unknown field"),
        pytest.param({key: value for key, value in SAME.items() if key != "paper"}, id="field left out"),
        pytest.param({**SAME, "id": "s0"}, id="id twice"),
        pytest.param("[" * 100_000, id="nested too deep"),
    ],
)
def test_line_that_is_no_statement_is_named(tmp_path, row):
    file = written(tmp_path / "s.jsonl", {**SAME, "id": "s0"}, row)
    with pytest.raises(
        InputError, match=r"s\.jsonl, line 2: no statement \(.*\)\. See docs/evaluation\.md\.$"
    ) as error:
        read_statements(file)
    assert len(str(error.value)) < 600


def test_fault_of_another_split_is_found_too(tmp_path):
    file = written(tmp_path / "s.jsonl", {**SAME, "split": "test", "fault": "typo"})
    with pytest.raises(InputError, match="line 1"):
        read_statements(file, "dev")


def test_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.jsonl cannot be read"):
        read_statements(tmp_path / "nowhere.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9\xff")
    with pytest.raises(InputError, match=r"latin\.jsonl cannot be read"):
        read_statements(tmp_path / "latin.jsonl")


def test_statements_of_this_project_are_read():
    every = read_statements(ROOT / "evals" / "statements.jsonl")
    assert len([one for one in every if one.split == "test"]) >= 300
    assert len({one.id for one in every}) == len(every)


# What the checks say


def test_supports_are_those_of_the_checks_on_the_paper_alone(index: qa.Index):
    statements = [
        statement("a", "TideNet lowers the mean error from 9.1 cm to 5.4 cm on 12 ports.", 4),
        statement("b", "TideNet lowers the mean error from 5.4 cm to 9.1 cm on 12 ports.", 4, fault="figure"),
        statement("c", "QuietSteer lowers the mean error from 9.1 cm to 5.4 cm on 12 ports.", 4, fault="name"),
        statement("d", "Training takes 40 minutes on one laptop.", 6, fault="label"),
    ]
    assert check_statements(statements, index) == ["supported", "unsupported", "unsupported", "unsupported"]
    assert check_statements([], index) == []


def test_paper_or_sentence_that_the_index_lacks_is_named(index: qa.Index):
    with pytest.raises(InputError, match="a is about “Sheep”, which the index does not have"):
        check_statements([CheckedStatement(**{**SAME, "id": "a", "paper": "Sheep", "sentences": (1,)})], index)
    with pytest.raises(InputError, match="a cites sentence 9 of “TideNet"):
        check_statements([statement("a", "TideNet fills the gaps.", 9)], index)


# The table


def counted(*pairs: tuple[str, str]) -> dict[str, dict[str, float]]:
    """The values of the table over (fault, support) pairs."""
    statements = [statement(str(i), "…", 1, fault=fault) for i, (fault, _) in enumerate(pairs)]
    table = statement_table(statements, [support for _, support in pairs])
    return {
        name: {column: round(figure.value, 4) for column, figure in row.items()} for name, row in table.rows.items()
    }


TRUE = [("none", "supported"), ("none", "weak"), ("none", "unsupported"), ("none", "absent")]
FIGURES = [("figure", "unsupported"), ("figure", "unsupported"), ("figure", "unsupported"), ("figure", "weak")]
NAMES = [("name", "unsupported"), ("name", "supported")]


def test_table_counts_what_was_caught_by_fault():
    assert counted(*TRUE, *FIGURES, *NAMES) == {
        "true": {"caught": 0.25, "weak": 0.25},
        "figure": {"caught": 0.75, "weak": 0.25, "precision": 0.75},
        "name": {"caught": 0.5, "weak": 0.0, "precision": 0.5},
        "any fault": {"caught": 0.6667, "weak": 0.1667, "precision": 0.8},
    }


def test_order_of_statements_does_not_matter():
    assert counted(*NAMES, *TRUE, *FIGURES) == counted(*TRUE, *FIGURES, *NAMES)


def test_fault_that_no_statement_has_is_left_out():
    assert list(counted(*TRUE)) == ["true"]
    assert list(counted(*NAMES)) == ["name", "any fault"]


def test_precision_of_nothing_caught_is_not_a_number():
    assert counted(("swap", "weak"))["swap"]["precision"] != counted(("swap", "weak"))["swap"]["precision"]


def test_absent_is_neither_caught_nor_weak():
    assert counted(("swap", "absent"), ("swap", "unsupported"))["swap"] == {"caught": 0.5, "weak": 0.0, "precision": 1}


def test_rows_know_how_many_statements_they_count():
    statements = [statement(str(i), "…", 1, fault=fault) for i, (fault, _) in enumerate(TRUE + NAMES)]
    rows = statement_table(statements, [support for _, support in TRUE + NAMES]).rows
    assert {name: row["caught"].count for name, row in rows.items()} == {"true": 4, "name": 2, "any fault": 2}


def test_table_as_text_names_true_statements_first():
    statements = [statement("1", "…", 1), statement("2", "…", 1, fault="swap")]
    text = table_text(statement_table(statements, ["supported", "unsupported"]))
    assert [line.split()[0] for line in text.splitlines()] == ["Statements", "true", "swap", "any"]


# SciFact


@pytest.fixture
def scifact(tmp_path: Path) -> Path:
    """Two claims about one document: one supported, one contradicted, and evidence that counts for neither."""
    document = {"id": "7", "title": "Jars", "text": "A jar rings when it is full of honey. Bears eat 12 jars a day."}

    def evidence(doc: str, label: str, *texts: str):
        return {"doc": doc, "label": label, "text": list(texts)}

    written(tmp_path / "corpus.jsonl", document)
    written(
        tmp_path / "labels.jsonl",
        {"claim": "Bears eat 12 jars a day.", "evidence": [evidence("7", "SUPPORT", "Bears eat 12 jars a day.")]},
        {"claim": "Bears eat 13 jars a day.", "evidence": [evidence("7", "CONTRADICT", "Bears eat 12 jars a day.")]},
        {"claim": "Full jars of honey ring.", "evidence": [evidence("7", "SUPPORT", "A jar rings when it is full of honey.")]},
        {"claim": "Elsewhere.", "evidence": [evidence("8", "SUPPORT", "Elsewhere."), evidence("7", "SUPPORT", "No.")]},
        {"claim": "Nothing.", "evidence": [evidence("7", "OTHER", "Bears eat 12 jars a day.")]},
    )  # fmt: skip
    return tmp_path


def test_scifact_counts_claims_held_by_the_annotators_label(scifact):
    table = scifact_table(scifact, TokenStateCache(ShippedEmbedder()))
    values = {name: (row["held"].value, row["held"].count) for name, row in table.rows.items()}
    assert values == {"support": (1.0, 2), "contradict": (0.0, 1)}


def test_folder_without_the_files_is_named(tmp_path):
    with pytest.raises(InputError, match=r"has no corpus\.jsonl\. Name the folder of the SciFact files\."):
        scifact_table(tmp_path, TokenStateCache(ShippedEmbedder()))


# The command


def test_command_prints_the_table_and_the_statements_judged_wrongly(index_folder, tmp_path, capsys):
    good = statement("a", "TideNet lowers the mean error from 9.1 cm to 5.4 cm on 12 ports.", 4)
    missed = statement("b", "On 12 ports the mean error falls from 9.1 cm to 5.4 cm.", 4, fault="negation")
    file = written(tmp_path / "s.jsonl", asdict(good), asdict(missed))
    arguments = ["--index", str(index_folder), "--statements", str(file), "--show", "negation"]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["Statements", "caught", "weak", "precision"]
    assert lines[-1] == f"b supported: {missed.statement}"
    assert not any(good.statement in line for line in lines)


def test_command_tells_a_fault_in_one_line(index_folder, tmp_path, capsys):
    file = written(tmp_path / "s.jsonl", SAME)
    arguments = ["--index", str(index_folder), "--statements"]
    assert main([*arguments, str(tmp_path / "nowhere")]) == 1
    assert main([*arguments, str(file), "--split", "test"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert "nowhere cannot be read" in errors[0]
    assert errors[1] == f"{file} has no statement of split test. Name another split."


@pytest.mark.parametrize(
    ("floors", "faults"),
    [
        ({"true": 0.5, "figure": 0.5}, []),
        ({"true": 0.4}, ["true: 0.500 caught, but at most 0.400 should be."]),
        ({"figure": 0.6}, ["figure: 0.500 caught, but at least 0.600 should be."]),
    ],
    ids=["held", "too many false alarms", "too few caught"],
)
def test_gate_holds_what_is_caught_and_what_is_not(floors, faults):
    figures = {row: {"caught": Score(value=0.5, low=0.0, high=1.0, count=2)} for row in ("true", "figure")}
    assert below_floors(Table(title="Statements", rows=figures), floors) == faults


def test_floor_for_a_fault_that_does_not_exist_is_an_error():
    with pytest.raises(InputError, match="There is a floor for 'typo', but no such statement"):
        below_floors(Table(title="Statements", rows={}), {"typo": 0.5})
