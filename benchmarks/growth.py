"""Measures how building, updating, searching, memory and disk grow with the number of papers.

    python benchmarks/growth.py --papers ../shared/datasets/papers-87k.jsonl.gz [--sizes 354,1000,10000,87000]
        [--folder DIR] [--reuse] [--json OUT] [--plots DIR]

Each size is a sample taken evenly from the whole file. No time counts by itself: building and updating are held against
bare passes of the shipped model, taken between the batches of the same build by a process of its own, and a search
against embedding its question. It says nothing about quality. Linux and macOS only.
"""

# What is imported here, every measured process pays for: only the standard library, and the rest where it is needed.
import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import IO, Any

from measure import run_child, save

ASIDE = 100
"""Papers that are in no sample, for the update."""
REFERENCE = 1000
"""The size that the others are held against; where it is not measured, the smallest takes its place."""
FLAT, UPDATE, SEARCH = 1.15, 2.0, 5.0
"""Aims: build and update as ratios to the same at REFERENCE, the 95th percentile of a search in question embeddings."""
REPEATED_UP_TO = 2000
"""Small builds are over so soon that one disturbance spoils them: they are repeated, and the median counts."""
VISIT, VISITS = 16, 150
"""Papers of one run of bare passes, and about how many such runs a large build has (a small one: after every batch).
The runs are equally long at all sizes, or the passes at some size would find the caches warmer than at another."""
WARM_QUESTIONS, QUESTIONS, TITLES = 20, 200, 100
THREADS = 2
Record = dict[str, Any]


# The processes that are measured: each prints one JSON object.


def bare(source: IO[str]) -> None:
    """For each line, a JSON list of texts, the seconds of passes of the bare model over each text, `THREADS` texts side by
    side as the build has them (one untimed before): on all cores text by text takes a fifth more."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    from qa.embedding.onnx import MAX_WORD_PIECES

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Threads that go on spinning after a pass would slow down the build that is measured in turns with it.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    with resources.as_file(resources.files("qa").joinpath("models")) as path:
        session = onnxruntime.InferenceSession(str(path / "model.onnx"), options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def run(text: str) -> None:
        ids = np.array([tokenizer.encode(text).ids[:MAX_WORD_PIECES]], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        session.run(["last_hidden_state"], feed)

    with ThreadPoolExecutor(THREADS) as pool:
        for line in source:
            texts = json.loads(line)
            list(pool.map(run, texts[:1] * THREADS))  # brings weights back into the caches, as the build has them
            started = time.perf_counter()
            list(pool.map(run, texts))
            print(time.perf_counter() - started, flush=True)


class Bare:
    """The bare model in a process of its own, so that its memory is not counted as the build's."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "bare"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.seconds(["warm"])

    def seconds(self, texts: Sequence[str]) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(list(texts)) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


