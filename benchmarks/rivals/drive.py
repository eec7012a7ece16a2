"""Runs one driver in its own environment, and writes the figures as the last line of the output.

    python -I drive.py index DRIVER PAPERS FOLDER WEIGHTS
    python -I drive.py first DRIVER FOLDER WEIGHTS QUESTION
    python -I drive.py search DRIVER FOLDER WEIGHTS QUESTIONS

A driver is a file with `index(papers, folder, weights)` and `opened(folder, weights)`, which gives a search: from a
question and k to the ids of the papers found, best first. It imports at its top what it needs for both, and names in
INDEX_IMPORTS what its library would import only while it indexes. Nothing but the standard library is used here, and
`-I` keeps the drivers from hiding the packages that they are named after.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

K = 5
WARM_UP = 20
"""So many questions are asked before the clock of a warm search starts."""


def main() -> None:
    task, driver, *arguments = sys.argv[1:]
    result = {"index": built, "first": first, "search": searched}[task](Path(driver), *arguments)
    print("\n" + json.dumps(result), flush=True)


def built(driver: Path, papers: str, folder: str, weights: str) -> dict[str, float]:
    """Seconds to index all papers and save them, the model's loading among them and the imports not."""
    module = loaded(driver)
    for name in getattr(module, "INDEX_IMPORTS", ()):
        importlib.import_module(name)
    rows = [json.loads(line) for line in Path(papers).read_text(encoding="utf-8").split("\n") if line]
    started = time.perf_counter()
    module.index(rows, folder, weights)
    return {"seconds": time.perf_counter() - started}


def first(driver: Path, folder: str, weights: str, question: str) -> dict[str, float]:
    """When the first result was there, on the clock that all processes share."""
    found = loaded(driver).opened(folder, weights)(question, K)
    now = time.monotonic()
    if not found:
        sys.exit(f"{driver.stem} found nothing for {question!r}. Its index in {folder} must be empty.")
    return {"first": now}


def searched(driver: Path, folder: str, weights: str, questions: str) -> dict[str, Any]:
    """For each question the papers found and the milliseconds it took, after a warm-up."""
    search = loaded(driver).opened(folder, weights)
    texts = json.loads(Path(questions).read_text(encoding="utf-8"))
    for text in texts[:WARM_UP]:
        search(text, K)
    times, found = [], []
    for text in texts:
        started = time.perf_counter()
        ids = search(text, K)
        times.append(1000 * (time.perf_counter() - started))
        found.append(list(dict.fromkeys(ids)))  # chunks of one paper count once, where the first stands
    return {"milliseconds": times, "found": found}


def loaded(driver: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"driver_{driver.stem}", driver)
    if spec is None or spec.loader is None:
        sys.exit(f"{driver} is no Python file. Name one of the drivers beside {Path(__file__).name}.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
