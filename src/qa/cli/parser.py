"""What can be typed after `qa`: commands, options, and the texts that teach them. Nothing is run here."""

import argparse
from typing import Any

EPILOG = """\
examples:
  qa index pages/                            read the saved pages in a folder
  qa ask "How does DiskGNN keep its accuracy?"
  qa chat                                    a conversation
  qa ui                                      the same in a browser
  qa search out-of-core training -k 5
  qa ask --json "Who prunes large language models?" > answer.json
  qa verify answer.json                      do its quotes still hold?
  qa doctor                                  check the installation

The index is in --index, else in QA_INDEX, else in index/chroma under the current folder; or on the Chroma server at
--chroma, else at QA_CHROMA. A token for it goes into QA_CHROMA_TOKEN.
exit codes: 0 done, 1 action needed, 2 wrong usage, 3 no abstract answers, 4 a check failed, 130 Ctrl-C"""

INDEX_HELP = """\
Reads text files (title and abstract lines in turn), JSON Lines (title, abstract, optional id, url, date) and CSV with a
header. A file that the index has is updated, the others stay. Only new papers are embedded; what cannot be used is
listed with the reason. An interrupted run leaves the index as it was, and the next run continues from there."""
FEEDBACK_HELP = """\
Votes and notes from the page are in QA_FEEDBACK, else in a file of this user's data; nothing is sent anywhere. Shows
where and how many. --drafts writes them as draft reference questions: do what each says under "unfinished", delete
that field, then prove them: python -m qa.evals.data.check_questions OUT.jsonl --pages index/pages"""
_MODEL_HELP = """\
Without a language model the answer is made of quotes. With one it is written as prose, and every sentence is checked
against the sentences that it cites. A key or a base URL is enough:

  export OPENAI_API_KEY=…                              OpenAI
  export OPENAI_BASE_URL=http://localhost:11434/v1     Ollama
  export OPENAI_BASE_URL=http://localhost:8080/v1      llama.cpp (llama-server)
  export OPENAI_BASE_URL=http://localhost:1234/v1      LM Studio
  export OPENAI_BASE_URL=http://localhost:8000/v1      vLLM

The model is --model, else QA_MODEL, else gpt-4.1-mini at OpenAI, else the only one that the endpoint lists. --no-model
or QA_MODEL=none asks none. `qa doctor` says whether it can be reached."""
ASK_HELP = f"""\
Answers with sentences, each with the number of the paper that supports it. Exit code 3 means that no abstract
answers; the closest papers are named then.

{_MODEL_HELP}

  qa ask --base-url http://localhost:11434/v1 --model llama3.2 "Which papers prune language models?"
  qa ask --max-cost 0.01 "Which papers prune language models?\""""
CHAT_HELP = f"""\
A conversation: follow-up questions refer to the turns before. /help lists the commands: /papers, /quotes 2,
/export FILE.md, /bibtex and more. Ctrl-C stops an answer, Ctrl-D ends. In a pipe each line is a question.

{_MODEL_HELP}"""
UI_HELP = f"""\
Serves a page to chat with the papers, browse them, add and remove files, and see the scores. If there is no
index, it is built from index/pages. Nothing is shared and nothing is fetched from other hosts; only this machine reaches
the page unless --host says otherwise. Ctrl-C ends it.

  qa ui --port 9000
  qa ui --host 0.0.0.0                       every network: others can ask, but not add or remove files
  qa ui --host 0.0.0.0 --auth accounts.txt   only accounts of that file, which may do both

The page speaks plain HTTP: from other machines reach it through a tunnel of ssh, or through a proxy for HTTPS that
passes the Host header on.

{_MODEL_HELP}"""
EVAL_HELP = """\
Asks every reference question of the index and prints scores by kind and style, each with its 95 % interval, beside
BM25 alone, vectors alone and a copy of the best abstract. Needs no key and no network. Questions are JSON objects, one
a line, with id, kind, question, facts, papers and more: see docs/evaluation.md. Exit code 4 means that a score is below
its threshold.

  qa eval --limit 5                          a quick look
  qa eval --json before.json                 then change something, and
  qa eval --against before.json              see what got better or worse
  qa eval --split test --report report/      figures to publish, with every failing question
  qa eval --mode replay                      a language model's recorded replies, checked again
  qa eval --mode model --max-cost 1          the same with a model of yours (OPENAI_API_KEY, OPENAI_BASE_URL, QA_MODEL)
  qa eval --beir scifact/                    search alone, on a public collection"""
