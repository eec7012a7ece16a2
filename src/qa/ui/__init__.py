"""The page: a chat with the papers, and tabs for papers, sources and scores.

Gradio is imported in this package only. `serve` is the command `qa ui`; `app` builds the page from its tabs and `server`
serves it on a socket of `sockets`; `auth` guards it. Each tab is a function that takes the assistant or the index;
`html` renders templates, `uploads` changes the index, `async_bridge` runs generators in threads.
"""

import os

# Before Gradio is imported: no telemetry, no statistics after every event.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)
