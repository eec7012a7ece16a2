"""What `qa eval` does: reads questions, asks them, and and compares, saves and checks the scores; it prints nothing itself."""

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from qa.answer import Answer
from qa.documents.paper import title_key
from qa.errors import InputError
from qa.evals.compare import (
    Baseline,
    Comparison,
    baseline_rows,
    check_shared,
    compare,
    comparison_text,
    gate,
)
from qa.evals.data.beir_format import read_collection
from qa.evals.data.questions import KINDS, SPLITS, ReferenceQuestion, read_questions
from qa.evals.data.recorded_replies import RecordedReply, Replay, changed_requests, read_replies
from qa.evals.files import check_paths, read_committed, read_json, replies_file, rows_file, write_json, write_outputs
from qa.evals.metrics.scorers import wanted_keys
from qa.evals.report.tables import table_text, tables
from qa.evals.request import Outcome, Request
from qa.evals.results import FORMAT, Evaluation
from qa.evals.runs.beir import collection_index, evaluate_collection
from qa.evals.runs.questions import Interrupted, Progress, evaluate
from qa.retrieval.late_interaction import TokenStateCache
from qa.retrieval.search import Index, open_index

ALL = "all"


def run(request: Request, folder: str | os.PathLike[str], progress: Progress | None = None) -> Outcome:
    """Evaluate the index in a folder as requested.

    The rows of an interrupted run are written to `--json` before KeyboardInterrupt is raised again. InputError for anything
    that is wrong with the request or a file.
    """
    _check_numbers(request)
    cases = read_replies(replies_file(request)) if request.mode == "replay" else {}
    questions = _chosen(request, cases if request.mode == "replay" else None)
    _check_whole(request)
    check_paths(request)
    past = Baseline.from_dict(read_json(Path(request.against))) if request.against else None
    floors, committed = read_committed(request) if request.gate else (None, None)
    for earlier in filter(None, (past, committed)):
        check_shared(earlier, (question.id for question in questions))
    index = open_index(folder)
    try:
        missing = _missing(index, questions)
        evaluation = evaluate(
            index, questions, mode=request.mode, answer=_answering(request, index, cases), name=Path(request.questions).name, split=request.split,
            jobs=request.jobs, progress=progress,
        )  # fmt: skip
        changed = changed_requests(cases, index) if cases else 0
    except Interrupted as interrupted:
        if request.json:
            write_json(Path(request.json), interrupted.evaluation.to_dict())
        raise
    finally:
        index.close()
    comparison = compare(evaluation, past) if past else None
    notes = [*([missing] if missing else []), *write_outputs(request, evaluation, comparison)]
    if changed:
        notes.append(
            f"{changed} of the {len(cases)} recorded requests would be others today: their replies were written to the old ones."
        )
    faults = gate(evaluation, floors, committed) if floors is not None else []
    _check_errors(evaluation)
    if request.gate and committed is None:
        notes.append(f"No committed rows in {rows_file(request)}: only the floors were checked.")
    if committed and committed.fingerprint != evaluation.fingerprint:
        notes.append("The committed rows were measured on other texts: the difference is not only that of the program.")
    if request.accept and faults:
        notes.append("The baseline was not updated, because scores are below their thresholds.")
    elif request.accept:
        write_json(rows_file(request), baseline_rows(evaluation), indent=None)
        notes.append(f"Later checks compare with {rows_file(request)}")
    return Outcome(
        text=_text(evaluation, comparison, faults if request.gate else None), notes=tuple(notes), faults=tuple(faults)
    )


def _check_whole(request: Request) -> None:
    if (request.gate or request.record or request.accept) and (request.kinds or request.limit is not None):
        raise InputError(
            "--check-regression, --log-run and --update-baseline need all questions of a split. Omit --kind and --limit."
        )


def _check_errors(evaluation: Evaluation) -> None:
    """InputError if every question ended in an error."""
    errors = [row.error for row in evaluation.rows if row.error]
    if len(errors) == len(evaluation.rows):
        raise InputError(f"Every question ended in an error, the first of them: {errors[0]}")


