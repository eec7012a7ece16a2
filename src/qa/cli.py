"""The command `qa`. Exit codes: 0 done, 1 the user must do something, 2 wrong usage, 3 the abstracts do not say,
4 a check failed, 130 interrupted."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import qa
from qa.errors import InputError, QAError

DONE, TO_DO, NOT_SAID, FAILED, INTERRUPTED = 0, 1, 3, 4, 130

_EPILOG = """\
examples:
  qa index pages/                            read the saved pages in a folder
  qa ask "How does DiskGNN keep its accuracy?"
  qa search out-of-core training -k 5
  qa ask --json "Who prunes large language models?" > answer.json
  qa verify answer.json                      do its quotes still hold?

The index is in --index, else in QA_INDEX, else in index/chroma under the current folder.
exit codes: 0 done, 1 something to do for you, 2 wrong usage, 3 the abstracts do not say, 4 a check failed, 130 Ctrl-C"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; every expected error is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
    options = _parser().parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except QAError as error:
        from qa.terminal import shown

        print(f"qa: {shown(str(error))}", file=sys.stderr)
        return TO_DO
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing is wrong, and Python must not complain on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        print(
            f"qa: the output cannot be written ({error.strerror or error}). Free some space or write elsewhere.",
            file=sys.stderr,
        )
        return TO_DO
    except KeyboardInterrupt:
        print(
            "\nqa: interrupted; the index answers as before, and the same command goes on from here.", file=sys.stderr
        )
        return INTERRUPTED


