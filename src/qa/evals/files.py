"""The files of an evaluation: committed rows, floors, history, and what a run writes."""

import datetime
import json
import os
from pathlib import Path
from typing import Any

from qa.errors import InputError
from qa.evals.compare import (
    Baseline,
    Comparison,
    floors_for,
)
from qa.evals.metrics.scorers import SUPPORTS
from qa.evals.report.tables import KIND_GROUPS, REFUSAL_GROUPS, estimates, tables
from qa.evals.request import Request
from qa.evals.results import Evaluation


def read_committed(request: Request) -> tuple[Any, Baseline | None]:
    """The floors, and the committed rows if there are any, next to the questions."""
    floors = read_json(Path(request.questions).parent / "floors.json")
    floors_for(floors, request.mode, request.split)
    rows = rows_file(request)
    return floors, Baseline.from_dict(read_json(rows)) if rows.exists() else None


def write_outputs(request: Request, evaluation: Evaluation, comparison: Comparison | None) -> list[str]:
    """Write the requested files, and say where they are."""
    notes: list[str] = []
    if request.json:
        values = evaluation.to_dict()
        values["tables"] = {table.title: table.to_dict() for table in tables(evaluation)}
        if comparison:
            values["better"], values["worse"] = comparison.better, comparison.worse
        write_json(Path(request.json), values)
        notes.append(f"Scores and rows: {request.json}")
    if request.report:
        from qa.evals.report.html import write_report

        notes.append(f"Report: {write_report(evaluation, Path(request.report))}")
    if request.record:
        append_history(history_file(request), request.record, evaluation)
        notes.append(f"Recorded in {history_file(request)}")
    return notes


def rows_file(request: Request) -> Path:
    return Path(request.questions).parent / "results" / f"{request.mode}-{request.split}.json"


def replies_file(request: Request) -> Path:
    return Path(request.questions).parent / "replies" / "replies.jsonl"


def history_file(request: Request) -> Path:
    return rows_file(request).with_name("history.jsonl")


def append_history(path: Path, change: str, evaluation: Evaluation) -> None:
    """One line a change that moved a score: what was done, and the scores by group and measure."""
    scores: dict[str, dict[str, float]] = {}
    for (group, measure), estimate in estimates(evaluation.rows).items():
        absent = measure in SUPPORTS and not estimate.value
        if (group in KIND_GROUPS or group in REFUSAL_GROUPS) and measure != "seconds" and not absent:
            scores.setdefault(group, {})[measure] = round(estimate.value, 4)
    row = {
        "date": datetime.date.today().isoformat(), "change": change, "mode": evaluation.mode, "split": evaluation.split,
        "texts": evaluation.fingerprint, "scores": scores,
    }  # fmt: skip
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    except OSError as error:
        raise _unwritable(path, error) from error


def write_json(path: Path, values: Any, indent: int | None = 1) -> None:
    """Write a file whole or not at all."""
    text = json.dumps(values, indent=indent) if indent else _one_row_a_line(values)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(text + "\n", encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise _unwritable(path, error) from error


def check_paths(request: Request) -> None:
    """InputError before any question is asked where a result could not be written after the last."""
    places = [request.json, request.report and os.path.join(request.report, "index.html")]
    if request.record:
        places.append(str(history_file(request)))
    if request.accept:
        places.append(str(rows_file(request)))
    for place in filter(None, places):
        folder = Path(place).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(Path(place), error) from error
        if Path(place).is_dir() or not os.access(folder, os.W_OK):
            raise InputError(f"{place} cannot be written. Name another place.")


def _one_row_a_line(values: dict[str, Any]) -> str:
    """JSON with a line for each row, so that a change of one question is a change of one line."""
    head = json.dumps({name: value for name, value in values.items() if name != "rows"})
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in values["rows"].items())
    return f'{head[:-1]}, "rows": {{\n{rows}\n}}}}'


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written ({error.strerror or error}). Name another place, or free some space.")


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}). Check the name.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not valid JSON ({error}). Save an evaluation with: qa eval --json OUT.json"
        ) from error
