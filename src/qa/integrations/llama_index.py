"""The index as a retriever of llama-index, the assistant as a query engine of it.

Neither touches llama-index's `Settings`, so that no key is needed. Importing this module loads llama-index (two seconds).
"""

import asyncio
from typing import Any, cast

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from qa.answer import Answer, Citation, Quote
from qa.assistant import Assistant
from qa.documents.paper import Paper
from qa.errors import InputError
from qa.retrieval.search import Index


class PaperRetriever(BaseRetriever):
    """Retrieves the k papers (1 or more) that fit a question best, best first; none for a blank one or an empty index.

    A node is a paper: its text the abstract, its id the paper's; metadata has title, pages, code_url and date (None
    where there is none), its score is that of the search. InputError for a k below 1.
    """

    def __init__(self, index: Index, k: int = 10, *, callback_manager: CallbackManager | None = None) -> None:
        if k < 1:
            raise InputError(f"k is {k}, but at least one paper must be asked for. Use k=10.")
        cast(Any, super()).__init__(callback_manager=callback_manager)
        self.index = index
        self.k = k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self.index.search(query_bundle.query_str, self.k)
        return [NodeWithScore(node=_paper_node(hit.paper), score=hit.score) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class QAQueryEngine(BaseQueryEngine):
    """Answers questions; what comes back is a llama-index Response.

    `str(response)` is the text with its markers, `source_nodes` are the quotes of the cited papers in the order of their
    numbers (metadata: number, title, paper_id, start and end in the abstract; no score), `metadata["answer"]` is
    `answer.to_dict()`. Where the abstracts do not say, the text says so. Errors as those of `Assistant.ask`.
    """

    def __init__(self, assistant: Assistant, *, callback_manager: CallbackManager | None = None) -> None:
        super().__init__(callback_manager=callback_manager)
        self.assistant = assistant

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        payload: dict[str, Any] = {EventPayload.QUERY_STR: query_bundle.query_str}
        with self.callback_manager.event(CBEventType.QUERY, payload=payload) as event:
            response = _response(self.assistant.ask(query_bundle.query_str))
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)


def _response(answer: Answer) -> Response:
    nodes = [
        NodeWithScore(node=_quote_node(citation, quote)) for citation in answer.citations for quote in citation.quotes
    ]
    return Response(response=answer.text, source_nodes=nodes, metadata={"answer": answer.to_dict()})


def _paper_node(paper: Paper) -> TextNode:
    return TextNode(
        id_=paper.id,
        text=paper.abstract,
        metadata={
            "title": paper.title,
            "pages": list(paper.pages),
            "code_url": paper.code_url,
            "date": paper.date,
        },
    )


def _quote_node(citation: Citation, quote: Quote) -> TextNode:
    paper = citation.paper
    return TextNode(
        id_=f"{paper.id}:{quote.start}-{quote.end}",
        text=quote.text,
        metadata={
            "number": citation.number,
            "title": paper.title,
            "paper_id": paper.id,
            "start": quote.start,
            "end": quote.end,
        },
        start_char_idx=quote.start,
        end_char_idx=quote.end,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=paper.id)},
    )