def run_beir(data: str, folder: str | None, request: Request, progress: Progress | None = None) -> Outcome:
    """Measure the search on a judged collection, in the index in a folder (built there if need be) or a temporary one."""
    others = {
        "--report": request.report,
        "--against": request.against,
        "--check-regression": request.gate,
        "--kind": request.kinds,
    }
    given = [
        name
        for name, value in {**others, "--log-run": request.record, "--update-baseline": request.accept}.items()
        if value
    ]
    if given:
        raise InputError(f"{given[0]} does not go with --beir. It takes --index, --split, --limit and --json.")
    _check_numbers(request)
    check_paths(request)
    collection = read_collection(data, request.split)
    with collection_index(collection, Path(folder) if folder else None, progress) as index:
        found = evaluate_collection(index, collection, limit=request.limit, progress=progress)
    head = f"{collection.name}, {len(collection.documents):,} documents, split {request.split}; value [95 % interval], (queries)"
    if request.json:
        write_json(
            Path(request.json),
            {"format": FORMAT, "split": request.split, "tables": {t.title: t.to_dict() for t in found}},
        )
    return Outcome(text="\n\n".join([head, *map(table_text, found)]), notes=collection.notes)


def _answering(
    request: Request, index: Index, cases: dict[str, RecordedReply]
) -> Callable[[ReferenceQuestion], Answer] | None:
    """What answers the questions; None where the evaluation itself knows."""
    if request.mode == "replay":
        replay = Replay(cases, index, TokenStateCache(index.embedder))
        return lambda question: replay.answer(question.id, strict=request.strict)
    if request.mode == "model":
        assistant = request.assistant(index) if request.assistant else None
        if assistant is None or assistant.calls is None:
            raise InputError(
                "--mode model needs a language model. Set OPENAI_API_KEY or OPENAI_BASE_URL, or use --mode replay."
            )
        return lambda question: assistant.ask(question.question, question.history)
    return None


def _check_numbers(request: Request) -> None:
    for name, value in (("--limit", request.limit), ("--jobs", request.jobs)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}, but it must be at least 1. Try {name} 4.")


def _chosen(request: Request, recorded: Collection[str] | None = None) -> list[ReferenceQuestion]:
    """The questions asked for: of the split and the kinds, and of the `recorded` ids where these are given, at most
    `limit` of each kind."""
    if request.split not in (*SPLITS, ALL):
        raise InputError(f"Unknown split {request.split!r}. Use --split dev, --split test or --split all.")
    wrong = [kind for kind in request.kinds if kind not in KINDS]
    if wrong:
        raise InputError(f"Unknown kind {wrong[0]!r}. Use --kind with one of: {', '.join(KINDS)}.")
    every = read_questions(request.questions, split=None if request.split == ALL else request.split)
    every = [question for question in every if recorded is None or question.id in recorded]
    kinds = [kind for kind in KINDS if not request.kinds or kind in request.kinds]
    chosen = [question for kind in kinds for question in [q for q in every if q.kind == kind][: request.limit]]
    if not chosen:
        raise InputError(
            f"{request.questions if recorded is None else replies_file(request)} has no question of split {request.split}"
            f" and kind {', '.join(kinds)}. Try --split all."
        )
    places = {question.id: place for place, question in enumerate(every)}
    return sorted(chosen, key=lambda question: places[question.id])


def _missing(index: Index, questions: Sequence[ReferenceQuestion]) -> str:
    """A sentence on the papers that the index lacks; empty where it has all."""
    titles = {title_key(paper.title) for paper in index.papers()}
    named = {key for question in questions for key in (*wanted_keys(question), title_key(question.near or ""))}
    missing = named - titles - {title_key("")}
    if not missing:
        return ""
    return f"{len(missing)} of the papers that the questions are about are not in this index, and count as missed."


def _text(evaluation: Evaluation, comparison: Comparison | None, faults: Sequence[str] | None) -> str:
    head = (
        f"{len(evaluation.rows)} questions of {evaluation.questions}, split {evaluation.split}, mode {evaluation.mode},"
        f" {evaluation.papers} papers; value [95 % interval], (questions)"
    )
    blocks = [head, *map(table_text, tables(evaluation))]
    if comparison:
        blocks.append(comparison_text(comparison))
    errors = [" ".join(f"{row.question.id}: {row.error}".split()) for row in evaluation.rows if row.error]
    if errors:
        blocks.append("\n  ".join(["Ended in an error, and scored 0:", *errors]))
    failing = len(evaluation.failures)
    blocks.append(
        f"{failing} of {len(evaluation.rows)} questions are not answered in full; --report DIR shows each and why."
    )
    if faults is not None:
        blocks.append(
            "\n".join(["Scores below threshold:", *(f"  {fault}" for fault in faults)])
            if faults
            else "All scores reach their thresholds."
        )
    return "\n\n".join(blocks)


# Files
