"""Measures the statement checks on their own: statements with planted faults beside true ones, each with the sentences it cites.

    python -m qa.evals.runs.statements [--index FOLDER] [--statements FILE] [--split test]
    python -m qa.evals.runs.statements --scifact FOLDER

Nothing is tuned here, and nothing answered: the statements are held as if a model had written them.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qa.context import ContextPaper, Label
from qa.documents.paper import Paper, title_key
from qa.errors import InputError, QAError
from qa.evals.metrics.measures import Score, mean
from qa.evals.report.tables import Table, table_text
from qa.retrieval.late_interaction import TokenStateCache
from qa.retrieval.search import Index, open_index
from qa.text.sentences import split_passages
from qa.verification.checker import StatementChecker

FAULTS = ("none", "figure", "swap", "negation", "name", "label")
SPLITS = ("fit", "dev", "test")


@dataclass(frozen=True, kw_only=True)
class CheckedStatement:
    """A statement about a paper that cites sentences of its abstract (numbers from 1); `fault` is what was planted."""

    id: str
    split: str
    statement: str
    paper: str
    sentences: tuple[int, ...]
    fault: str
    note: str = ""


def read_statements(path: str | os.PathLike[str], split: str | None = None) -> list[CheckedStatement]:
    """The statements of a JSON Lines file, of one split or all; InputError names an invalid line."""
    found: dict[str, CheckedStatement] = {}
    try:
        # Not splitlines: a text may hold U+2028 and the like, which end no line of JSON Lines.
        lines = Path(path).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The statements {path} cannot be read ({error}). Name a JSON Lines file.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            statement = _statement(json.loads(line))
            if statement.id in found:
                raise ValueError(f"the id {statement.id!r} occurs twice")
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise InputError(
                f"{path}, line {number}: no statement ({error!r:.200}). See docs/evaluation.md."
            ) from error
        found[statement.id] = statement
    return [statement for statement in found.values() if split in (None, statement.split)]


def _statement(values: dict[str, Any]) -> CheckedStatement:
    fields: dict[str, Any] = {**values, "sentences": tuple(values["sentences"])}
    if not all(isinstance(value, str) for name, value in fields.items() if name != "sentences"):
        raise TypeError("a text was expected")
    statement = CheckedStatement(**fields)
    if statement.fault not in FAULTS or statement.split not in SPLITS:
        raise ValueError(f"fault {statement.fault!r} of split {statement.split!r}")
    if not statement.sentences or not all(type(n) is int and n > 0 for n in statement.sentences):
        raise ValueError(f"sentences {statement.sentences!r}")
    return statement


def check_statements(statements: Iterable[CheckedStatement], index: Index) -> list[str]:
    """What the checks say of each statement, beside its paper alone; InputError for a paper or a sentence that
    the index lacks."""
    papers = {title_key(paper.title): paper for paper in index.papers()}
    states = TokenStateCache(index.embedder)
    found: list[str] = []
    for one in statements:
        paper = papers.get(title_key(one.paper))
        if paper is None:
            raise InputError(
                f"{one.id} is about “{one.paper}”, which the index does not have. Index the shipped pages."
            )
        if max(one.sentences) > len(split_passages(paper.abstract)):
            raise InputError(
                f"{one.id} cites sentence {max(one.sentences)} of “{one.paper}”, which has fewer. Index the shipped pages."
            )
        found.append(_support(states, one.statement, paper, one.sentences))
    return found


def _support(states: TokenStateCache, statement: str, paper: Paper, sentences: Sequence[int]) -> str:
    shown = ContextPaper(number=1, paper=paper, passages=split_passages(paper.abstract))
    labels = [Label(paper=1, sentence=sentence) for sentence in sentences]
    return StatementChecker("", [shown], states).check(statement, labels).support


def statement_table(statements: Sequence[CheckedStatement], found: Sequence[str]) -> Table:
    """By fault: the share caught (`unsupported`), and of true statements beside those with this fault, which share of
    what was called unsupported has it (`precision`); `weak` is the share that is shown with a doubt. Of true statements,
    `caught` is the share of false alarms."""
    faults = np.array([one.fault for one in statements])
    caught = np.array([support == "unsupported" for support in found])
    weak = np.array([support == "weak" for support in found])
    rows: dict[str, dict[str, Score]] = {}
    for fault in [*FAULTS, "any fault"]:
        belongs = faults != "none" if fault == "any fault" else faults == fault
        if not belongs.any():
            continue
        row = {"caught": mean(caught[belongs]).figure(), "weak": mean(weak[belongs]).figure()}
        if fault != "none":
            beside = caught & (belongs | (faults == "none"))
            # The name of a row says how many statements it is about, not how many were called unsupported.
            row["precision"] = replace(mean(belongs[beside]).figure(), count=int(belongs.sum()))
        rows["true" if fault == "none" else fault] = row
    return Table(title="Statements", rows=rows)


def below_floors(table: Table, floors: Mapping[str, float]) -> list[str]:
    """A sentence for each share caught below its floor, and for false alarms (row `true`) above theirs."""
    faults: list[str] = []
    for row, floor in floors.items():
        if row not in table.rows:
            raise InputError(f"There is a floor for {row!r}, but no such statement. Use: {', '.join(table.rows)}.")
        caught = table.rows[row]["caught"].value
        if caught > floor + 1e-9 if row == "true" else caught < floor - 1e-9:
            faults.append(
                f"{row}: {caught:.3f} caught, but {'at most' if row == 'true' else 'at least'} {floor:.3f} should be."
            )
    return faults


# SciFact


def scifact_table(folder: str | os.PathLike[str], states: TokenStateCache) -> Table:
    """Claims that abstracts support or contradict, checked against the sentences that the annotators named.

    `held` is the share called supported or weak. A claim says in a laboratory's words what a sentence implies, so the
    share of supported claims that are held is low; what agrees with the labels is that contradicted ones are held less.
    """
    documents = {row["id"]: row for row in _rows(Path(folder), "corpus.jsonl")}
    held: dict[str, list[float]] = {"SUPPORT": [], "CONTRADICT": []}
    for row in _rows(Path(folder), "labels.jsonl"):
        for evidence in row["evidence"]:
            document = documents.get(evidence["doc"])
            if document is None or evidence["label"] not in held:
                continue
            paper = Paper(
                id=evidence["doc"], title=document["title"], abstract=document["text"], original=document["text"], pages=()
            )  # fmt: skip
            passages = split_passages(paper.abstract)
            named = [
                i
                for i, p in enumerate(passages, 1)
                if any(p.text in text or text in p.text for text in evidence["text"])
            ]
            if named:
                support = _support(states, row["claim"], paper, named)
                held[evidence["label"]].append(float(support in ("supported", "weak")))
    return Table(
        title="SciFact",
        rows={label.casefold(): {"held": mean(values).figure()} for label, values in held.items() if values},
    )


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    import gzip

    path = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
    if path is None:
        raise InputError(f"{folder} has no {name}. Name the folder of the SciFact files.")
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default=os.environ.get("QA_INDEX") or "index/chroma", metavar="FOLDER")
    parser.add_argument("--statements", default="evals/statements.jsonl", metavar="FILE")
    parser.add_argument("--split", choices=SPLITS, default="dev")
    parser.add_argument("--scifact", metavar="FOLDER", help="instead: agreement with SciFact's labels")
    parser.add_argument("--show", metavar="FAULT", choices=FAULTS, help="list the statements with this fault that were judged wrongly")  # fmt: skip
    parser.add_argument(
        "--check-regression", dest="gate", action="store_true",
        help="exit 4 below the floors in floors.json next to the statements",
    )  # fmt: skip
    parser.add_argument("--gate", dest="gate", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        floors = _floors(Path(options.statements).parent / "floors.json", options.split) if options.gate else {}
        index = open_index(options.index)
        if options.scifact:
            print(table_text(scifact_table(options.scifact, TokenStateCache(index.embedder))))
            return 0
        statements = read_statements(options.statements, options.split)
        if not statements:
            raise InputError(f"{options.statements} has no statement of split {options.split}. Name another split.")
        found = check_statements(statements, index)
        table = statement_table(statements, found)
        faults = below_floors(table, floors)
    except QAError as error:
        print(error, file=sys.stderr)
        return 1
    print(table_text(table))
    if options.gate:
        print(
            "\n" + "\n".join(["Scores below threshold:", *faults] if faults else ["All scores reach their thresholds."])
        )
    for one, support in zip(statements, found, strict=True):
        if options.show == one.fault and (support == "unsupported") == (one.fault == "none"):
            print(f"{one.id} {support}: {one.statement}" + (f" ({one.note})" if one.note else ""))
    return 4 if faults else 0


def _floors(path: Path, split: str) -> dict[str, float]:
    try:
        return {
            str(row): float(floor)
            for row, floor in json.loads(path.read_text(encoding="utf-8"))["statements"][split].items()
        }
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} has no proper floors for statements of split {split} ({error!r}). Write them there."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
