"""The page: chatting with the papers, and tabs for the papers, the pages that list them, and the scores.

Gradio is imported in this folder alone. The way through it: `command` is `qa ui`; `app` builds the page from its tabs,
`launch` serves it; each tab is a function that takes the assistant or the index and returns its blocks; `markup` makes
their HTML.
"""

import os

# Before Gradio is imported: no telemetry, no statistics after every event.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)
