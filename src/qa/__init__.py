"""Ask a collection of paper abstracts; every sentence of the answer cites the exact words that support it.

    import qa

    qa.build_index(["pages/"], folder="index/chroma")
    index = qa.open_index("index/chroma")
    answer = qa.Assistant(index).ask("Which papers train graph networks that do not fit into memory?")
    print(answer.text)

Importing `qa` loads none of the heavy libraries; each is loaded when it is first needed.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_ROOMS = {
    "Answer": "answer", "Citation": "answer", "Quote": "answer", "Statement": "answer",
    "Assistant": "assistant", "MeteredModel": "llm.client", "Endpoint": "llm.openai", "model_from_environment": "settings",
    "chroma_address": "index.remote.address",
    "BuildReport": "index.builder", "build_index": "index.api", "rebuild_index": "index.api", "remove_pages": "index.api",
    "Embedder": "embedding.base", "EmbedderText": "embedding.base", "TextEmbedder": "embedding.adapters",
    "EmbedderError": "errors", "IndexBusyError": "errors", "IndexDamagedError": "errors", "IndexMismatchError": "errors",
    "IndexMissingError": "errors", "InputError": "errors", "QAError": "errors", "ServerUnavailableError": "errors",
    "BudgetError": "errors", "ModelUnavailableError": "errors", "ModelError": "errors", "ModelSetupError": "errors", "TooLongError": "errors",
    "to_bibtex": "export", "to_markdown": "export", "Usage": "answer", "ReplyCache": "llm.cache",
    "Hit": "retrieval.fusion", "HitPassage": "retrieval.fusion", "Index": "retrieval.search", "open_index": "retrieval.search",
    "Paper": "documents.paper",
    "Verdict": "verification.saved_answer", "verify_answer": "verification.saved_answer",
}  # fmt: skip

__all__ = [
    "Answer",
    "Assistant",
    "BudgetError",
    "BuildReport",
    "Citation",
    "Embedder",
    "EmbedderError",
    "EmbedderText",
    "Endpoint",
    "Hit",
    "HitPassage",
    "Index",
    "IndexBusyError",
    "IndexDamagedError",
    "IndexMismatchError",
    "IndexMissingError",
    "InputError",
    "MeteredModel",
    "ModelError",
    "ModelSetupError",
    "ModelUnavailableError",
    "Paper",
    "QAError",
    "Quote",
    "ReplyCache",
    "ServerUnavailableError",
    "Statement",
    "TextEmbedder",
    "TooLongError",
    "Usage",
    "Verdict",
    "__version__",
    "build_index",
    "chroma_address",
    "model_from_environment",
    "open_index",
    "rebuild_index",
    "remove_pages",
    "to_bibtex",
    "to_markdown",
    "verify_answer",
]

if TYPE_CHECKING:
    from qa.answer import Answer, Citation, Quote, Statement, Usage
    from qa.assistant import Assistant
    from qa.documents.paper import Paper
    from qa.embedding.adapters import TextEmbedder
    from qa.embedding.base import Embedder, EmbedderText
    from qa.errors import (
        BudgetError,
        EmbedderError,
        IndexBusyError,
        IndexDamagedError,
        IndexMismatchError,
        IndexMissingError,
        InputError,
        ModelError,
        ModelSetupError,
        ModelUnavailableError,
        QAError,
        ServerUnavailableError,
        TooLongError,
    )
    from qa.export import to_bibtex, to_markdown
    from qa.index.api import build_index, rebuild_index, remove_pages
    from qa.index.builder import BuildReport
    from qa.index.remote.address import chroma_address
    from qa.llm.cache import ReplyCache
    from qa.llm.client import MeteredModel
    from qa.llm.openai import Endpoint
    from qa.retrieval.fusion import Hit, HitPassage
    from qa.retrieval.search import Index, open_index
    from qa.settings import model_from_environment
    from qa.verification.saved_answer import Verdict, verify_answer


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'qa' has no attribute {name!r}")
    return getattr(importlib.import_module(f"qa.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
