"""The page for `gradio ui/app.py`, which reloads it when a file changes, and for hosts that look for `demo`.

The environment says which index and model (QA_INDEX, OPENAI_API_KEY, OPENAI_BASE_URL, QA_MODEL); `qa ui` does more.
"""

import os

import qa
from qa.net import is_loopback
from qa.settings import calls_from_environment, feedback_file, index_folder
from qa.ui.app import build_page
from qa.ui.server import launch_options
from qa.ui.sockets import HOST

host = os.environ.get("GRADIO_SERVER_NAME") or HOST
assistant = qa.Assistant(qa.open_index(index_folder(os.environ)), calls_from_environment(os.environ))
demo = build_page(assistant, feedback_file(os.environ), may_change=is_loopback(host))

if __name__ == "__main__":
    demo.launch(server_name=host, **launch_options(local=is_loopback(host)))
