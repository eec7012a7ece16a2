"""The index as a retriever of llama-index and the assistant as a query engine, without a key."""

import asyncio
import threading

import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.schema import MetadataMode, QueryBundle

import qa
from helpers.paths import ROOT
from qa.integrations.llama_index import PaperRetriever, QAQueryEngine

pytestmark = pytest.mark.slow


README = ROOT / "README.md"
QUESTION = "By how much does TideNet lower the error on the ports?"


def test_retriever_gives_the_papers_of_a_search(index):
    nodes = PaperRetriever(index, k=2).retrieve("harbour water levels")
    hits = index.search("harbour water levels", 2)
    assert [(node.node_id, node.text) for node in nodes] == [(hit.paper.id, hit.paper.abstract) for hit in hits]
    assert [node.score for node in nodes] == pytest.approx([hit.score for hit in hits])
    assert nodes[0].metadata == {
        "title": "TideNet: Forecasting Harbour Water Levels with Sparse Gauges",
        "pages": ["harbour.txt"],
        "code_url": "https://github.com/example/tidenet",
        "date": None,
    }


def test_retriever_knows_the_date_of_a_paper(index):
    [node] = PaperRetriever(index, k=1).retrieve("street lamps dimmed by a bandit algorithm")
    assert (node.node_id, node.metadata["date"], node.metadata["code_url"]) == ("lamp-1", "2024", None)


def test_retriever_gives_ten_papers_unless_told_and_none_for_a_blank_question(index):
    assert PaperRetriever(index).k == 10
    assert PaperRetriever(index).retrieve("  ") == []


def test_retriever_wants_at_least_one_paper(index):
    with pytest.raises(qa.InputError, match=r"k is 0, .* Use k=10\."):
        PaperRetriever(index, k=0)


def test_retriever_takes_a_query_bundle(index):
    retriever = PaperRetriever(index, k=1)
    assert retriever.retrieve(QueryBundle("gulls"))[0].node_id == retriever.retrieve("gulls")[0].node_id


def test_query_gives_the_answer_and_its_quotes(index, assistant):
    response = QAQueryEngine(assistant).query(QUESTION)
    assert response.metadata is not None
    answer = qa.Answer.from_dict(response.metadata["answer"])
    assert answer.found
    assert str(response) == answer.text
    quotes = [(citation, quote) for citation in answer.citations for quote in citation.quotes]
    assert [(n.text, n.metadata) for n in response.source_nodes] == [
        (
            quote.text,
            {
                "number": citation.number,
                "title": citation.paper.title,
                "paper_id": citation.paper.id,
                "start": quote.start,
                "end": quote.end,
            },
        )
        for citation, quote in quotes
    ]
    for source in response.source_nodes:
        paper = index.paper(source.metadata["paper_id"])
        assert paper.abstract[source.metadata["start"] : source.metadata["end"]] == source.get_content()
        assert (source.node.start_char_idx, source.node.end_char_idx, source.node.ref_doc_id, source.score) == (
            source.metadata["start"],
            source.metadata["end"],
            paper.id,
            None,
        )
    assert len({source.node_id for source in response.source_nodes}) == len(quotes) > 1


def test_query_that_the_abstracts_do_not_answer_has_no_quotes(assistant):
    response = QAQueryEngine(assistant).query("Who won the chess championship of 1972?")
    assert str(response).startswith("No abstract answers this.")
    assert response.source_nodes == []
    assert response.metadata["answer"]["found"] is False


def test_blank_query_is_the_assistants_error(assistant):
    with pytest.raises(qa.InputError, match="blank"):
        QAQueryEngine(assistant).query(" ")


class Witness:
    """Something that searches and asks, and notes on which thread it was called."""

    def __init__(self, index, assistant):
        self.real_index, self.assistant, self.threads = index, assistant, []

    def search(self, question, k):
        self.threads.append(threading.get_ident())
        return self.real_index.search(question, k)

    def ask(self, question):
        self.threads.append(threading.get_ident())
        return self.assistant.ask(question)


def test_async_calls_give_the_same_on_another_thread(index, assistant):
    witness = Witness(index, assistant)
    nodes = asyncio.run(PaperRetriever(witness, k=2).aretrieve("gulls"))
    assert [node.node_id for node in nodes] == [hit.paper.id for hit in index.search("gulls", 2)]
    response = asyncio.run(QAQueryEngine(witness).aquery(QUESTION))
    assert str(response) == assistant.ask(QUESTION).text
    assert len(witness.threads) == 2
    assert threading.get_ident() not in witness.threads


@pytest.mark.parametrize("run", ["query", "aquery"])
def test_callback_manager_hears_of_query_and_retrieval(index, assistant, run):
    heard = LlamaDebugHandler(print_trace_on_end=False)
    callbacks = CallbackManager([heard])
    engine = QAQueryEngine(assistant, callback_manager=callbacks)
    response = engine.query(QUESTION) if run == "query" else asyncio.run(engine.aquery(QUESTION))
    PaperRetriever(index, k=1, callback_manager=callbacks).retrieve("gulls")
    [(begun, ended)] = heard.get_event_pairs(CBEventType.QUERY)
    assert begun.payload[EventPayload.QUERY_STR] == QUESTION
    assert ended.payload[EventPayload.RESPONSE] is response
    assert len(heard.get_event_pairs(CBEventType.RETRIEVE)) == 1


def test_model_that_reads_a_node_sees_its_title(index):
    [node] = PaperRetriever(index, k=1).retrieve("harbour water levels")
    assert "title: TideNet" in node.get_content(MetadataMode.LLM)
