"""The tab Scores: a saved evaluation of this checkout, as tables and plots. It does not run an evaluation."""

import datetime
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from qa.errors import InputError
from qa.evals.compare import Baseline
from qa.evals.data.questions import ReferenceQuestion, read_questions
from qa.evals.report.tables import estimates
from qa.evals.results import Evaluation, Row
from qa.json_types import is_object
from qa.ui.events import QUIET, error_sentence, on
from qa.ui.html import render, static

RESULTS = Path("evals/results")
"""Under the current folder: a checkout has its committed evaluations there, each named after its mode and split."""
QUESTIONS = "questions.jsonl"
FIRST = "quotes-test.json"
"""Shown first where it is there: answers without a model, on questions that nothing was fitted to."""
MODES = {
    "quotes": "answers made of quotes",
    "model": "answers of a language model",
    "replay": "recorded answers of a language model",
    "search": "search alone",
}
SPLITS = {"dev": "development questions", "test": "test questions", "all": "all questions"}
MOST_BYTES = 64 << 20
"""A larger file is not an evaluation: 656 questions with all results take 7 MB."""


def scores_tab(folder: Path | None = None) -> None:
    """The tab within the `gr.Tab` that is open; `folder` is where evaluations lie, by default `RESULTS`.

    The files are looked for when a visitor opens the tab, and read when they are shown.
    """
    from qa.evals.report.html import figures_css

    opened = Context.block
    place = folder or RESULTS
    shown = gr.HTML(
        render("scores", files=None),
        js_on_load=static("scores.js"),
        css_template=figures_css(),
        apply_default_css=False,
        elem_classes=["qa", "scores"],
    )

    chosen = gr.State(None)

    def show(file: Any, event: gr.EventData) -> tuple[str, Any]:
        file = getattr(event, "file", file)  # the tab's own event names no file: the one that was chosen stays
        return scores_html(place, file), file

    events = [shown.select, *([opened.select] if isinstance(opened, gr.Tab) else [])]
    on(events, show, chosen, [shown, chosen], **QUIET)


def scores_html(folder: Path, chosen: Any = None) -> str:
    """The tab's markup with the evaluation of this file name; with the first one where none is named, or none of these."""
    files = result_files(folder)
    name = chosen if isinstance(chosen, str) and chosen in files else next(iter(files), None)
    if name is None:
        return render("scores", files=(), told={}, chosen=None, figures=None, about=None, error=None)
    values: dict[str, Any] = {"figures": None, "about": None, "error": None}
    try:
        values |= _shown(files[name], _stamps(files[name]))
    except Exception as error:
        # An absolute path is not shown; a folder within the current one is.
        told = error_sentence(error)
        values["error"] = told.replace(f"{folder.parent}{os.sep}", "") if folder.is_absolute() else told
    return render("scores", files=list(files), told={file: describe(file) for file in files}, chosen=name, **values)


def result_files(folder: Path) -> dict[str, Path]:
    """The saved evaluations in a folder by name: `FIRST`, then the newest; empty if there is no such folder."""
    try:
        found = sorted(folder.glob("*.json"), key=lambda file: (file.name != FIRST, -file.stat().st_mtime, file.name))
    except OSError:
        return {}
    return {file.name: file for file in found if file.is_file()}


def describe(name: str) -> str:
    """What a file name says of its evaluation, in words; the name where it says nothing."""
    mode, _, split = name.removesuffix(".json").partition("-")
    return f"{MODES[mode]}, {SPLITS[split]}" if mode in MODES and split in SPLITS else name


def read_evaluation(path: Path) -> Evaluation:
    """A saved evaluation: a whole one (`qa eval --json`), or the rows that are kept for a gate, with their questions read
    from the folder above. For baseline rows the number of papers is unknown and given as 0.

    InputError if the file is neither, or its questions are missing.
    """
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path.name} has more than {MOST_BYTES >> 20} MB. Save an evaluation with: qa eval --json")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is damaged ({type(error).__name__}). {_again(path.name)}") from error
    if is_object(values) and isinstance(values.get("rows"), list):
        return Evaluation.from_dict(values)
    past = Baseline.from_dict(values)
    file = path.parent.parent / QUESTIONS
    questions = [question for question in read_questions(file) if question.id in past.rows]
    if len(questions) < len(past.rows):
        missing = len(past.rows) - len(questions)
        raise InputError(f"{missing} of the questions of {path.name} are no longer in {file.name}. {_again(path.name)}")
    return Evaluation(
        mode=past.mode, split=past.split, questions=file.name, papers=0, fingerprint=past.fingerprint,
        rows=tuple(_row(question, past) for question in questions),
    )  # fmt: skip


def recorded_at(evaluation: Evaluation, history: Path) -> tuple[str, str]:
    """The date and the change of the last row of a history that has just these scores; empty texts where none has."""
    ours = {pair: round(estimate.value, 4) for pair, estimate in estimates(evaluation.rows).items()}
    found = ("", "")
    try:
        lines = history.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError):
        return found
    for line in lines:
        try:
            row = json.loads(line)
            if (row["mode"], row["split"], row["texts"]) == (evaluation.mode, evaluation.split, evaluation.fingerprint):
                scores = {(group, name): score for group, part in row["scores"].items() for name, score in part.items()}
                shared = ours.keys() & scores.keys()
                if shared and all(abs(ours[pair] - scores[pair]) < 1e-3 for pair in shared):
                    found = str(row["date"]), str(row["change"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # an empty line, or a row of another form
    return found


@lru_cache(maxsize=8)
def _shown(path: Path, _stamps: tuple[int, ...]) -> dict[str, Any]:
    """What the template shows of a file. Intervals take about a second: they are kept until a file changes."""
    from qa.evals.report.html import figures_html

    evaluation = read_evaluation(path)
    date, change = recorded_at(evaluation, path.with_name("history.jsonl"))
    about = {
        "mode": evaluation.mode,
        "split": evaluation.split,
        "questions": evaluation.questions,
        "count": len(evaluation.rows),
        "papers": evaluation.papers,
        "fingerprint": evaluation.fingerprint,
        "date": date or datetime.date.fromtimestamp(path.stat().st_mtime).isoformat(),
        "change": change,
        "command": _command(path.name),
    }
    return {"about": about, "figures": figures_html(evaluation, level=3, prefix="scores-")}


def _stamps(path: Path) -> tuple[int, ...]:
    """What changes when an evaluation, its questions or its history do."""
    files = (path, path.parent.parent / QUESTIONS, path.with_name("history.jsonl"))
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


def _row(question: ReferenceQuestion, past: Baseline) -> Row:
    row = past.rows[question.id]
    return Row(question=question, scores=row.scores, likelihood=row.likelihood, found=row.found, error=row.error)


def _command(name: str) -> str:
    """The command that creates the file of this name again."""
    mode, _, split = name.removesuffix(".json").partition("-")
    if mode in MODES and split in SPLITS:
        return f"qa eval --mode {mode} --split {split} --update-baseline"
    return f"qa eval --json evals/results/{name}"


def _again(name: str) -> str:
    return f"Create it again: {_command(name)}"
