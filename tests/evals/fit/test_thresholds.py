"""The fit of the checks' thresholds: on values made by hand, and on the invented pages."""

import json

import numpy as np
import pytest

from qa.errors import InputError
from qa.evals.fit.thresholds import main, report
from qa.evals.runs.statements import CheckedStatement

pytestmark = pytest.mark.slow


def statement(fault: str, number: int) -> CheckedStatement:
    return CheckedStatement(id=f"{fault}{number}", split="fit", statement="…", paper="P", sentences=(1,), fault=fault)


def test_thresholds_part_what_the_values_part():
    statements = [statement("none", i) for i in range(100)] + [statement("label", i) for i in range(50)]
    near = np.linspace(0.6, 1.0, 100), np.linspace(0.0, 0.3, 50)
    values = np.array([[c, c - 0.5, 0.5, 1.0] for side in near for c in side])
    told = report(statements, values).splitlines()
    assert told[0].startswith("100 true statements, 50 with a wrong label, 0 with an invented name")
    caught = [float(line.split()[2]) for line in told[3:8]]
    assert caught == [1.0] * 5


def test_wrong_labels_as_near_as_true_statements_are_not_caught():
    statements = [statement("none", i) for i in range(50)] + [statement("label", i) for i in range(50)]
    values = np.array([[c, c - 0.5, 0.5, 1.0] for c in np.linspace(0.3, 1.0, 50)] * 2)
    told = report(statements, values).splitlines()
    assert all(float(line.split()[2]) <= 0.1 for line in told[3:8])


def test_invented_names_count_where_no_rule_finds_them():
    statements = [statement("none", i) for i in range(50)] + [
        statement("label", 0),
        statement("name", 0),
        statement("name", 1),
    ]
    values = np.array([[1.0, 0.5, 0.6, 1.0]] * 50 + [[0.1, -0.5, 0.6, 1.0], [1.0, 0.5, 0.2, 1.0], [1.0, 0.5, 0.2, 0.0]])
    told = report(statements, values)
    assert "1 with an invented name that no rule finds" in told
    assert float(told.splitlines()[3].split()[-1]) == 1.0


def test_fit_needs_both_kinds():
    with pytest.raises(
        InputError, match=r"There are not both true statements and wrong labels in split fit\. Add some\."
    ):
        report([statement("none", 1)], np.ones((1, 4)))


def test_papers_that_the_index_lacks_are_one_line(index_folder, tmp_path, capsys):
    file = tmp_path / "statements.jsonl"
    file.write_text(json.dumps(statement("none", 1).__dict__ | {"sentences": [1]}) + "\n", encoding="utf-8")
    assert main(["--index", str(index_folder), "--statements", str(file)]) == 1
    assert capsys.readouterr().err == "none1 is about “P”, which the index does not have. Index the shipped pages.\n"
