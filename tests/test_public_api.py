"""What `import qa` offers and costs."""

import subprocess
import sys
from importlib import metadata

import qa


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
    assert sorted(qa.__all__) == [
        "Answer", "Assistant", "BudgetError", "BuildReport", "Citation", "Embedder", "EmbedderError", "EmbedderText",
        "Endpoint", "Hit", "HitPassage", "Index", "IndexBusyError", "IndexDamagedError", "IndexMismatchError",
        "IndexMissingError", "InputError", "MeteredModel", "ModelError", "ModelSetupError", "ModelUnavailableError",
        "Paper", "QAError", "Quote", "ReplyCache", "ServerUnavailableError", "Statement", "TextEmbedder", "TooLongError",
        "Usage", "Verdict", "build_index", "chroma_address", "model_from_environment", "open_index", "rebuild_index",
        "remove_pages", "to_bibtex", "to_markdown", "verify_answer",
    ]  # fmt: skip
    for name in qa.__all__:
        assert getattr(qa, name) is not None


def test_version_is_the_installed_one():
    assert qa.__version__ == metadata.version("abstracts-qa")