class Interleaved:
    """The shipped embedder with bare passes after its batches: after the first, then each time when `stride` papers have
    passed, over `visit` papers of that batch. `away` is all the time that these took from the build."""

    def __init__(self, embedder: Any, passes: Bare, *, stride: int, visit: int, tell: Callable[[int], None]) -> None:
        self._embedder, self._passes, self._stride, self._visit, self._tell = embedder, passes, stride, visit, tell
        self._since = stride
        self.papers = self.characters = self.bare_papers = self.bare_characters = 0
        self.model = self.bare = self.away = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed_papers(self, papers: Sequence[Any]) -> Iterator[Any]:
        started = time.perf_counter()
        blocks = list(self._embedder.embed_papers(papers))
        ended = time.perf_counter()
        self.model += ended - started
        texts = [f"{paper.title}. {paper.abstract}" for paper in papers]
        self.papers += len(texts)
        self.characters += sum(map(len, texts))
        self._since += len(texts)
        if texts and self._since >= self._stride:
            self._since = 0
            count = min(self._visit, len(texts))
            chosen = [texts[i * len(texts) // count] for i in range(count)]
            self.bare += self._passes.seconds(chosen)
            self.bare_papers += count
            self.bare_characters += sum(map(len, chosen))
        self._tell(self.papers)
        self.away += time.perf_counter() - ended
        yield from blocks

    @property
    def bare_seconds(self) -> float:
        """Bare passes over all papers: those that were taken, scaled by the characters that they read."""
        if not self.bare_characters:
            raise SystemExit("The build embedded nothing: there is nothing to compare. Name another --folder.")
        return self.bare * self.characters / self.bare_characters


class Stages:
    """The build's progress report: the seconds of each stage beside the model and the bare passes, each stage lasting
    until the next report."""

    def __init__(self, between: Interleaved) -> None:
        self.seconds: dict[str, float] = {}
        self._between = between
        self._stage, self._since = "before", self._own()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = self._own()
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now

    def _own(self) -> float:
        return time.perf_counter() - self._between.model - self._between.away


def loaded_embedder(sample: Path) -> Any:
    """The shipped embedder after a build of a few papers in another folder: what is loaded once is not growth."""
    import qa
    from qa.embedding.onnx import ShippedEmbedder

    embedder = ShippedEmbedder()
    with tempfile.TemporaryDirectory() as folder, sample.open(encoding="utf-8") as lines:
        few = Path(folder, "few.jsonl")
        few.write_text("".join(line for line, _ in zip(lines, range(8), strict=False)), encoding="utf-8")
        qa.build_index(few, Path(folder, "index"), embedder=embedder)
    return embedder


def build(sample: Path, folder: Path, papers: int, later: int) -> Record:
    """Builds the index of `papers` papers; `later` more are to be built after it, which only the time left is told of."""
    import qa

    embedder, passes = loaded_embedder(sample), Bare()
    clock = time.perf_counter()
    told = 0.0

    def tell(done: int) -> None:
        nonlocal told
        now = time.perf_counter()
        if now - told >= 10:
            told = now
            each = (now - clock) / done
            left, further = length(each * (papers - done)), length(each * later)
            further = f", then builds of about {further}" if later else ""
            print(f"  {done:,} of {papers:,} embedded, {left} left{further}", file=sys.stderr, flush=True)

    between = Interleaved(embedder, passes, stride=max(64, papers // VISITS), visit=VISIT, tell=tell)
    started, stages = time.perf_counter(), Stages(between)
    report = qa.build_index(sample, folder, embedder=between, progress=stages)
    whole = time.perf_counter() - started
    stages("after", 0, 0)
    passes.close()
    seconds = whole - between.away
    return {
        "papers": report.index_papers,
        "passages": report.passages,
        "seconds": seconds,
        "ms": seconds / between.papers * 1000,
        "bare ms": between.bare_seconds / between.papers * 1000,
        "ratio": seconds / between.bare_seconds,
        "outside ms": (seconds - between.model) / between.papers * 1000,
        "bare passes": between.bare_papers,
        "away s": between.away,
        "outside s by stage": stages.seconds,
        "disk MB": size(folder) / 1e6,
    }


def update(aside: Path, folder: Path, repeats: int) -> Record:
    """Adds the page `aside` so many times and takes it out again; the time with the median ratio."""
    import qa

    embedder, passes = loaded_embedder(aside), Bare()
    with suppress(qa.InputError):
        qa.remove_pages([aside.name], folder, embedder=embedder)  # left there by a run that was interrupted
    rounds = []
    for _ in range(repeats):
        between = Interleaved(embedder, passes, stride=1, visit=ASIDE, tell=lambda done: None)
        started = time.perf_counter()
        qa.build_index(aside, folder, embedder=between)
        seconds = time.perf_counter() - started - between.away
        largest = size(folder) / 1e6
        started = time.perf_counter()
        qa.remove_pages([aside.name], folder, embedder=embedder)
        rounds.append(
            {
                "embedded": between.papers,
                "seconds": seconds,
                "bare s": between.bare_seconds,
                "ratio": seconds / between.bare_seconds,
                "outside s": seconds - between.model,
                "remove s": time.perf_counter() - started,
                "disk MB": largest,
            }
        )
    passes.close()
    return {**median(rounds), "all ratios": [one["ratio"] for one in rounds], "disk after MB": size(folder) / 1e6}


def search(sample: Path, folder: Path, questions: Path) -> Record:
    """Opens the index and asks; of each question the search and its embedding in turns."""
    own, titles = asked(questions), titles_of(sample)
    started = time.perf_counter()
    import qa

    index = qa.open_index(folder)
    index.search(own[0], 10)
    first = time.perf_counter() - started
    for question in own[:WARM_QUESTIONS]:
        index.search(question, 10)
    searches, embeddings = [], []
    for question in [*own[WARM_QUESTIONS:], *titles]:
        started = time.perf_counter()
        index.search(question, 10)
        between = time.perf_counter()
        index.embedder.embed_question(question)
        searches.append(between - started)
        embeddings.append(time.perf_counter() - between)
    import numpy as np

    p50, p95, p99 = (np.percentile(searches, [50, 95, 99]) * 1000).tolist()
    embedding, high = (np.percentile(embeddings, [50, 95]) * 1000).tolist()
    steady, private = resident()
    index.close()
    return {
        "questions": len(searches),
        "first s": first,
        "p50 ms": p50,
        "p95 ms": p95,
        "p99 ms": p99,
        "embedding ms": embedding,
        "embedding p95 ms": high,
        "p50": p50 / embedding,
        "p95": p95 / embedding,
        "p99": p99 / embedding,
        "steady MB": steady,
        "private MB": private,
    }


def asked(path: Path) -> list[str]:
    """Different reference questions that stand alone, evenly from the whole file: first those to warm up with."""
    from qa.evals.data.questions import read_questions

    alone = list(dict.fromkeys(question.question for question in read_questions(path) if not question.history))
    wanted = WARM_QUESTIONS + QUESTIONS
    chosen = [alone[i * len(alone) // wanted] for i in range(wanted)] if len(alone) > wanted else alone
    every = max(1, len(chosen) // WARM_QUESTIONS)
    warm = chosen[::every][:WARM_QUESTIONS]
    return [*warm, *(question for question in chosen if question not in warm)]


def titles_of(sample: Path) -> list[str]:
    """Questions that name papers of the index, evenly from the whole sample."""
    with sample.open(encoding="utf-8") as lines:
        titles = [json.loads(line)["title"] for line in lines]
    chosen = [titles[i * len(titles) // TITLES] for i in range(TITLES)] if len(titles) > TITLES else titles
    return [f"What does the paper on {' '.join(title.split()[:6])} propose?" for title in chosen]


def resident() -> tuple[float, float | None]:
    """This process's memory now in MB: all of it, and without the files that it only maps (known on Linux alone)."""
    listed = subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, text=True, check=True)
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    private = next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("RssAnon:")), None)
    return int(listed.stdout) * 1024 / 1e6, private


def size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


# The process that measures.


def write_samples(papers: Path, sizes: Sequence[int], folder: Path) -> None:
    """Writes `papers-N.jsonl` for each size N, and `aside.jsonl`, all evenly from the whole file."""
    with lines_of(papers) as lines:
        total = sum(1 for _ in lines)
    rest = total - ASIDE
    if max(sizes) > rest:
        raise SystemExit(f"{papers} has {total:,} papers, too few for {max(sizes):,}. Use --sizes up to {rest:,}.")
    aside = {(2 * i + 1) * total // (2 * ASIDE) for i in range(ASIDE)}
    files = {n: (folder / f"papers-{n}.jsonl").open("w", encoding="utf-8") for n in sizes}
    place = 0
    with lines_of(papers) as lines, (folder / "aside.jsonl").open("w", encoding="utf-8") as kept:
        for number, line in enumerate(lines):
            if number in aside:
                kept.write(line)
                continue
            for n, file in files.items():
                if (place + 1) * n // rest > place * n // rest:
                    file.write(line)
            place += 1
    for file in files.values():
        file.close()


def lines_of(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def step(*arguments: object) -> Record:
    """What one of the functions above gives in a process of its own, with that process's peak memory, and how many
    processes wanted a processor in the last minute: above the number of processors, times are disturbed."""
    child = run_child([sys.executable, __file__, *map(str, arguments)])
    return {**json.loads(child.stdout), "peak MB": child.peak_mb, "load average": round(os.getloadavg()[0], 1)}


def built(root: Path, n: int, later: int, *, repeats: int, reuse: bool) -> Record:
    """The figures of building an index of n papers, or with `reuse` those kept beside a finished one."""
    folder, kept = root / f"index-{n}", root / f"build-{n}.json"
    if kept.exists() and folder.exists():
        if not reuse:
            raise SystemExit(f"{folder} is a finished index. Add --reuse to use it again, or name another --folder.")
        print(f"{n:,} papers: the index is there", file=sys.stderr)
        return json.loads(kept.read_text(encoding="utf-8"))
    rounds = []
    for _ in range(repeats if n <= REPEATED_UP_TO else 1):
        print(f"{n:,} papers: building …", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left: times count from an empty folder only
        rounds.append(step("build", root / f"papers-{n}.jsonl", folder, n, later))
    result = {**median(rounds), "all ratios": [one["ratio"] for one in rounds]}
    kept.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def median(rounds: Sequence[Record]) -> Record:
    """The round with the median ratio (of an even number the lower of the two)."""
    return sorted(rounds, key=lambda one: one["ratio"])[(len(rounds) - 1) // 2]


def judged(rows: Sequence[Record], aim: float) -> list[Record]:
    """The rows with their ratio against that at REFERENCE, and whether the aim is met."""
    if not rows:
        return []
    reference = next((row for row in rows if row["size"] == REFERENCE), rows[0])
    found = [{**row, "against": row["ratio"] / reference["ratio"], "held against": reference["size"]} for row in rows]
    return [{**row, "aim": aim, "met": row["against"] <= aim} for row in found]


def tables_of(measured: Sequence[dict[str, Record]]) -> dict[str, list[Record]]:
    """The three tables, from what was measured at each size."""
    build, update, search = ([one[name] for one in measured] for name in ("build", "update", "search"))
    return {
        "build": judged(build, FLAT),
        "update": judged(update, UPDATE),
        "search": [{**row, "aim": SEARCH, "met": row["p95"] <= SEARCH} for row in search],
    }


COLUMNS = {
    "build": {
        "papers": "size", "s": "seconds", "ms a paper": "ms", "bare ms": "bare ms", "ratio": "ratio",
        "ratio of": "held against", "it is": "against", f"aim {FLAT}": "met", "not model ms": "outside ms", "peak MB": "peak MB", "disk MB": "disk MB",
    },
    "update": {
        "papers": "size", "s": "seconds", "bare s": "bare s", "ratio": "ratio", "ratio of": "held against", "it is": "against",
        f"aim {UPDATE:g}": "met", "not model s": "outside s", "removal s": "remove s", "peak MB": "peak MB",
    },
    "search": {
        "papers": "size", "p50 ms": "p50 ms", "p95 ms": "p95 ms", "p99 ms": "p99 ms", "embed ms": "embedding ms", "its p95": "embedding p95 ms",
        "p50": "p50", "p95": "p95", "p99": "p99", f"p95 aim {SEARCH:g}": "met", "first s": "first s",
        "peak MB": "peak MB", "steady MB": "steady MB", "private MB": "private MB",
    },
}  # fmt: skip
HEADS = {
    "build": "Building, against bare passes of the model over the same papers",
    "update": f"Adding {ASIDE} papers, against bare passes over these",
    "search": "Searching, k = 10, against embedding the question",
}


def text_of(tables: dict[str, list[Record]]) -> str:
    return "\n\n".join(f"{HEADS[name]}\n{grid(rows, COLUMNS[name])}" for name, rows in tables.items())


def grid(rows: Sequence[Record], columns: dict[str, str]) -> str:
    cells = [list(columns), *([amount(row[key]) for key in columns.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.rjust, line, widths)) for line in cells)


def amount(value: Any) -> str:
    if isinstance(value, bool):
        return "met" if value else "MISSED"
    if value is None:
        return ""
    return f"{value:,.{0 if isinstance(value, int) or value >= 100 else 1 if value >= 10 else 2}f}"


def length(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"  # fmt: skip


def measure(options: argparse.Namespace, root: Path) -> Iterator[dict[str, Record]]:
    """What building, updating and searching take, size after size, the smallest first."""
    for i, n in enumerate(options.sizes):
        sample, folder = root / f"papers-{n}.jsonl", root / f"index-{n}"
        later, repeats = sum(options.sizes[i + 1 :]), options.repeats
        result = {"build": built(root, n, later, repeats=repeats, reuse=options.reuse)}
        print(f"{n:,} papers: adding {ASIDE}, then searching …", file=sys.stderr)
        result["update"] = step("update", root / "aside.jsonl", folder, repeats)
        result["search"] = step("search", sample, folder, options.questions)
        yield {name: {"size": n, **record} for name, record in result.items()}


def sizes(text: str) -> list[int]:
    return sorted({int(part) for part in text.split(",")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=Path, required=True, metavar="FILE", help="JSON Lines, .gz or not")
    parser.add_argument("--sizes", type=sizes, default=[354, 1000, 10000, 87000], metavar="N,N")
    parser.add_argument("--questions", type=Path, default=Path("evals/questions.jsonl"), metavar="FILE")
    parser.add_argument(
        "--repeats", type=int, default=3, metavar="N", help="of updates, and of builds of few papers (default 3)"
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep samples and indexes here (default: nowhere)")
    parser.add_argument(
        "--reuse", action="store_true", help="use finished indexes in --folder again, with their figures"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file, after each size")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw growth.svg into this folder")
    options = parser.parse_args()
    measured: list[dict[str, Record]] = []
    code = 0
    with tempfile.TemporaryDirectory() as temporary:
        root = options.folder or Path(temporary)
        root.mkdir(parents=True, exist_ok=True)
        try:
            write_samples(options.papers, options.sizes, root)
            for one in measure(options, root):
                measured.append(one)
                if options.json:
                    save(options.json, "growth", tables_of(measured))
        except KeyboardInterrupt:
            print("Interrupted; what is measured stands below.", file=sys.stderr)
            code = 130
    tables = tables_of(measured)
    if measured:
        print(text_of(tables))
    if measured and options.plots:
        from plots import write_plots

        print(f"Plots: {write_plots(tables, options.plots)}", file=sys.stderr)
    sys.exit(code)


def child(arguments: Sequence[str]) -> None:
    name, *given = arguments
    try:
        if name == "bare":
            bare(sys.stdin)
            return
        if name == "build":
            result = build(Path(given[0]), Path(given[1]), int(given[2]), int(given[3]))
        elif name == "update":
            result = update(Path(given[0]), Path(given[1]), int(given[2]))
        else:
            result = search(*map(Path, given))
        print(json.dumps(result))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ("bare", "build", "update", "search"):
        child(sys.argv[1:])
    else:
        main()
