"""txtai's hybrid search, words and vectors together, with the texts kept beside them."""

from collections.abc import Callable

from txtai import Embeddings

INDEX_IMPORTS = ("transformers.models.bert.modeling_bert",)


def index(papers: list[dict[str, str]], folder: str, weights: str) -> None:
    embeddings = Embeddings(path=weights, content=True, hybrid=True)
    embeddings.index((paper["id"], f"{paper['title']}\n{paper['abstract']}", None) for paper in papers)
    embeddings.save(folder)
    embeddings.close()


def opened(folder: str, weights: str) -> Callable[[str, int], list[str]]:
    # The saved index names the weights itself.
    embeddings = Embeddings()
    embeddings.load(folder)

    def search(question: str, k: int) -> list[str]:
        return [found["id"] for found in embeddings.search(question, k)]

    return search
