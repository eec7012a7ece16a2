"""Measures this project against what people would pick instead, each in an environment of its own, on the same papers.

    python benchmarks/rivals.py --pages ../shared/corpus --weights ../shared/models/bench [--only NAME] [--json OUT]

The rivals are LlamaIndex with Hugging Face embeddings and Chroma, txtai's hybrid search, and PaperQA's retrieval, all
with the weights in the given folder; this project searches with the model that it ships. It says nothing about answers,
nor about large collections. Environments are made with pip (a gigabyte and more each, for torch; where pip finds a CUDA
build of torch the sizes say little) and need a package registry; nothing after that uses the network. Linux and macOS
only.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import PACKAGES, Child, run_child, save

import qa
from qa.documents.paper import title_key
from qa.evals.data.questions import ReferenceQuestion, read_questions
from qa.evals.metrics.measures import Estimate, first_rank, mean

OURS = "ours"
RIVALS = {"llamaindex": "LlamaIndex + Chroma", "txtai": "txtai hybrid", "paperqa": "PaperQA retrieval"}
KINDS = ("fact", "find")
HERE = Path(__file__).resolve().parent
DRIVERS = HERE / "rivals"
FIRST_QUESTION = "How does DiskGNN keep its accuracy while training out of core?"
OFFLINE = {
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1",
    "TQDM_DISABLE": "1", "ANONYMIZED_TELEMETRY": "False", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "GRADIO_ANALYTICS_ENABLED": "False",
}  # fmt: skip


@dataclass(kw_only=True)
class Measured:
    """All figures of one of them: seconds, MB (a million bytes), milliseconds, and the rank of the right paper for each
    question (infinite where it is not among the five)."""

    name: str
    packages: dict[str, str]
    installed: float
    indexing: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    index_peak: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    search_peak: float = 0.0
    warm: list[float] = field(default_factory=list)
    ranks: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """One figure a column, medians of what was measured several times."""
        return {
            "installed MB": self.installed,
            "cold start s": statistics.median(self.cold),
            "index s": statistics.median(self.indexing),
            "index process s": statistics.median(self.whole),
            "its processor s": statistics.median(self.processor),
            "index peak MB": statistics.median(self.index_peak),
            "search peak MB": self.search_peak,
            "warm search ms": statistics.median(self.warm),
        }

    def hits(self, k: int, among: Sequence[bool]) -> Estimate:
        return mean([float(rank <= k) for rank, counts in zip(self.ranks, among, strict=True) if counts])


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one of them is installed, and what its processes get."""

    name: str
    environment: Path
    folder: Path
    weights: str

    @property
    def python(self) -> str:
        return str(self.environment / "bin" / "python")

    def run(self, task: str, *arguments: str) -> tuple[Child, dict[str, Any]]:
        """One task of its driver in a process of its own: what it took, and what the driver says."""
        threads = str(min(4, os.cpu_count() or 1))
        home = {"PQA_HOME": str(self.folder), "HF_HOME": str(self.folder), "OMP_NUM_THREADS": threads}
        driver = str(DRIVERS / f"{self.name}.py")
        child = run_child(
            [self.python, "-I", str(DRIVERS / "drive.py"), task, driver, *arguments], env={**OFFLINE, **home}
        )
        return child, json.loads(child.stdout.strip().rsplit("\n", 1)[-1])