VERIFY_HELP = """\
Checks that every quote of a saved answer is still in the index, word for word and at its place. Exit code 4 means
that a check failed; a line for each says what."""
DOCTOR_HELP = """\
Checks packages, index, embedder, language model and cache on one screen, and says what to do where a check
failed. The model's endpoint is asked which models it has; --call also sends a request, which may cost a fraction of a cent.
Exit code 0 means that all required checks passed (a model is optional), 4 that one failed. No key is ever shown."""
CACHE_HELP = """\
Replies of language models are cached, so that the same question takes no second call. They are in QA_CACHE, else in a folder
of this user's caches, readable by this user only. Shows where, how many and how large; --clear deletes them.
To ask without them: qa ask --no-cache"""


def parser(version: str) -> argparse.ArgumentParser:
    """The parser of the whole command line; what it gives has the command's name in `command`."""
    top = argparse.ArgumentParser(
        prog="qa",
        description="Ask a collection of paper abstracts; every sentence of an answer cites the words that support it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"abstracts-qa {version}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)

    index = _command(commands, "index", "read files into the index, or update them", INDEX_HELP)
    index.add_argument(
        "pages", nargs="*", metavar="PAGE", help="files, folders or patterns: .txt, .jsonl, .csv (also .gz)"
    )
    index.add_argument("--replace", action="store_true", help="make the index hold exactly these files")
    index.add_argument("--rebuild", action="store_true", help="rebuild from the texts that the index keeps")
    index.add_argument(
        "--embedder", metavar="NAME", help="abstracts-minilm (default), or openai:MODEL@BASE_URL with OPENAI_API_KEY"
    )

    ask = _command(commands, "ask", "answer a question with checked citations", ASK_HELP)
    ask.add_argument("question", nargs="+", metavar="QUESTION", help="the question; quotes around it are not needed")
    ask.add_argument("--history", metavar="FILE", help='earlier turns as JSON: [{"role": "user", "content": "…"}, …]')
    _model(ask)

    _model(_command(commands, "chat", "ask in a conversation", CHAT_HELP, json=False))

    ui = _command(commands, "ui", "chat, papers, sources and scores in a browser", UI_HELP, json=False)
    ui.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="HOST",
        help="the address to serve on (default 127.0.0.1: this machine only)",
    )
    ui.add_argument("--port", type=int, metavar="N", help="the port (default: 7860, else the next free one)")
    ui.add_argument("--auth", metavar="FILE", help="accounts that may log in, one name:password per line")
    _model(ui)

    _reading(commands)
    _upkeep(commands)
    return top


def _reading(commands: Any) -> None:
    """The commands that look things up: search, papers, pages, verify, eval."""
    search = _command(commands, "search", "list the papers that fit a question best", None)
    search.add_argument("question", nargs="+", metavar="QUESTION")
    search.add_argument("-k", type=int, default=10, metavar="N", help="how many papers (default 10)")
    _filters(search)

    _filters(_command(commands, "papers", "list the papers of the index", None))
    _command(commands, "pages", "list the files of the index", None)

    verify = _command(commands, "verify", "check a saved answer against the index", VERIFY_HELP)
    verify.add_argument("answer", metavar="ANSWER.json", help="what `qa ask --json` printed; - reads standard input")

    _evaluation(
        _command(commands, "eval", "measure answers on reference questions", EVAL_HELP, chroma=False, json=False)
    )


def _upkeep(commands: Any) -> None:
    """The commands that maintain an index and what is kept with it: remove, doctor, cache, feedback."""
    remove = _command(commands, "remove", "remove files from the index", None)
    remove.add_argument("pages", nargs="+", metavar="PAGE", help="names as `qa pages` lists them")

    doctor = _command(commands, "doctor", "check packages, index, embedder, model and cache", DOCTOR_HELP)
    _endpoint(doctor)
    doctor.add_argument("--call", action="store_true", help="also send the model a small request")

    cache = _command(commands, "cache", "show or clear the cache of model replies", CACHE_HELP, index=False)
    cache.add_argument("--clear", action="store_true", help="delete every cached reply")

    summary = "show votes from the page, or write draft questions from them"
    feedback = _command(commands, "feedback", summary, FEEDBACK_HELP, index=False)
    feedback.add_argument("--drafts", metavar="OUT.jsonl", help="write draft reference questions to this file")
    feedback.add_argument("--force", action="store_true", help="overwrite an existing file")


