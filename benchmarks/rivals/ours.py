"""This project as it is installed: its own model, words and vectors. The weights that the others get are not used."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import qa

INDEX_IMPORTS = ("chromadb", "onnxruntime", "tokenizers", "numpy", "qa.index.api", "qa.retrieval.search")


def index(papers: list[dict[str, str]], folder: str, weights: str) -> None:
    del weights
    with tempfile.TemporaryDirectory() as place:
        records = Path(place, "papers.jsonl")
        records.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
        qa.build_index([records], folder)


def opened(folder: str, weights: str) -> Callable[[str, int], list[str]]:
    del weights
    opened = qa.open_index(folder)

    def search(question: str, k: int) -> list[str]:
        return [hit.paper.id for hit in opened.search(question, k)]

    return search