def prepared(name: str, environments: Path, project: Path) -> tuple[Path, float]:
    """The environment of one of them and the MB that installing it took; an environment that fits is used again."""
    folder = environments / name
    pinned = DRIVERS / f"{name}.txt" if name != OURS else project / "pyproject.toml"
    wanted = pinned.read_text(encoding="utf-8")
    stamp = folder / "installed.json"
    known = json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else {}
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if known.get("wanted") != wanted:
        print(f"installing {name} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        known = {"wanted": wanted, "empty": site_bytes(folder)}
        if name != OURS:
            # First torch alone: what needs it would else bring a build with CUDA.
            torch = next(line for line in wanted.splitlines() if line.startswith("torch=="))
            subprocess.run([*pip, torch], check=True)
            subprocess.run([*pip, "--requirement", str(pinned)], check=True)
        else:
            subprocess.run([*pip, str(project)], check=True)
        known["bytes"] = site_bytes(folder) - known["empty"]
        stamp.write_text(json.dumps(known), encoding="utf-8")
    elif name == OURS:
        subprocess.run([*pip, "--force-reinstall", "--no-deps", str(project)], check=True)
    return folder, known["bytes"] / 1e6


def site_bytes(environment: Path) -> int:
    """Bytes of all that is installed, bytecode as pip compiles it among them."""
    files = (path for path in environment.glob("lib/python*/site-packages/**/*") if not path.is_symlink())
    return sum(path.stat().st_size for path in files if path.is_file())


def packages(environment: Path) -> dict[str, str]:
    """The versions of what the measurements hang on, as far as it is installed."""
    names = {line.partition("==")[0] for file in DRIVERS.glob("*.txt") for line in file.read_text().splitlines()}
    program = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    versions = json.loads(run_child([str(environment / "bin" / "python"), "-I", "-c", program]).stdout)
    return {name: versions[name] for name in sorted(names.union(PACKAGES)) if name in versions}


def read_papers(pages: Path, folder: Path) -> list[dict[str, str]]:
    """The papers of these pages, as this project reads, mends and merges them."""
    qa.build_index([pages], folder)
    index = qa.open_index(folder)
    papers = [{"id": paper.id, "title": paper.title, "abstract": paper.abstract} for paper in index.papers()]
    index.close()
    return papers


def questions_with_papers(path: Path, papers: Sequence[dict[str, str]]) -> list[tuple[ReferenceQuestion, set[str]]]:
    """The questions of the test half that one paper answers, each with the ids of the right papers."""
    ids: dict[str, set[str]] = {}
    for paper in papers:
        ids.setdefault(title_key(paper["title"]), set()).add(paper["id"])
    questions = [question for question in read_questions(path, split="test") if question.kind in KINDS]
    pairs = [(q, set().union(*(ids.get(title_key(title), set()) for title in q.papers))) for q in questions]
    if not pairs or not all(right for _, right in pairs):
        lost = next((question.id for question, right in pairs if not right), "none")
        raise SystemExit(f"{path} does not fit the pages (question {lost}). Give the questions of these pages.")
    return pairs


def measure(
    places: Sequence[Place], found: dict[str, Measured], papers: Path, asked: Path, pairs: Sequence[Any], repeats: int
) -> None:
    """Fills in the figures; whatever is timed by the process is done by all in turns."""
    builds = (repeats + 1) // 2
    for turn in range(builds):
        for place in places:
            print(f"indexing: {place.name}, {turn + 1} of {builds} …", file=sys.stderr)
            shutil.rmtree(place.folder, ignore_errors=True)
            place.folder.mkdir(parents=True)
            index = str(place.folder / "index")
            child, told = place.run("index", str(papers), index, place.weights)
            row = found[place.name]
            row.indexing.append(told["seconds"])
            row.whole.append(child.seconds)
            row.processor.append(child.cpu_seconds)
            row.index_peak.append(child.peak_mb)
    for turn in range(repeats + 1):
        print(f"first results from a cold start, {turn} of {repeats} …", file=sys.stderr)
        for place in places:
            child, told = place.run("first", str(place.folder / "index"), place.weights, FIRST_QUESTION)
            if turn:  # the first compiles what is not compiled yet, and brings the files into memory
                found[place.name].cold.append(told["first"] - child.started)
    for place in places:
        print(f"{len(pairs)} questions, warm: {place.name} …", file=sys.stderr)
        child, told = place.run("search", str(place.folder / "index"), place.weights, str(asked))
        row = found[place.name]
        row.search_peak, row.warm = child.peak_mb, told["milliseconds"]
        row.ranks = [first_rank(ids, right) for ids, (_, right) in zip(told["found"], pairs, strict=True)]


def against(rows: Sequence[Measured], everything: Sequence[bool]) -> list[dict[str, Any]]:
    """What was aimed at, each against the rival that is best at it."""
    ours, rivals = rows[0].figures(), [row.figures() for row in rows[1:]]

    def least(name: str) -> float:
        return min(rival[name] for rival in rivals)

    speed = least("index s") / ours["index s"]
    aims: list[dict[str, Any]] = [
        {"what": "index, times as fast as the fastest", "value": speed, "aim": ">= 1.7", "met": speed >= 1.7}
    ]
    cold = least("cold start s") / ours["cold start s"]
    aims.append({"what": "cold start, times as fast as the fastest", "value": cold, "aim": "> 1", "met": cold > 1})
    for name in ("index peak MB", "search peak MB"):
        share = ours[name] / least(name)
        aims.append({"what": f"{name}, share of the smallest", "value": share, "aim": "<= 0.5", "met": share <= 0.5})
    for k in (1, 5):
        best = max(rows[1:], key=lambda row: row.hits(k, everything).value)
        figure = (rows[0].hits(k, everything) - best.hits(k, everything)).figure()
        aims.append(
            {
                "what": f"hit@{k}, ours less {best.name}", "value": figure.value, "low": figure.low,
                "high": figure.high, "aim": "> 0", "met": figure.value > 0, "beyond chance": figure.low > 0,
            }
        )  # fmt: skip
    return aims


def hit_rows(rows: Sequence[Measured], pairs: Sequence[tuple[ReferenceQuestion, Any]]) -> list[dict[str, Any]]:
    """hit@1 and hit@5 of each, over all questions and by kind, and how much ours is ahead (paired by question)."""
    table = []
    for kind in ("all", *KINDS):
        among = [kind in ("all", question.kind) for question, _ in pairs]
        for row in rows:
            cells: dict[str, Any] = {"kind": kind, "name": row.name, "questions": sum(among)}
            for k in (1, 5):
                hits, ahead = row.hits(k, among), rows[0].hits(k, among) - row.hits(k, among)
                for name, estimate in ((f"hit@{k}", hits), (f"ours ahead at {k}", ahead)):
                    figure = estimate.figure()
                    cells[name] = {"value": figure.value, "low": figure.low, "high": figure.high}
            table.append(cells)
    return table


def shown(rows: Sequence[Measured], hits: Sequence[dict[str, Any]], aims: Sequence[dict[str, Any]]) -> str:
    figures = {row.name: row.figures() for row in rows}
    ours = figures[rows[0].name]
    lines = ["| | " + " | ".join(ours) + " |", "|---|" + "---:|" * len(ours)]
    for name, cells in figures.items():
        lines.append(f"| {name} | " + " | ".join(amount(value) for value in cells.values()) + " |")
    for name, cells in list(figures.items())[1:]:
        lines.append(
            f"| {name} / ours | " + " | ".join(f"{value / ours[key]:.2f}" for key, value in cells.items()) + " |"
        )
    names = ["hit@1", "hit@5", "ours ahead at 1", "ours ahead at 5"]
    lines += ["", "| questions | | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names)]
    for cells in hits:
        told = [interval(cells[name]) for name in names[:2]]
        told += ["" if cells["name"] == rows[0].name else interval(cells[name], "+") for name in names[2:]]
        lines.append(f"| {cells['kind']}, {cells['questions']} | {cells['name']} | " + " | ".join(told) + " |")
    lines += ["", "| aim | measured | wanted | |", "|---|---|---|---|"] if aims else []
    for aim in aims:
        value = interval(aim, "+") if "low" in aim else f"{aim['value']:.2f}"
        lines.append(f"| {aim['what']} | {value} | {aim['aim']} | {'met' if aim['met'] else 'MISSED'} |")
    return "\n".join(lines)


def interval(figure: dict[str, Any], sign: str = "") -> str:
    return f"{figure['value']:{sign}.3f} [{figure['low']:{sign}.3f}, {figure['high']:{sign}.3f}]"


def amount(value: float) -> str:
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, required=True, metavar="FOLDER", help="pages to index")
    parser.add_argument("--weights", type=Path, required=True, metavar="FOLDER", help="the rivals' embedding model")
    parser.add_argument("--questions", type=Path, default=Path("evals/questions.jsonl"), metavar="FILE")
    parser.add_argument("--only", action="append", choices=list(RIVALS), help="this rival and ours; may be repeated")
    parser.add_argument(
        "--environments", type=Path, metavar="FOLDER", help="keeps what is installed (else it is deleted)"
    )
    parser.add_argument("--project", type=Path, default=HERE.parent, metavar="FOLDER", help="what is installed as ours")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="of a cold start, of indexing half as many")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file too")
    options = parser.parse_args()
    weights = options.weights.resolve()
    if not (weights / "config.json").is_file():
        raise SystemExit(f"There is no model in {weights}. Name a folder with weights for sentence-transformers.")
    names = [OURS, *(options.only or RIVALS)]
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        environments = (options.environments or root / "environments").resolve()
        papers = read_papers(options.pages, root / "pages")
        pairs = questions_with_papers(options.questions, papers)
        listed, asked = root / "papers.jsonl", root / "questions.json"
        listed.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
        asked.write_text(json.dumps([question.question for question, _ in pairs]), encoding="utf-8")
        places: list[Place] = []
        found: dict[str, Measured] = {}
        for name in names:
            environment, installed = prepared(name, environments, options.project.resolve())
            places.append(Place(name=name, environment=environment, folder=root / name, weights=str(weights)))
            found[name] = Measured(name=RIVALS.get(name) or OURS, packages=packages(environment), installed=installed)
        started, load = time.monotonic(), os.getloadavg()[0]
        measure(places, found, listed, asked, pairs, options.repeats)
    rows = list(found.values())
    hits = hit_rows(rows, pairs)
    aims = against(rows, [True] * len(pairs))
    print(
        f"{len(papers)} papers, {len(pairs)} questions, {os.cpu_count()} cores, load {load:.1f} at the start, ", end=""
    )
    print(f"{time.monotonic() - started:.0f} s of measuring\n\n{shown(rows, hits, aims)}")
    if options.json:
        table = [{"name": row.name, "packages": row.packages, **row.figures(), "runs": runs(row)} for row in rows]
        about = {"papers": len(papers), "questions": len(pairs), "repeats": options.repeats, "load at the start": load}
        save(options.json, "rivals", {"about": about, "figures": table, "hits": hits, "aims": aims})


def runs(row: Measured) -> dict[str, list[float]]:
    """Every single measurement of what was measured several times."""
    return {
        "cold start s": row.cold,
        "index s": row.indexing,
        "index process s": row.whole,
        "its processor s": row.processor,
        "index peak MB": row.index_peak,
    }


if __name__ == "__main__":
    main()
