"""What `import qa` offers and costs."""

import subprocess
import sys

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
    assert qa.__all__ == [
        "Answer", "Assistant", "BudgetError", "BuildReport", "MeteredModel", "Citation", "Embedder", "EmbedderError",
        "EmbedderText", "Endpoint", "Hit", "HitPassage", "Index", "IndexBusyError", "IndexDamagedError",
        "IndexMismatchError", "IndexMissingError", "InputError", "Usage", "ModelUnavailableError", "ModelError",
        "ModelSetupError", "Paper", "QAError", "Quote", "ReplyCache", "ServerUnavailableError", "Statement", "TextEmbedder",
        "TooLongError", "Verdict", "__version__", "build_index", "chroma_address", "model_from_environment", "open_index",
        "rebuild_index", "remove_pages", "to_bibtex", "to_markdown", "verify_answer",
    ]  # fmt: skip
    for name in qa.__all__:
        assert getattr(qa, name) is not None
