"""One function per command: it takes the parsed options, prints, and gives an exit code.

Exit codes: 0 done, 1 action needed, 2 wrong usage, 3 no abstract answers, 4 a check failed, 130 interrupted.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import qa
from qa.errors import InputError
from qa.json_types import is_array

DONE, ACTION_NEEDED, NOT_FOUND, FAILED, INTERRUPTED = 0, 1, 3, 4, 130


def _place(options: argparse.Namespace) -> dict[str, Any]:
    """Keyword arguments for the library: the index folder, or a Chroma server and the folder of its replica."""
    from qa.settings import index_place

    named = {"url": options.chroma, "tenant": options.chroma_tenant, "database": options.chroma_database}
    folder, server = index_place(os.environ, folder=options.index, **named)
    return {"folder": folder, "chroma": server}


def _open(options: argparse.Namespace) -> "qa.Index":
    from qa.console.terminal import progress_line

    return qa.open_index(**_place(options), progress=progress_line())


def _assistant(options: argparse.Namespace, index: "qa.Index | None" = None) -> "qa.Assistant":
    """The assistant that the options and the environment ask for."""
    from qa.settings import calls_from_environment

    if options.papers is not None and options.papers < 1:
        raise InputError(
            f"--papers is {options.papers}, but a model must be shown at least one paper. Try --papers 12."
        )
    wanted = {name: getattr(options, name) for name in ("model", "base_url", "cache", "max_cost", "max_total_tokens")}
    calls = calls_from_environment(os.environ, **wanted)
    context = {} if options.papers is None else {"papers": options.papers}
    return qa.Assistant(index or _open(options), calls, strict=options.strict, fallback=options.fallback, **context)


def _warn_lost_replies(assistant: "qa.Assistant") -> None:
    """Say on stderr why replies could not be kept, where they could not."""
    from qa.console.terminal import escape_terminal

    fault = assistant.calls and assistant.calls.cache and assistant.calls.cache.fault
    if fault:
        print(f"qa: {escape_terminal(fault)}", file=sys.stderr)


def _print(options: argparse.Namespace, value: Any, text: str) -> None:
    from qa.console.terminal import as_json

    print(as_json(value) if options.json else text)


def _index(options: argparse.Namespace) -> int:
    from qa.console.format import report_text
    from qa.console.terminal import progress_line

    if options.rebuild and (options.pages or options.replace):
        raise InputError("--rebuild takes no pages: it uses the texts that the index keeps. Run: qa index --rebuild")
    if not options.rebuild and not options.pages:
        raise InputError("No page was named. Name files or folders, such as: qa index pages/")
    keywords: dict[str, Any] = {"embedder": options.embedder, "progress": None if options.json else progress_line()}
    if options.rebuild:
        report = qa.rebuild_index(**_place(options), **keywords)
    else:
        report = qa.build_index(options.pages, **_place(options), replace=options.replace, **keywords)
    _print(options, report.to_dict(), report_text(report))
    return DONE


def _ask(options: argparse.Namespace) -> int:
    from qa.console.format import show_answer
    from qa.console.terminal import as_json

    history = _read_history(options.history) if options.history else []
    assistant, question = _assistant(options), " ".join(options.question)
    try:
        if options.json:
            answer = assistant.ask(question, history)
            print(as_json(answer.to_dict()))
        else:
            answer = show_answer(assistant.stream(question, history))
    except KeyboardInterrupt:
        print("qa: interrupted; the answer is not whole.", file=sys.stderr)
        return INTERRUPTED
    _warn_lost_replies(assistant)
    return DONE if answer.found else NOT_FOUND


def _chat(options: argparse.Namespace) -> int:
    from qa.cli.chat import converse

    assistant = _assistant(options)
    try:
        converse(assistant, papers=len(assistant.index))
    except KeyboardInterrupt:
        print("qa: interrupted.", file=sys.stderr)
        return INTERRUPTED
    _warn_lost_replies(assistant)
    return DONE


def _ui(options: argparse.Namespace) -> int:
    try:
        from qa.ui.serve import serve

        serve(lambda: _assistant(options), **_place(options), host=options.host, port=options.port, auth=options.auth)
    except KeyboardInterrupt:
        print("qa: interrupted before the page was open.", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _feedback(options: argparse.Namespace) -> int:
    from qa.feedback.to_questions import report_feedback
    from qa.settings import feedback_file

    report = report_feedback(feedback_file(os.environ), drafts=options.drafts, force=options.force)
    _print(options, report.to_dict(), report.text())
    return DONE


def _doctor(options: argparse.Namespace) -> int:
    from qa.cli.checks import WRONG, Check, check_text
    from qa.cli.doctor import run_checks
    from qa.console.terminal import as_json

    checks: list[Check] = []
    for check in run_checks(
        os.environ, index=options.index, model=options.model, base_url=options.base_url, call=options.call,
        chroma=options.chroma, tenant=options.chroma_tenant, database=options.chroma_database,
    ):  # fmt: skip
        checks.append(check)
        if not options.json:
            print(check_text(check), flush=True)
    wrong = [check.name for check in checks if check.state == WRONG]
    if options.json:
        print(as_json({"well": not wrong, "checks": [check.to_dict() for check in checks]}))
    else:
        print(f"\nFailed: {', '.join(wrong)}." if wrong else "\nAll checks passed.")
    return FAILED if wrong else DONE


def _cache(options: argparse.Namespace) -> int:
    from qa.console.terminal import escape_terminal
    from qa.settings import reply_cache

    cache = reply_cache(os.environ)
    try:
        cleared = cache.clear() if options.clear else 0
        replies, size = cache.size()
    except OSError as error:
        raise InputError(
            f"The replies in {cache.folder} cannot be read or deleted ({error.strerror or error}). Delete that folder by hand."
        ) from error
    values = {"folder": str(cache.folder), "replies": replies, "bytes": size, "cleared": cleared}
    kept = "1 reply" if replies == 1 else f"{replies:,} replies"
    deleted = "1 reply was deleted." if cleared == 1 else f"{cleared:,} replies were deleted."
    text = f"{kept} ({size / 1e6:.1f} MB) in {escape_terminal(str(cache.folder))}."
    _print(options, values, f"{deleted}\n{text}" if options.clear else f"{text}\nTo delete them: qa cache --clear")
    return DONE


def _read_history(path: str) -> list[Any]:
    turns = _read_json(path, 'Write [{"role": "user", "content": "…"}, …]')
    if not is_array(turns):
        raise InputError(f'{path} holds no list of turns. Write [{{"role": "user", "content": "…"}}, …]')
    return turns


def _search(options: argparse.Namespace) -> int:
    from qa.console.format import hit_text

    hits = _open(options).search(" ".join(options.question), options.k, page=options.page, has_code=options.has_code)
    text = "\n".join(hit_text(rank, hit) for rank, hit in enumerate(hits, 1)) or "No paper was found."
    _print(options, [hit.to_dict() for hit in hits], text)
    return DONE


def _papers(options: argparse.Namespace) -> int:
    from qa.console.format import paper_text

    papers = _open(options).papers(page=options.page, has_code=options.has_code)
    _print(options, [paper.to_dict() for paper in papers], "\n".join(map(paper_text, papers)) or "No paper.")
    return DONE


def _pages(options: argparse.Namespace) -> int:
    from qa.console.terminal import escape_terminal

    pages = _open(options).pages()
    _print(
        options,
        pages,
        "\n".join(f"{count:>6,}  {escape_terminal(name)}" for name, count in pages.items()) or "No page.",
    )
    return DONE


def _remove(options: argparse.Namespace) -> int:
    from qa.console.format import report_text
    from qa.console.terminal import progress_line

    report = qa.remove_pages(options.pages, **_place(options), progress=None if options.json else progress_line())
    _print(options, report.to_dict(), report_text(report))
    return DONE


def _verify(options: argparse.Namespace) -> int:
    answer = qa.Answer.from_dict(
        _read_json(options.answer, "Save an answer with: qa ask --json QUESTION > answer.json")
    )
    verdict = qa.verify_answer(answer, _open(options))
    from qa.console.terminal import escape_terminal

    marked = sum(statement.support == "unsupported" for statement in answer.statements)
    summary = (
        f"{verdict.quotes} quote{'' if verdict.quotes == 1 else 's'} checked,"
        f" {len(verdict.problems) or 'no'} problem{'' if len(verdict.problems) == 1 else 's'}."
    )
    if marked:
        summary += f" {marked} sentence{' is' if marked == 1 else 's are'} unsupported, and marked so."
    text = "\n".join([*(escape_terminal(problem) for problem in verdict.problems), summary])
    _print(options, {"quotes": verdict.quotes, "holds": verdict.holds, "problems": list(verdict.problems)}, text)
    return DONE if verdict.holds else FAILED


def _eval(options: argparse.Namespace) -> int:
    from qa.console.terminal import escape_terminal, progress_line
    from qa.evals.command import run, run_beir
    from qa.evals.request import Request
    from qa.evals.runs.questions import Interrupted
    from qa.settings import index_folder

    request = Request(
        questions=options.questions or os.environ.get("QA_QUESTIONS") or "evals/questions.jsonl",
        **{name: getattr(options, name) for name in ("mode", "limit", "jobs", "json", "against", "gate")},
        **{name: getattr(options, name) for name in ("report", "record", "accept")},
        split=options.split or ("test" if options.beir else "dev"),
        kinds=tuple(kind for given in options.kind for kind in given.split(",")),
        strict=options.strict,
        assistant=lambda index: _assistant(argparse.Namespace(**{**vars(options), "fallback": False}), index),
    )
    try:
        if options.beir:
            outcome = run_beir(options.beir, options.index, request, progress=progress_line())
        else:
            outcome = run(request, index_folder(os.environ, options.index), progress_line())
    except KeyboardInterrupt as stop:
        asked = options.json and isinstance(stop, Interrupted)
        kept = f"the questions done are in {options.json}" if asked else "nothing was written"
        print(f"\nqa: interrupted; {kept}.", file=sys.stderr)
        return INTERRUPTED
    print(escape_terminal(outcome.text))
    for note in outcome.notes:
        print(escape_terminal(note), file=sys.stderr)
    return FAILED if outcome.faults else DONE


def _read_json(path: str, advice: str) -> Any:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Check the name.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON ({error}). {advice}") from error


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "index": _index,
    "ask": _ask,
    "chat": _chat,
    "ui": _ui,
    "search": _search,
    "papers": _papers,
    "pages": _pages,
    "verify": _verify,
    "eval": _eval,
    "remove": _remove,
    "doctor": _doctor,
    "cache": _cache,
    "feedback": _feedback,
}  # fmt: skip