def entry() -> None:
    sys.exit(main())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qa",
        description="Ask a collection of paper abstracts; every sentence of the answer cites the words that support it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"abstracts-qa {qa.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    index = _command(commands, "index", _index, "read pages into the index, or refresh them", _INDEX_HELP)
    index.add_argument(
        "pages", nargs="*", metavar="PAGE", help="files, folders or patterns: .txt, .jsonl, .csv (also .gz)"
    )
    index.add_argument("--replace", action="store_true", help="make the index hold exactly these pages")
    index.add_argument("--rebuild", action="store_true", help="build anew from the page texts that the index keeps")
    index.add_argument(
        "--embedder", metavar="NAME", help="abstracts-minilm (default), or openai:MODEL@BASE_URL with OPENAI_API_KEY"
    )

    ask = _command(commands, "ask", _ask, "answer a question with checked citations", _ASK_HELP)
    ask.add_argument("question", nargs="+", metavar="QUESTION", help="the question; quotes around it are not needed")
    ask.add_argument("--history", metavar="FILE", help='earlier turns as JSON: [{"role": "user", "content": "…"}, …]')

    search = _command(commands, "search", _search, "list the papers that fit a question best", None)
    search.add_argument("question", nargs="+", metavar="QUESTION")
    search.add_argument("-k", type=int, default=10, metavar="N", help="how many papers (default 10)")
    _filters(search)

    _filters(_command(commands, "papers", _papers, "list the papers of the index", None))
    _command(commands, "pages", _pages, "list the pages of the index", None)

    remove = _command(commands, "remove", _remove, "take pages out of the index", None)
    remove.add_argument("pages", nargs="+", metavar="PAGE", help="names as `qa pages` lists them")

    verify = _command(commands, "verify", _verify, "check a saved answer against the index", _VERIFY_HELP)
    verify.add_argument("answer", metavar="ANSWER.json", help="what `qa ask --json` printed; - reads standard input")

    evaluate = _command(commands, "eval", _eval, "measure answers on reference questions", _EVAL_HELP, json=False)
    evaluate.add_argument(
        "questions",
        nargs="?",
        metavar="QUESTIONS",
        help="JSON Lines (default: QA_QUESTIONS, else evals/questions.jsonl)",
    )
    evaluate.add_argument(
        "--mode",
        choices=("search", "quotes"),
        default="quotes",
        help="search only ranks papers, quotes answers (default)",
    )
    evaluate.add_argument(
        "--split",
        metavar="SPLIT",
        help="dev (default; with --beir test), test (for releases: nothing is tuned on it) or all",
    )
    evaluate.add_argument(
        "--kind", action="append", default=[], metavar="KIND", help="fact, find, multi, none or chat; may be repeated"
    )
    evaluate.add_argument("--limit", type=int, metavar="N", help="at most N questions of each kind")
    evaluate.add_argument("--jobs", type=int, default=2, metavar="N", help="questions asked at a time (default 2)")
    evaluate.add_argument("--json", metavar="OUT", help="write rows and tables to this file")
    evaluate.add_argument("--report", metavar="DIR", help="write a page with plots and every failing question to DIR")
    evaluate.add_argument("--against", metavar="OLD.json", help="paired differences to an evaluation saved with --json")
    evaluate.add_argument(
        "--gate", action="store_true", help="exit 4 below floors.json or results/, both beside the questions"
    )
    evaluate.add_argument("--record", metavar="CHANGE", help="add a row to results/history.jsonl: what was changed")
    evaluate.add_argument("--accept", action="store_true", help="later gates hold against the rows of this run")
    evaluate.add_argument(
        "--beir", metavar="FOLDER", help="instead: nDCG@10, recall and MRR on a judged collection (BEIR's form)"
    )
    return parser


_INDEX_HELP = """\
Reads saved pages (titles and abstracts in turn), JSON Lines (title, abstract, optional id, url, date) and CSV with a
header. A page that the index has is refreshed, the others stay. Only new papers are embedded; what cannot be used is
listed with the reason. An interrupted run leaves the index as it was, and the next run goes on from there."""
_ASK_HELP = """\
Answers with sentences of the abstracts, each behind the number of its paper. Exit code 3 means that the abstracts do
not say; the nearest papers are named then."""
_EVAL_HELP = """\
Asks every reference question of the index and prints scores by kind and style, each with its 95 % interval, beside
BM25 alone, vectors alone and a copy of the best abstract. Needs no key and no network. Questions are JSON objects, one
a line, with id, kind, question, facts, papers and more: see evals/README.md. Exit code 4 means that the gate is closed.

  qa eval --limit 5                          a quick look
  qa eval --json before.json                 then change something, and
  qa eval --against before.json              see what got better or worse
  qa eval --split test --report report/      figures to publish, with every failing question
  qa eval --beir scifact/                    search alone, on a public collection"""
_VERIFY_HELP = """\
Checks that every quote of a saved answer still stands in the index, word for word and at its place. Exit code 4 means
that something no longer holds; a line for each says what."""


def _command(
    commands: Any, name: str, run: Any, summary: str, description: str | None, *, json: bool = True
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("--index", metavar="FOLDER", help="the index folder (default: QA_INDEX, else index/chroma)")
    if json:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--page", metavar="NAME", help="only papers that this page lists")
    code = parser.add_mutually_exclusive_group()
    code.add_argument("--has-code", action="store_true", default=None, help="only papers with a link to their code")
    code.add_argument("--no-code", dest="has_code", action="store_false", help="only papers without one")


def _folder(options: argparse.Namespace) -> Path:
    return Path(options.index or os.environ.get("QA_INDEX") or "index/chroma")


def _open(options: argparse.Namespace) -> "qa.Index":
    return qa.open_index(_folder(options))


def _print(options: argparse.Namespace, value: Any, text: str) -> None:
    from qa.terminal import as_json

    print(as_json(value) if options.json else text)


def _index(options: argparse.Namespace) -> int:
    from qa.terminal import progress_line, report_text

    if options.rebuild and (options.pages or options.replace):
        raise InputError("--rebuild takes no pages: it uses the texts that the index keeps. Run: qa index --rebuild")
    if not options.rebuild and not options.pages:
        raise InputError("No page was named. Name files or folders, such as: qa index pages/")
    keywords = {"embedder": options.embedder, "progress": None if options.json else progress_line()}
    if options.rebuild:
        report = qa.rebuild_index(_folder(options), **keywords)
    else:
        report = qa.build_index(options.pages, _folder(options), replace=options.replace, **keywords)
    _print(options, report.to_dict(), report_text(report))
    return DONE


def _ask(options: argparse.Namespace) -> int:
    history = _read_history(options.history) if options.history else []
    answer = qa.Assistant(_open(options)).ask(" ".join(options.question), history)
    from qa.terminal import answer_text

    _print(options, answer.to_dict(), answer_text(answer))
    return DONE if answer.found else NOT_SAID


def _read_history(path: str) -> list[Any]:
    turns = _read_json(path, 'Write [{"role": "user", "content": "…"}, …]')
    if not isinstance(turns, list):
        raise InputError(f'{path} holds no list of turns. Write [{{"role": "user", "content": "…"}}, …]')
    return turns


def _search(options: argparse.Namespace) -> int:
    from qa.terminal import hit_text

    hits = _open(options).search(" ".join(options.question), options.k, page=options.page, has_code=options.has_code)
    text = "\n".join(hit_text(rank, hit) for rank, hit in enumerate(hits, 1)) or "No paper was found."
    _print(options, [hit.to_dict() for hit in hits], text)
    return DONE


def _papers(options: argparse.Namespace) -> int:
    from qa.terminal import paper_text

    papers = _open(options).papers(page=options.page, has_code=options.has_code)
    _print(options, [paper.to_dict() for paper in papers], "\n".join(map(paper_text, papers)) or "No paper.")
    return DONE


def _pages(options: argparse.Namespace) -> int:
    from qa.terminal import shown

    pages = _open(options).pages()
    _print(options, pages, "\n".join(f"{count:>6,}  {shown(name)}" for name, count in pages.items()) or "No page.")
    return DONE


def _remove(options: argparse.Namespace) -> int:
    from qa.terminal import progress_line, report_text

    report = qa.remove_pages(options.pages, _folder(options), progress=None if options.json else progress_line())
    _print(options, report.to_dict(), report_text(report))
    return DONE


def _verify(options: argparse.Namespace) -> int:
    answer = qa.Answer.from_dict(
        _read_json(options.answer, "Save an answer with: qa ask --json QUESTION > answer.json")
    )
    verdict = qa.verify_answer(answer, _open(options))
    from qa.terminal import shown

    summary = f"{verdict.quotes} quotes checked, {len(verdict.problems) or 'no'} problem{'' if len(verdict.problems) == 1 else 's'}."
    text = "\n".join([*(shown(problem) for problem in verdict.problems), summary])
    _print(options, {"quotes": verdict.quotes, "holds": verdict.holds, "problems": list(verdict.problems)}, text)
    return DONE if verdict.holds else FAILED


def _eval(options: argparse.Namespace) -> int:
    from qa.evals.command import Request, run, run_beir
    from qa.evals.evaluation import Interrupted
    from qa.terminal import progress_line, shown

    request = Request(
        questions=options.questions or os.environ.get("QA_QUESTIONS") or "evals/questions.jsonl",
        **{name: getattr(options, name) for name in ("mode", "limit", "jobs", "json", "against", "gate")},
        **{name: getattr(options, name) for name in ("report", "record", "accept")},
        split=options.split or ("test" if options.beir else "dev"),
        kinds=tuple(kind for given in options.kind for kind in given.split(",")),
    )
    try:
        if options.beir:
            outcome = run_beir(options.beir, options.index, request, progress=progress_line())
        else:
            outcome = run(request, _folder(options), progress_line())
    except KeyboardInterrupt as stop:
        asked = options.json and isinstance(stop, Interrupted)
        kept = f"the questions done are in {options.json}" if asked else "nothing was written"
        print(f"\nqa: interrupted; {kept}.", file=sys.stderr)
        return INTERRUPTED
    print(shown(outcome.text))
    for note in outcome.notes:
        print(shown(note), file=sys.stderr)
    return FAILED if outcome.faults else DONE


def _read_json(path: str, advice: str) -> Any:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Check the name.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON ({error}). {advice}") from error


if __name__ == "__main__":
    entry()
