"""Measures many askers at once on one open index, in quotes mode (no model): answers a second, waiting times, errors.

    python benchmarks/load.py --index index/chroma [--askers 1,8,32] [--seconds 20] [--json OUT]

Threads of one process ask the development questions, each in an order of its own, and each answer is compared with the
one that the same question got alone. Rates and times count as ratios to those of one asker in the same run. Nothing
here goes over HTTP. Linux and macOS only.
"""

import argparse
import random
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from measure import save

import qa
from qa.evals.data.questions import ReferenceQuestion, read_questions

SEED = 7


@dataclass(kw_only=True)
class Asked:
    """What the askers of one round met: seconds of each answer, and errors by their text."""

    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


def ask(assistant: qa.Assistant, question: ReferenceQuestion) -> str:
    return assistant.ask(question.question, question.history).text


def alone(assistant: qa.Assistant, questions: Sequence[ReferenceQuestion]) -> dict[str, str]:
    """The text of every answer, asked one after the other; this warms up too."""
    started = time.perf_counter()
    answers: dict[str, str] = {}
    told = started
    for question in questions:
        answers[question.id] = ask(assistant, question)
        now = time.perf_counter()
        if now - told >= 5:
            told = now
            left = (now - started) / len(answers) * (len(questions) - len(answers))
            print(f"warming up: {len(answers)} of {len(questions)}, {left:.0f} s left", file=sys.stderr, flush=True)
    return answers


def round_of(assistant: qa.Assistant, answers: dict[str, str], questions: Sequence[ReferenceQuestion], askers: int,
             seconds: float) -> dict[str, Any]:  # fmt: skip
    """So many askers at once for so long; each ends the answer that it waits for, and that time counts too."""
    asked, lock = Asked(), threading.Lock()
    ready = threading.Barrier(askers + 1)

    def asker(number: int) -> None:
        order = random.Random(SEED + number).sample(list(questions), len(questions))
        ready.wait()
        until, place = time.perf_counter() + seconds, 0
        while time.perf_counter() < until:
            question = order[place % len(order)]
            place += 1
            started, error = time.perf_counter(), ""
            try:
                if ask(assistant, question) != answers[question.id]:
                    error = "another answer than alone"
            except Exception as raised:  # any error is a finding: it is counted and shown
                error = f"{type(raised).__name__}: {raised}"
            taken = time.perf_counter() - started
            with lock:
                if error:
                    asked.errors[error] += 1
                else:
                    asked.seconds.append(taken)

    threads = [threading.Thread(target=asker, args=(number,), daemon=True) for number in range(askers)]
    for thread in threads:
        thread.start()
    processor = time.process_time()
    ready.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - started
    p50, p95 = np.percentile(asked.seconds, [50, 95]).tolist() if asked.seconds else (float("nan"), float("nan"))
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "askers": askers,
        "answers": len(asked.seconds),
        "answers a second": len(asked.seconds) / whole,
        "processors used": (time.process_time() - processor) / whole,
        "p50 s": p50,
        "p95 s": p95,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6,
        "errors": sum(asked.errors.values()),
        "kinds of errors": dict(asked.errors.most_common(5)),
    }


def judged(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their ratios to the first, that of the fewest askers."""
    one = rows[0]
    keys = ("answers a second", "p50 s", "p95 s")
    ratios = [{f"{key} ratio": row[key] / one[key] if one[key] else float("nan") for key in keys} for row in rows]
    return [{**row, **ratio, "met": row["errors"] == 0} for row, ratio in zip(rows, ratios, strict=True)]


def text_of(rows: Sequence[dict[str, Any]]) -> str:
    lines = [f"{'askers':>6}{'answers/s':>11}{'ratio':>8}{'p50 s':>9}{'ratio':>8}{'p95 s':>9}{'ratio':>8}{'cores':>7}{'peak MB':>9}{'errors':>8}  aim 0"]  # fmt: skip
    lines += [
        f"{row['askers']:>6}{row['answers a second']:>11.1f}{row['answers a second ratio']:>8.2f}"
        f"{row['p50 s']:>9.3f}{row['p50 s ratio']:>8.1f}{row['p95 s']:>9.3f}{row['p95 s ratio']:>8.1f}"
        f"{row['processors used']:>7.2f}{row['peak MB']:>9,.0f}{row['errors']:>8}  {'met' if row['met'] else 'MISSED'}"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True, metavar="DIR", help="an index that exists")
    parser.add_argument("--askers", default="1,8,32", metavar="N,N", help="how many at once (default 1,8,32)")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S", help="of each round (default 20)")
    parser.add_argument("--questions", type=Path, default=Path("evals/questions.jsonl"), metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file, after each round")
    options = parser.parse_args()
    questions = read_questions(options.questions, split="dev")
    index = qa.open_index(options.index)
    assistant = qa.Assistant(index)
    answers = alone(assistant, questions)
    rows: list[dict[str, Any]] = []
    for askers in sorted({int(part) for part in options.askers.split(",")}):
        print(f"{askers} at once for {options.seconds:g} s …", file=sys.stderr, flush=True)
        rows.append(round_of(assistant, answers, questions, askers, options.seconds))
        for error, times in rows[-1]["kinds of errors"].items():
            print(f"  {times} times: {error}", file=sys.stderr)
        if options.json:
            save(options.json, "load", {"load": judged(rows)})
    index.close()
    print(text_of(judged(rows)))


if __name__ == "__main__":
    main()