def _command(
    commands: Any,
    name: str,
    summary: str,
    description: str | None,
    *,
    index: bool = True,
    chroma: bool = True,
    json: bool = True,
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if index:
        command.add_argument(
            "--index", metavar="FOLDER", help="the index folder (default: QA_INDEX, else index/chroma)"
        )
    if index and chroma:
        command.add_argument(
            "--chroma",
            metavar="URL",
            help="the Chroma server of the index (default: QA_CHROMA); --index is then the local replica",
        )
        command.add_argument("--chroma-tenant", metavar="NAME", help="its tenant (default: default_tenant)")
        command.add_argument("--chroma-database", metavar="NAME", help="its database (default: default_database)")
    if json:
        command.add_argument("--json", action="store_true", help="print the result as JSON")
    return command


def _filters(command: argparse.ArgumentParser) -> None:
    command.add_argument("--page", metavar="NAME", help="only papers that this file lists")
    code = command.add_mutually_exclusive_group()
    code.add_argument("--has-code", action="store_true", default=None, help="only papers with a link to their code")
    code.add_argument("--no-code", dest="has_code", action="store_false", help="only papers without one")


def _endpoint(command: Any) -> None:
    which = command.add_mutually_exclusive_group()
    which.add_argument("--model", metavar="NAME", help="the language model (default: QA_MODEL)")
    which.add_argument(
        "--no-model",
        dest="model",
        action="store_const",
        const="none",
        help="use no model, whatever the environment says",
    )
    command.add_argument("--base-url", metavar="URL", help="its endpoint (default: OPENAI_BASE_URL, else OpenAI)")


def _model(command: argparse.ArgumentParser, *, quotes_instead: bool = True) -> None:
    """The options of a language model: which one, what it is shown, and what it may take."""
    group = command.add_argument_group("language model")
    _endpoint(group)
    group.add_argument("--papers", type=int, metavar="N", help="papers given to the model (default 12)")
    group.add_argument("--strict", action="store_true", help="leave out sentences that the abstracts do not support")
    if quotes_instead:
        group.add_argument(
            "--no-fallback",
            dest="fallback",
            action="store_false",
            help="fail if the model is unavailable, instead of quoting",
        )
    group.add_argument(
        "--no-cache", dest="cache", action="store_false", help="do not use the reply cache (see qa cache)"
    )
    group.add_argument("--max-cost", type=float, metavar="USD", help="stop before the total cost exceeds USD")
    group.add_argument("--max-total-tokens", type=int, metavar="N", help="stop before the total exceeds N tokens")


def _evaluation(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "questions",
        nargs="?",
        metavar="QUESTIONS",
        help="JSON Lines (default: QA_QUESTIONS, else evals/questions.jsonl)",
    )
    command.add_argument(
        "--mode",
        choices=("search", "quotes", "model", "replay"),
        default="quotes",
        help="search only ranks papers; quotes answers (default); model answers by a language model, replay by the"
        " replies recorded in replies/ next to the questions",
    )
    command.add_argument(
        "--split",
        metavar="SPLIT",
        help="dev (default; with --beir test), test (for releases: nothing is tuned on it) or all",
    )
    command.add_argument(
        "--kind", action="append", default=[], metavar="KIND", help="fact, find, multi, none or chat; may be repeated"
    )
    command.add_argument("--limit", type=int, metavar="N", help="at most N questions of each kind")
    command.add_argument("--jobs", type=int, default=2, metavar="N", help="questions asked at a time (default 2)")
    command.add_argument("--json", metavar="OUT", help="write rows and tables to this file")
    command.add_argument("--report", metavar="DIR", help="write a page with plots and every failing question to DIR")
    command.add_argument("--against", metavar="OLD.json", help="paired differences to an evaluation saved with --json")
    command.add_argument(
        "--check-regression", dest="gate", action="store_true",
        help="exit 4 below floors.json or results/, both next to the questions",
    )  # fmt: skip
    command.add_argument(
        "--log-run", dest="record", metavar="CHANGE", help="append a row to results/history.jsonl: what was changed"
    )
    command.add_argument(
        "--update-baseline", dest="accept", action="store_true", help="later checks compare with the rows of this run"
    )
    # Former names, which scripts may use.
    command.add_argument("--gate", dest="gate", action="store_true", help=argparse.SUPPRESS)
    command.add_argument("--record", dest="record", help=argparse.SUPPRESS)
    command.add_argument("--accept", dest="accept", action="store_true", help=argparse.SUPPRESS)
    _model(command, quotes_instead=False)
    command.add_argument(
        "--beir", metavar="FOLDER", help="instead: nDCG@10, recall and MRR on a judged collection (BEIR's form)"
    )
