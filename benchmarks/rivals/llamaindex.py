"""LlamaIndex as its guides show it: sentence splitter, Hugging Face embeddings, a Chroma folder. Words are not searched.

The id of a paper is that of its document and no metadata, which LlamaIndex would embed with the text.
"""

from collections.abc import Callable
from typing import Any

import chromadb
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore

INDEX_IMPORTS = ("transformers.models.bert.modeling_bert",)


def index(papers: list[dict[str, str]], folder: str, weights: str) -> None:
    documents = [Document(text=f"{paper['title']}\n{paper['abstract']}", id_=paper["id"]) for paper in papers]
    VectorStoreIndex.from_documents(
        documents,
        storage_context=StorageContext.from_defaults(vector_store=_store(folder)),
        embed_model=HuggingFaceEmbedding(model_name=weights),
        transformations=[SentenceSplitter()],
    )


def opened(folder: str, weights: str) -> Callable[[str, int], list[str]]:
    model = HuggingFaceEmbedding(model_name=weights)
    opened = VectorStoreIndex.from_vector_store(_store(folder), embed_model=model)

    def search(question: str, k: int) -> list[str]:
        return [str(found.node.ref_doc_id) for found in opened.as_retriever(similarity_top_k=k).retrieve(question)]

    return search


def _store(folder: str) -> Any:
    client = chromadb.PersistentClient(folder, chromadb.Settings(anonymized_telemetry=False))
    cosine: Any = {"hnsw": {"space": "cosine"}}
    return ChromaVectorStore(chroma_collection=client.get_or_create_collection("papers", configuration=cosine))
