"""Measures speed, memory and size, each as a ratio to something else in the same run, with the aim beside it.

    python benchmarks/speed.py --pages ../shared/corpus [--json OUT]

Machines differ and are disturbed, so no time counts by itself: an index build is held against bare passes of the model
over the same abstracts, taken between the batches of that build; a first answer against importing Chroma, in turns; a
search against embedding its question. It says nothing about quality (see `qa eval`) nor about large collections.
Linux and macOS only.
"""

import argparse
import os
import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import chromadb  # noqa: F401  the first build must not pay for the import: that is measured apart
import numpy as np
import onnxruntime
from measure import Child, run_child, save
from numpy.typing import NDArray
from tokenizers import Tokenizer

import qa
from qa.embedding.onnx import MAX_WORD_PIECES, ShippedEmbedder
from qa.evals.data.questions import read_questions
from qa.evals.data.recorded_replies import read_replies

BATCH = 32
CORES = min(4, os.cpu_count() or 1)
QUESTIONS = 50
FIRST_QUESTION = "How does DiskGNN keep its accuracy while training out of core?"
IMPORT_CHROMA = [sys.executable, "-c", "import chromadb"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement beside what it is held against; `aim` is the highest ratio that is good enough, None: no aim."""

    name: str
    unit: str
    value: float
    against: str
    reference: float
    aim: float | None

    @property
    def ratio(self) -> float:
        return self.value / self.reference

    @property
    def met(self) -> bool | None:
        return None if self.aim is None else self.ratio <= self.aim

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def row(name: str, unit: str, value: float, against: str, reference: float, *, aim: float | None = None) -> Row:
    return Row(name=name, unit=unit, value=value, against=against, reference=reference, aim=aim)


class BareModel:
    """The shipped model with nothing around it: word pieces, states, and neither pooling nor passages."""

    def __init__(self, threads: int) -> None:
        folder = resources.files("qa").joinpath("models")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that go on spinning after a pass would slow down the build that is measured in turns with it.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        with resources.as_file(folder) as path:
            self._session = onnxruntime.InferenceSession(
                str(path / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def run(self, texts: Sequence[str]) -> None:
        """One pass over these texts as one batch, padded to the longest."""
        pieces = [self._tokenizer.encode(text).ids[:MAX_WORD_PIECES] for text in texts]
        ids = np.zeros((len(pieces), max(map(len, pieces))), np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(pieces):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        self._session.run(
            ["last_hidden_state"], {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        )


@dataclass(kw_only=True)
class Interleaved:
    """An embedder, and bare passes over the same texts after each of its batches: several texts side by side, each on one
    core; text by text on all cores; and in padded batches. `away` is all the time that these took from the build."""

    embedder: ShippedEmbedder
    narrow: BareModel
    wide: BareModel
    papers: int = 0
    beside: float = 0.0
    single: float = 0.0
    batched: float = 0.0
    name: str = ShippedEmbedder.name
    dimension: int = ShippedEmbedder.dimension

    def embed_question(self, question: str) -> Any:
        return self.embedder.embed_question(question)

    def embed_papers(self, papers: Sequence[qa.EmbedderText]) -> Iterator[Any]:
        blocks = list(self.embedder.embed_papers(papers))
        texts = [f"{paper.title}. {paper.abstract}" for paper in papers]
        batches = [texts[i : i + BATCH] for i in range(0, len(texts), BATCH)]
        self.papers += len(texts)
        with ThreadPoolExecutor(CORES) as pool:
            self.beside += timed(lambda: list(pool.map(lambda text: self.narrow.run([text]), texts)))
        self.single += timed(lambda: [self.wide.run([text]) for text in texts])
        self.batched += timed(lambda: [self.wide.run(batch) for batch in batches])
        yield from blocks

    @property
    def away(self) -> float:
        return self.beside + self.single + self.batched


@dataclass(frozen=True, kw_only=True)
class Build:
    """Seconds of a first build, of an unchanged second one, and of the bare passes over the same papers."""

    first: float
    again: float
    beside: float
    single: float
    batched: float


def timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def measure_build(pages: Path, folder: Path, models: tuple[BareModel, BareModel], embedder: ShippedEmbedder) -> Build:
    between = Interleaved(embedder=embedder, narrow=models[0], wide=models[1])
    whole = timed(lambda: qa.build_index([pages], folder, embedder=between))
    again = min(timed(lambda: qa.build_index([pages], folder, embedder=embedder)) for _ in range(3))
    return Build(
        first=whole - between.away, again=again, beside=between.beside, single=between.single, batched=between.batched
    )


def build_rows(pages: Path, root: Path, repeats: int) -> tuple[list[Row], Path]:
    """The rows about building, each the repeat with the median ratio; and the folder of an index."""
    embedder, models = ShippedEmbedder(), (BareModel(1), BareModel(CORES))
    embedder.embed_question("warm")
    folder = root / "index"
    papers = qa.build_index([pages], folder, embedder=embedder).papers
    builds = []
    for i in range(builds_wanted := (repeats + 1) // 2):
        print(f"building {papers} papers, {i + 1} of {builds_wanted} …", file=sys.stderr)
        builds.append(measure_build(pages, root / f"build-{i}", models, embedder))
    one = median_by(builds, lambda build: build.first / build.beside)
    wide = median_by(builds, lambda build: build.single / build.beside)
    batch = median_by(builds, lambda build: build.batched / build.beside)
    two = median_by(builds, lambda build: build.again / build.first)
    return [
        row(f"build the index, {papers} papers", "s", one.first, "bare passes", one.beside, aim=1.25),
        row("the model text by text, all cores", "s", wide.single, "bare passes", wide.beside),
        row(f"the model in batches of {BATCH}", "s", batch.batched, "bare passes", batch.beside),
        row("index unchanged pages again", "s", two.again, "first build", two.first, aim=1 / 20),
    ], folder


def median_by(items: list[Build], ratio: Callable[[Build], float]) -> Build:
    """The item with the median ratio (of an even number the lower of the two)."""
    return sorted(items, key=ratio)[(len(items) - 1) // 2]


def middle(children: Sequence[Child], figure: str) -> float:
    return statistics.median(getattr(child, figure) for child in children)


def cold_rows(pages: Path, folder: Path, root: Path, repeats: int, question: str) -> list[Row]:
    """The rows about fresh processes: a first answer (time, and processor time of all threads) and peak memory."""
    ask = [sys.executable, "-m", "qa", "ask", "--index", str(folder), question]
    for command in (ask, IMPORT_CHROMA):
        run_child(command)  # compiles the bytecode
    print("first answers from a cold start …", file=sys.stderr)
    pairs = [(run_child(ask), run_child(IMPORT_CHROMA)) for _ in range(repeats)]
    answer, chroma = zip(*pairs, strict=True)
    build = run_child([sys.executable, "-m", "qa", "index", "--json", "--index", str(root / "peak"), str(pages)])
    rows = [
        ("first answer, cold start", "s", "seconds", 2),
        ("the same in processor time", "s", "cpu_seconds", None),
        ("peak memory, first answer", "MB", "peak_mb", None),
    ]
    peak = middle(chroma, "peak_mb")
    return [
        *(
            row(name, unit, middle(answer, figure), "import chromadb", middle(chroma, figure), aim=aim)
            for name, unit, figure, aim in rows
        ),
        row("peak memory, indexing", "MB", build.peak_mb, "import chromadb", peak),
    ]


def warm_rows(folder: Path, questions: Sequence[str], repeats: int) -> list[Row]:
    """The rows about an open index: per question the best of the repeats, then the mean over the questions."""
    index = qa.open_index(folder)
    assistant = qa.Assistant(index)
    embed = index.embedder.embed_question
    for question in questions:
        assistant.ask(question)
    print(f"{len(questions)} questions, warm …", file=sys.stderr)
    calls = (embed, index.search, assistant.ask)
    rounds = [[[timed(partial(call, q)) for call in calls] for q in questions] for _ in range(repeats)]
    times: NDArray[np.float64] = np.array(rounds)
    embedding, search, answer = (times.min(axis=0).mean(axis=0) * 1000).tolist()
    index.close()
    return [
        row("search, warm, k=10", "ms", search, "embed the question", embedding, aim=2),
        row("answer, warm", "ms", answer, "search", search),
    ]


def chain_rows(folder: Path, replies: Path, repeats: int) -> list[Row]:
    """What an answer by a language model takes beside the model: search, showing the papers, reading and checking the
    reply. The model is a function that gives the recorded reply at once."""
    index = qa.open_index(folder)
    cases = [case for case in read_replies(replies).values() if not case.history][:QUESTIONS]
    reply = ""

    def model(_: list[dict[str, str]]) -> str:
        return reply

    assistant = qa.Assistant(index, model)
    rounds = []
    for _ in range(repeats + 1):  # the first reads the papers
        times = []
        for case in cases:
            reply = case.reply
            times.append([timed(partial(call, case.question)) for call in (index.search, assistant.ask)])
        rounds.append(times)
    search, answer = (np.array(rounds[1:]).min(axis=0).mean(axis=0) * 1000).tolist()
    index.close()
    return [row("a model's answer but the model", "ms", answer, "search", search, aim=5)]


def size_rows() -> list[Row]:
    """The rows about the disk, in MB (a million bytes)."""
    environment = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    total = sum(size(folder) for folder in environment) / 1e6
    with resources.as_file(resources.files("qa")) as package:
        own = size(package, bytecode=False) / 1e6
    return [row("installed size of the package", "MB", own, "all site-packages", total)]


def size(folder: Path, *, bytecode: bool = True) -> int:
    """Bytes of all files below a folder; links are not followed."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files if bytecode or path.suffix != ".pyc")


def some_questions(path: Path) -> list[str]:
    """Different questions that stand alone, evenly from the whole file."""
    alone = list(dict.fromkeys(question.question for question in read_questions(path) if not question.history))
    return [alone[i * len(alone) // QUESTIONS] for i in range(QUESTIONS)] if len(alone) > QUESTIONS else alone


def table(rows: Sequence[Row]) -> str:
    return "\n".join([f"{'':34}{'measured':>11}  {'against':18}{'':>11}{'ratio':>8}{'aim':>8}", *map(line, rows)])


def line(row: Row) -> str:
    aim = "" if row.aim is None else f"{row.aim:.2f}"
    verdict = {None: "", True: "  met", False: "  MISSED"}[row.met]
    values = f"{amount(row.value, row.unit):>11}  {row.against:18}{amount(row.reference, row.unit):>11}"
    return f"{row.name:34}{values}{row.ratio:>8.3f}{aim:>8}{verdict}".rstrip()


def amount(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def load() -> float:
    """Processes that wanted a processor in the last minute: above the number of processors, times are disturbed."""
    return round(os.getloadavg()[0], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, required=True, metavar="FOLDER", help="pages to index")
    parser.add_argument("--questions", type=Path, default=Path("evals/questions.jsonl"), metavar="FILE")
    parser.add_argument("--replies", type=Path, default=Path("evals/replies/replies.jsonl"), metavar="FILE")
    parser.add_argument("--question", default=FIRST_QUESTION, help="one that the pages answer, for the first answer")
    parser.add_argument(
        "--repeats", type=int, default=5, metavar="N", help="of each measurement, of the build half as many (default 5)"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file too")
    options = parser.parse_args()
    questions = some_questions(options.questions)
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        rows, index = build_rows(options.pages, Path(folder), options.repeats)
        rows += cold_rows(options.pages, index, Path(folder), options.repeats, options.question)
        rows += warm_rows(index, questions, options.repeats)
        rows += [*chain_rows(index, options.replies, options.repeats), *size_rows()]
    print(f"{CORES} cores, load {before} at the start and {load()} at the end\n\n{table(rows)}")
    if options.json:
        about = {"repeats": options.repeats, "load": [before, load()]}
        save(options.json, "speed", {"speed": [row.to_dict() for row in rows], "about": about})


if __name__ == "__main__":
    main()
