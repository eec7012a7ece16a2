"""Ask a collection of paper abstracts; every sentence of the answer cites the exact words that support it.

    import qa

    qa.build_index(["pages/"], folder="index/chroma")
    index = qa.open_index("index/chroma")
    answer = qa.Assistant(index).ask("Which papers train graph networks that do not fit into memory?")
    print(answer.text)

Importing `qa` loads none of the heavy libraries; each is loaded when it is first needed.
"""

from typing import Any, cast

import lazy_loader as _lazy_loader  # pyright: ignore[reportMissingTypeStubs]

__version__ = "0.1.0"

# The public names stand in __init__.pyi, which type checkers read too.
__getattr__, __dir__, __all__ = cast(Any, _lazy_loader).attach_stub(__name__, __file__)
