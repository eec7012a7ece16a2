"""Other embedders behind the same two calls: any function, an endpoint, a llama-index object."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from qa.embedding.base import Embedder, EmbedderText, Vectors, unit
from qa.embedding.onnx import SHIPPED, ShippedEmbedder
from qa.errors import EmbedderError


class TextEmbedder:
    """Any function from texts to vectors as an Embedder: the paper and each passage are embedded on their own.

    `embed(texts, is_question)` returns one vector a text, in order, all of one dimension.
    """

    def __init__(
        self, name: str, embed: Callable[[list[str], bool], Sequence[Sequence[float]]], batch: int = 64
    ) -> None:
        self.name = name
        self._embed = embed
        self._batch = batch
        self._dimension: int | None = None

    @property
    def dimension(self) -> int:
        """Found by embedding one word, once."""
        dimension = self._dimension or self._vectors(["probe"], is_question=True).shape[1]
        self._dimension = dimension
        return dimension

    def embed_papers(self, papers: Sequence[EmbedderText]) -> Iterator[Vectors]:
        for paper in papers:
            texts = [f"{paper.title}. {paper.abstract}", *(paper.abstract[a:b] for a, b in paper.spans)]
            yield np.vstack([self._vectors(texts[i : i + self._batch]) for i in range(0, len(texts), self._batch)])

    def embed_question(self, question: str) -> Vectors:
        return self._vectors([question or " "], is_question=True)[0]

    def _vectors(self, texts: list[str], *, is_question: bool = False) -> Vectors:
        vectors = np.asarray(self._embed(texts, is_question), np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise EmbedderError(
                f"The embedder {self.name} gave no proper vectors for {len(texts)} texts. Try another embedder."
            )
        return unit(vectors)


def endpoint_embedder(model: str, base_url: str | None = None, api_key: str | None = None) -> TextEmbedder:
    """An embedder behind an OpenAI-compatible `/embeddings` endpoint; the client is made when it is first used."""
    clients: list[Any] = []

    def embed(texts: list[str], is_question: bool) -> list[list[float]]:
        import openai

        if not clients:
            key = api_key or ("none" if base_url else None)
            try:
                clients.append(openai.OpenAI(base_url=base_url, api_key=key, timeout=60, max_retries=3))
            except openai.OpenAIError as error:
                raise EmbedderError(
                    "The embedder needs a key. Set OPENAI_API_KEY, or use the shipped embedder."
                ) from error
        try:
            reply = clients[0].embeddings.create(model=model, input=texts)
        except openai.OpenAIError as error:
            raise EmbedderError(
                f"The embeddings endpoint did not answer for {model!r} ({type(error).__name__}). Check its address, model and key."
            ) from error
        return [row.embedding for row in sorted(reply.data, key=lambda row: row.index)]

    return TextEmbedder(f"openai:{model}" + (f"@{base_url}" if base_url else ""), embed)


def llama_index_embedder(embedding: Any) -> TextEmbedder:
    """Any llama-index embedding object as an Embedder."""

    def embed(texts: list[str], is_question: bool) -> list[list[float]]:
        return (
            [embedding.get_query_embedding(text) for text in texts]
            if is_question
            else embedding.get_text_embedding_batch(texts)
        )

    return TextEmbedder(f"llama-index:{getattr(embedding, 'model_name', type(embedding).__name__)}", embed)


def make_embedder(embedder: "str | Embedder | Any | None" = None) -> Embedder:
    """The embedder that was meant: None or its name for the shipped one, `openai:MODEL` or `openai:MODEL@BASE_URL` for
    an endpoint (key in OPENAI_API_KEY), an Embedder as it is, a llama-index embedding object wrapped."""
    if embedder is None or embedder == SHIPPED:
        return ShippedEmbedder()
    if isinstance(embedder, str):
        kind, _, rest = embedder.partition(":")
        model, _, base_url = rest.partition("@")
        if kind != "openai" or not model:
            raise EmbedderError(f"Unknown embedder {embedder!r}. Use {SHIPPED} or openai:MODEL@BASE_URL.")
        return endpoint_embedder(model, base_url or os.environ.get("OPENAI_BASE_URL"), os.environ.get("OPENAI_API_KEY"))
    if hasattr(embedder, "embed_papers"):
        return embedder
    if hasattr(embedder, "get_query_embedding"):
        return llama_index_embedder(embedder)
    raise EmbedderError(
        f"{type(embedder).__name__} is not an embedder. Pass a name, an Embedder or a llama-index embedding."
    )
