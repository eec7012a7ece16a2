"""The whole page: its tabs in one Blocks. What a tab does is in the tab's own module."""

from pathlib import Path

import gradio as gr

from qa.assistant import Assistant
from qa.ui.chat.tab import chat_tab
from qa.ui.pages_tab import sources_tab
from qa.ui.papers_tab import papers_tab
from qa.ui.scores_tab import scores_tab

TITLE = "abstracts-qa"
_DELETE_SECONDS = (600, 3600)
"""How often uploads are deleted, and their greatest age, in seconds; all are deleted when the page closes."""


def build_page(assistant: Assistant, votes: str | Path, *, may_change: bool = True) -> gr.Blocks:
    """The page of an assistant. `votes` is the file of votes on answers (see qa.feedback), `may_change` whether
    visitors may add and remove files of its index."""
    with (
        gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=_DELETE_SECONDS) as demo,
        gr.Tabs(elem_id="qa-tabs"),
    ):
        with gr.Tab("Chat", id="chat"):
            chat_tab(assistant, Path(votes))
        with gr.Tab("Papers", id="papers"):
            papers_tab(assistant.index)
        with gr.Tab("Sources", id="sources"):
            sources_tab(assistant.index, may_change=may_change)
        with gr.Tab("Scores", id="scores"):
            scores_tab()
    return demo
