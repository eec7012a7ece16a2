"""The house: imports flow one way, importing qa is cheap, foreign libraries have one door."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qa

SOURCE = Path(qa.__file__).parent
ROOMS = (
    "errors mend papers readers passages tokens acronyms embed index question ranking search reasons themes ledger stage answer asked"
    " aspects reading answerable quotes history quoter suggest language pieces model budget faults wire tries prices replies endpoint"
    " calls prompts labels drafts figures growth agreement names roles polarity absence nearness receipts writing"
    " chain assistant verify export environment terminal feedback drafts_of_feedback screen evals llama checks doctor chat page options cli"
).split()
DOORS = {
    "chromadb": ["index/vectors.py"],
    "onnxruntime": ["embed.py"],
    "openai": ["embed.py", "endpoint.py"],
    "llama_index": ["endpoint.py", "llama.py", "model.py"],
    "tiktoken": ["budget.py"],
    "jinja2": ["evals/report.py", "page/markup.py"],
    "gradio": [
        "page/app.py", "page/chat.py", "page/chatroom.py", "page/launch.py", "page/pages.py", "page/papers.py", "page/scores.py", "page/style.py",
    ],
    "fastapi": ["page/launch.py"],
    "starlette": ["page/launch.py"],
    "uvicorn": ["page/launch.py"],
}  # fmt: skip


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


def modules() -> list[Path]:
    return sorted(
        path
        for path in SOURCE.rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py") or path.parent != SOURCE
    )


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_room_imports_only_from_rooms_before_it(path):
    place = ROOMS.index(room(path))
    for name in imports(path):
        if name.startswith("qa."):
            assert ROOMS.index(name.split(".")[1]) <= place, name


@pytest.mark.parametrize("library", DOORS)
def test_foreign_library_has_one_door(library):
    doors = [
        str(path.relative_to(SOURCE))
        for path in modules()
        if any(name.split(".")[0] == library for name in imports(path))
    ]
    assert doors == DOORS[library]


def test_import_is_cheap_and_pulls_in_no_heavy_library():
    code = "import sys, qa; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {
        "chromadb",
        "llama_index",
        "openai",
        "httpx",
        "tiktoken",
        "gradio",
        "onnxruntime",
        "numpy",
        "tokenizers",
    } & set(loaded)


def test_public_names_are_these():
    assert qa.__all__ == [
        "Answer", "Assistant", "BudgetError", "BuildReport", "Calls", "Citation", "Embedder", "EmbedderError",
        "EmbedderText", "Endpoint", "Hit", "HitPassage", "Index", "IndexBusyError", "IndexDamagedError",
        "IndexMismatchError", "IndexMissingError", "InputError", "Ledger", "ModelAwayError", "ModelError",
        "ModelSetupError", "Paper", "QAError", "Quote", "ReplyCache", "ServerAwayError", "Statement", "TextEmbedder",
        "TooLongError", "Verdict", "__version__", "build_index", "chroma_address", "model_from_environment", "open_index",
        "rebuild_index", "remove_pages", "to_bibtex", "to_markdown", "verify_answer",
    ]  # fmt: skip
    for name in qa.__all__:
        assert getattr(qa, name) is not None
