"""PaperQA's retrieval alone, with a local model: no language model is asked, neither for citations nor for summaries.

An abstract is shorter than PaperQA's chunks, and so a paper is one text. The collection is kept as PaperQA keeps it, as
a compressed pickle of `Docs`.
"""

import asyncio
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path

from lmi import SentenceTransformerEmbeddingModel
from paperqa import Doc, Docs, Settings, Text

INDEX_IMPORTS = ("sentence_transformers.sentence_transformer.model", "transformers.models.bert.modeling_bert")


def index(papers: list[dict[str, str]], folder: str, weights: str) -> None:
    docs = asyncio.run(_indexed(papers, SentenceTransformerEmbeddingModel(name=weights)))
    Path(folder).mkdir(parents=True)
    Path(folder, "docs.zip").write_bytes(zlib.compress(pickle.dumps(docs)))


async def _indexed(papers: list[dict[str, str]], model: SentenceTransformerEmbeddingModel) -> Docs:
    docs, settings = Docs(), Settings()
    texts = [f"{paper['title']}\n{paper['abstract']}" for paper in papers]
    # All at once: left to itself it embeds the texts of one paper at a time, which is slower.
    vectors = await model.embed_documents(texts)
    for paper, text, vector in zip(papers, texts, vectors, strict=True):
        doc = Doc(docname=paper["id"], dockey=paper["id"], citation=paper["title"])
        await docs.aadd_texts([Text(text=text, name=paper["id"], doc=doc, embedding=vector)], doc, settings, model)
    return docs


def opened(folder: str, weights: str) -> Callable[[str, int], list[str]]:
    docs: Docs = pickle.loads(zlib.decompress(Path(folder, "docs.zip").read_bytes()))
    model, settings, loop = SentenceTransformerEmbeddingModel(name=weights), Settings(), asyncio.new_event_loop()

    def search(question: str, k: int) -> list[str]:
        found = loop.run_until_complete(docs.retrieve_texts(question, k, settings, model))
        return [str(text.doc.dockey) for text in found]

    return search
