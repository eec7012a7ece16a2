"""How answers, papers, hits and reports read on a terminal and in a pipe."""

import sys
from collections.abc import Iterator
from dataclasses import replace

from qa.answer import Answer, Citation, Statement, Usage
from qa.console.terminal import Lines, columns_of, escape_terminal, progress_line, wrap
from qa.documents.paper import Paper
from qa.index.report import BuildReport
from qa.retrieval.fusion import Hit

MARKS = {"unsupported": ("!", "The abstracts do not support it."), "weak": ("?", "It is supported in part only.")}
"""The sign of a statement that is not well supported, and what is said where it brings no reason."""
FIRST_WORDS = 8


def show_answer(pieces: Iterator[str | Answer], *, told: str | None = None) -> Answer:
    """Print an answer as it is written, then its details; a notice equal to `told` is not repeated.

    Whatever ends it, Ctrl-C too, the model is stopped, what was shown stays, and the cursor is on a line of its own.
    """
    lines = Lines(columns_of(sys.stdout))
    progress = progress_line() if sys.stdout.isatty() else None
    if progress:
        progress("Waiting for the answer …", 0, 1)
    begun = False
    try:
        for piece in pieces:
            if progress:
                progress("", 1, 1)
                progress = None
            if isinstance(piece, Answer):
                under = details_text(replace(piece, notice=None) if piece.notice == told else piece)
                sys.stdout.write(f"\n\n{under}\n" if under else "\n")
                begun = False
                return piece
            sys.stdout.write(lines.feed(escape_terminal(piece)))
            sys.stdout.flush()
            begun = True
        raise AssertionError("the pieces of an answer end with the answer")
    finally:
        close = getattr(pieces, "close", None)
        if close:
            close()
        if progress:
            progress("", 1, 1)
        if begun:
            sys.stdout.write("\n")
        sys.stdout.flush()


def answer_text(answer: Answer) -> str:
    """The answer, and what belongs under it."""
    return "\n\n".join(filter(None, [wrap(escape_terminal(answer.text)), details_text(answer)]))


def details_text(answer: Answer) -> str:
    """What belongs under an answer: the papers it cites, its statements that are not well supported, the notice, and
    who wrote it; empty where there is nothing of these."""
    blocks = [papers_text(answer), "\n".join(_mark(s) for s in answer.statements if s.support in MARKS)]
    if answer.rewritten:
        blocks.append(wrap(f"Searched for: {escape_terminal(answer.rewritten)}"))
    if answer.notice:
        blocks.append(wrap(escape_terminal(answer.notice)))
    if answer.mode == "model":
        blocks.append(wrap(f"{escape_terminal(answer.model or 'a language model')} · {usage_text(answer.ledger)}"))
    return "\n\n".join(filter(None, blocks))


def _mark(statement: Statement) -> str:
    sign, reason = MARKS[statement.support]
    words = statement.text.split()
    opening = " ".join(words[:FIRST_WORDS]) + (" …" if len(words) > FIRST_WORDS else "")
    return wrap(escape_terminal(f"“{opening}”: {statement.reason or reason}"), "  ", f"{sign} ")


def papers_text(answer: Answer) -> str:
    """The papers that an answer cites, numbered; empty if there are none."""
    return "\n".join(
        wrap(_paper_line(citation.paper), " " * len(f"[{citation.number}] "), f"[{citation.number}] ")
        for citation in answer.citations
    )


def quotes_text(citation: Citation) -> str:
    """A cited paper, and under it every quote of it that the answer leans on."""
    mark = f"[{citation.number}] "
    quotes = (wrap(escape_terminal(f"“{quote.text}”"), "    ") for quote in citation.quotes)
    return "\n".join([wrap(_paper_line(citation.paper), " " * len(mark), mark), *quotes])


def usage_text(ledger: Usage) -> str:
    """What an answer took: "2 calls, 4,310 tokens in, 180 out, $0.0021 · 3.2 s"."""
    seconds = f"{ledger.seconds.get('all', 0.0):.1f} s"
    if not ledger.calls:
        return f"{'from the cache' if ledger.cache_hits else 'no call'} · {seconds}"
    parts = [_count(ledger.calls, "call")]
    if ledger.cache_hits:
        parts[0] += f" and {ledger.cache_hits} from the cache"
    parts += [f"{ledger.tokens_in:,} tokens in", f"{ledger.tokens_out:,} out"]
    if ledger.cost is None:
        parts.append("cost not known")
    elif ledger.cost > 0:
        parts.append(f"${ledger.cost:.4f}" if ledger.cost >= 0.0001 else "under $0.0001")
    return f"{', '.join(parts)} · {seconds}"


def hit_text(rank: int, hit: Hit) -> str:
    """A hit: its title, its scores, and the passage that fits best."""
    mark = f"{rank:>2}. "
    indent = " " * len(mark)
    lines = [wrap(_paper_line(hit.paper), indent, mark)]
    lines.append(f"{indent}score {hit.score:.2f} (similarity {hit.similarity:.2f}, words {hit.words:.1f})")
    if hit.passages:
        lines.append(wrap(escape_terminal(f"“{hit.passages[0].text}”"), indent))
    return "\n".join(lines)


def _paper_line(paper: Paper) -> str:
    where = ", ".join(paper.pages)
    code = f" · code: {paper.code_url}" if paper.code_url else ""
    return escape_terminal(f"{paper.title} ({where}){code}")


def paper_text(paper: Paper) -> str:
    return wrap(escape_terminal(f"{paper.title}  [{', '.join(paper.pages)}]"), "    ", "")


def report_text(report: BuildReport) -> str:
    """A summary of a build; skipped entries come last, one per line."""
    lines: list[str] = []
    if report.pages:
        merged = f", {report.merged} of them listed several times" if report.merged else ""
        lines.append(
            f"Read {report.listings} {'entry' if report.listings == 1 else 'entries'} of {_count(report.papers, 'paper')}{merged}, from {_count(len(report.pages), 'file')}."
        )
        if report.cleaned:
            rules = ", ".join(f"{rule} {times}" for rule, times in report.cleaning_rules.items())
            lines.append(wrap(f"Cleaned up {_count(report.cleaned, 'paper')} ({rules})."))
    lines.append(f"Embedded {report.embedded}, kept {report.reused}, removed {report.removed}.")
    lines.append(
        f"The index has {_count(report.index_papers, 'paper')} from {_count(report.index_pages, 'file')} ({report.seconds:.1f} s)."
    )
    if report.skipped:
        lines.append(f"Skipped {len(report.skipped)}:")
        lines.extend(escape_terminal(f"  {where}: {why}") for where, why in report.skipped)
    return "\n".join(lines)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
