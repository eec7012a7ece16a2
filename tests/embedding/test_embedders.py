"""The shipped model, and other embedders behind the same two calls."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
import pytest

import qa
from qa.embedding.adapters import endpoint_embedder, make_embedder
from qa.embedding.base import EmbedderText
from qa.embedding.onnx import MAX_WORD_PIECES, ShippedEmbedder
from qa.text.sentences import split_passages

pytestmark = pytest.mark.slow


def text_of(title: str, abstract: str) -> EmbedderText:
    return EmbedderText(title=title, abstract=abstract, spans=tuple((p.start, p.end) for p in split_passages(abstract)))


@pytest.fixture(scope="module")
def shipped() -> ShippedEmbedder:
    return ShippedEmbedder()


GULLS = text_of(
    "Counting gulls", "Gulls are counted from the air. Neural networks need no labels for it. Bread is not discussed."
)


def test_one_pass_gives_unit_vectors_of_paper_and_passages(shipped):
    (vectors,) = shipped.embed_papers([GULLS])
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_passage_that_answers_is_nearest_to_the_question(shipped):
    (vectors,) = shipped.embed_papers([GULLS])
    similarities = vectors[1:] @ shipped.embed_question("How are birds counted in aerial photographs?")
    assert similarities.argmax() == 0


def test_paper_does_not_depend_on_its_neighbours(shipped):
    other = text_of("Ferries", "Ferries are loud. Seals mind.")
    together = list(shipped.embed_papers([other, GULLS]))[1]
    (alone,) = shipped.embed_papers([GULLS])
    assert np.sum(together * alone, axis=1) == pytest.approx(1, abs=1e-4)


def test_abstract_beyond_the_models_limit_is_read_to_its_end(shipped):
    sentences = [f"Sentence number {i} is about harbours, gauges and the tides of the northern sea." for i in range(80)]
    long = text_of("A long text", " ".join([*sentences, "At last a zebra eats purple bread."]))
    (vectors,) = shipped.embed_papers([long])
    assert len(vectors) == 82
    assert (np.linalg.norm(vectors, axis=1) > 0.99).all()
    similarities = vectors[1:] @ shipped.embed_question("a zebra that eats bread")
    assert similarities.argmax() == 80


@pytest.mark.parametrize("abstract", ["", "word " * (3 * MAX_WORD_PIECES)], ids=["empty", "one endless sentence"])
def test_odd_abstracts_get_a_vector(shipped, abstract):
    (vectors,) = shipped.embed_papers([text_of("Title", abstract)])
    assert len(vectors) == 1 + len(split_passages(abstract))
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)


class Endpoint(BaseHTTPRequestHandler):
    """An embeddings endpoint on loopback: the letters a, b and c counted; keeps what it was asked."""

    asked: ClassVar[list[dict]] = []
    broken = False

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        rows = [
            {"object": "embedding", "index": i, "embedding": [1.0 + t.lower().count(x) for x in "abc"]}
            for i, t in enumerate(texts)
        ]
        reply = (
            b"<html>no</html>"
            if self.broken
            else json.dumps({"object": "list", "data": rows[::-1], "model": body["model"]}).encode()
        )
        self.send_response(400 if self.broken else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    Endpoint.asked, Endpoint.broken = [], False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_openai_compatible_endpoint_builds_and_searches_an_index(endpoint, pages, tmp_path):
    name = f"openai:tiny@{endpoint}"
    report = qa.build_index([pages / "harbour.txt"], tmp_path / "index", embedder=name)
    assert report.embedded == 3
    index = qa.open_index(tmp_path / "index")  # the index knows its embedder
    assert index.embedder.name == name
    assert len(index.search("gulls", 3)) == 3
    assert {asked["model"] for asked in Endpoint.asked} == {"tiny"}
    answer = qa.Assistant(index).ask("By how much does TideNet lower the error on the ports?")
    assert "5.4 cm" in answer.text


def test_endpoint_that_fails_is_one_clear_error(endpoint):
    Endpoint.broken = True
    with pytest.raises(qa.EmbedderError, match="did not answer for 'tiny'"):
        endpoint_embedder("tiny", endpoint).embed_question("x")


def test_key_is_in_no_error_and_not_in_the_index(endpoint, pages, tmp_path):
    embedder = endpoint_embedder("tiny", endpoint, api_key="sk-secret-123")
    qa.build_index([pages / "table.csv"], tmp_path / "index", embedder=embedder)
    assert Endpoint.asked[0]["key"] == "Bearer sk-secret-123"
    Endpoint.broken = True
    with pytest.raises(qa.EmbedderError) as error:
        embedder.embed_question("x")
    assert "sk-secret" not in str(error.value)
    assert not [
        path for path in (tmp_path / "index").rglob("*") if path.is_file() and b"sk-secret" in path.read_bytes()
    ]


def test_llama_index_embedding_object_is_an_embedder(pages, tmp_path):
    from llama_index.core.embeddings import MockEmbedding

    embedding = MockEmbedding(embed_dim=5)
    qa.build_index([pages / "harbour.txt"], tmp_path / "index", embedder=embedding)
    assert len(qa.open_index(tmp_path / "index", embedder=embedding).search("gulls", 2)) == 2
    with pytest.raises(qa.IndexMismatchError, match=r"only Python can make\. Pass the object"):
        qa.open_index(tmp_path / "index")


@pytest.mark.parametrize("embedder", ["magic", "openai:", 3], ids=repr)
def test_what_is_no_embedder_is_refused(embedder):
    with pytest.raises(qa.EmbedderError):
        make_embedder(embedder)


def test_nothing_is_fetched_while_indexing_and_asking(pages, tmp_path):
    """Every socket that would leave this machine ends the process."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, socket\n"
        "def refuse(self, address, *rest):\n"
        "    os.write(2, f'connects to {address}'.encode()); os._exit(99)\n"
        "socket.socket.connect = socket.socket.connect_ex = refuse\n"
        "socket.getaddrinfo = lambda *a, **k: refuse(None, a)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    for arguments in (["index", "--index", "i", str(pages)], ["ask", "--index", "i", "How accurate is TideNet?"]):
        done = subprocess.run(
            [sys.executable, "-m", "qa", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_model_leaves_no_trace_of_telemetry(tmp_path):
    """onnxruntime writes an identifier for its telemetry into the temporary folder unless it is told not to."""
    code = "from qa.embedding.onnx import ShippedEmbedder; ShippedEmbedder().embed_question('gulls')"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], check=True, env={**environment, "TMPDIR": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_vectors_are_the_same_on_one_core_and_on_all():
    cold, warm = ShippedEmbedder(), ShippedEmbedder()
    warm.warm_up()
    question = "How long does TideNet train?"
    assert np.allclose(cold.embed_question(question), warm.embed_question(question), atol=1e-5)
    assert np.allclose(cold.token_states(question)[0], warm.token_states(question)[0], atol=1e-5)


def test_papers_come_in_their_order_however_many_are_embedded_at_a_time():
    texts = [
        EmbedderText(title=f"Paper {i}", abstract="word " * (200 if i % 3 == 0 else 3), spans=()) for i in range(9)
    ]
    together = list(ShippedEmbedder(threads=4).embed_papers(texts))
    one_by_one = [next(iter(ShippedEmbedder(threads=1).embed_papers([text]))) for text in texts[:4]]
    assert len(together) == 9
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(together, one_by_one, strict=False))


def test_stopping_in_the_middle_leaves_the_papers_behind_alone():
    class Counting(ShippedEmbedder):
        embedded = 0

        def _embed_paper(self, paper):
            self.embedded += 1
            return super()._embed_paper(paper)

    embedder = Counting()
    blocks = embedder.embed_papers([EmbedderText(title=f"Paper {i}", abstract="a", spans=()) for i in range(4000)])
    next(blocks)
    blocks.close()
    assert embedder.embedded < 2000
