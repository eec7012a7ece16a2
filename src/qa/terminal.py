"""How results look on a terminal and in a pipe; texts of others are shown, never obeyed."""

import json
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from typing import Any

from qa.answer import Answer
from qa.index.build import BuildReport
from qa.papers import Paper
from qa.ranking import Hit

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str) -> str:
    """A text with its control characters made visible; line feeds and tabs stay."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


def as_json(value: Any) -> str:
    """JSON for people and programs: readable, with every control character escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _CONTROL.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def wrapped(text: str, indent: str = "", first: str | None = None) -> str:
    """Text broken at the terminal's width (80 to 100 columns); in a pipe, lines stay whole."""
    first = indent if first is None else first
    if not sys.stdout.isatty():
        return "\n".join((first if i == 0 else indent) + line for i, line in enumerate(text.split("\n")))
    width = max(40, min(shutil.get_terminal_size().columns, 100))
    lines = []
    for i, line in enumerate(text.split("\n")):
        start = first if i == 0 else indent
        lines.append(
            textwrap.fill(
                line,
                width,
                initial_indent=start,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return "\n".join(lines)


def answer_text(answer: Answer) -> str:
    """The answer, and under it the papers it cites."""
    blocks = [wrapped(shown(answer.text))]
    lines = []
    for citation in answer.citations:
        mark = f"[{citation.number}] "
        lines.append(wrapped(_paper_line(citation.paper), " " * len(mark), mark))
    if lines:
        blocks.append("\n".join(lines))
    if answer.notice:
        blocks.append(wrapped(shown(answer.notice)))
    return "\n\n".join(blocks)


def hit_text(rank: int, hit: Hit) -> str:
    """A hit: its title, its scores, and the passage that fits best."""
    mark = f"{rank:>2}. "
    indent = " " * len(mark)
    lines = [wrapped(_paper_line(hit.paper), indent, mark)]
    lines.append(f"{indent}score {hit.score:.2f} (similarity {hit.similarity:.2f}, words {hit.words:.1f})")
    if hit.passages:
        lines.append(wrapped(shown(f"“{hit.passages[0].text}”"), indent))
    return "\n".join(lines)


def _paper_line(paper: Paper) -> str:
    where = ", ".join(paper.pages)
    code = f" · code: {paper.code_url}" if paper.code_url else ""
    return shown(f"{paper.title} ({where}){code}")


def paper_text(paper: Paper) -> str:
    return wrapped(shown(f"{paper.title}  [{', '.join(paper.pages)}]"), "    ", "")


def report_text(report: BuildReport) -> str:
    """What a build did, in a few lines; what was left out comes last, a line each."""
    lines = []
    if report.pages:
        merged = f", {report.merged} of them listed more than once" if report.merged else ""
        lines.append(
            f"Read {_count(report.listings, 'listing')} of {_count(report.papers, 'paper')}{merged}, from {_count(len(report.pages), 'page')}."
        )
        if report.mended:
            rules = ", ".join(f"{rule} {times}" for rule, times in report.mends.items())
            lines.append(wrapped(f"Mended {_count(report.mended, 'paper')} ({rules})."))
    lines.append(f"Embedded {report.embedded}, kept {report.reused}, removed {report.removed}.")
    lines.append(
        f"The index holds {_count(report.index_papers, 'paper')} on {_count(report.index_pages, 'page')} ({report.seconds:.1f} s)."
    )
    if report.skipped:
        lines.append(f"Left out {len(report.skipped)}:")
        lines.extend(shown(f"  {where}: {why}") for where, why in report.skipped)
    return "\n".join(lines)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def progress_line() -> Callable[[str, int, int], None] | None:
    """Progress on one line of a terminal, with the time left; None where nobody watches."""
    if not sys.stderr.isatty():
        return None
    started: dict[str, float] = {}
    last = [0.0]

    def show(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        started.setdefault(stage, now)
        if done < total and now - last[0] < 0.1:
            return
        last[0] = now
        left = ""
        if 0 < done < total:
            left = f", about {(now - started[stage]) / done * (total - done):.0f} s left"
        how_far = f" {done:,} of {total:,} ({done * 100 // total} %){left}" if total > 1 else ""
        sys.stderr.write(f"\r\x1b[K{stage}{how_far}")
        if done >= total:
            sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()

    return show
