"""The page: chatting with the papers, and tabs for the papers, the pages that list them, and the scores.

Gradio is imported in this folder alone. The way through it: `app` builds the page from its tabs and launches it; each
tab is a function that takes the assistant or the index and returns its blocks; `markup` makes their HTML.
"""
