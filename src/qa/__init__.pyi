"""The public names, each with the module that defines it; `qa/__init__.py` imports them when they are first used."""

from .answer import (
    Answer as Answer,
    Citation as Citation,
    Quote as Quote,
    Statement as Statement,
    Usage as Usage,
)
from .assistant import Assistant as Assistant
from .documents.paper import Paper as Paper
from .embedding.adapters import TextEmbedder as TextEmbedder
from .embedding.base import (
    Embedder as Embedder,
    EmbedderText as EmbedderText,
)
from .errors import (
    BudgetError as BudgetError,
    EmbedderError as EmbedderError,
    IndexBusyError as IndexBusyError,
    IndexDamagedError as IndexDamagedError,
    IndexMismatchError as IndexMismatchError,
    IndexMissingError as IndexMissingError,
    InputError as InputError,
    ModelError as ModelError,
    ModelSetupError as ModelSetupError,
    ModelUnavailableError as ModelUnavailableError,
    QAError as QAError,
    ServerUnavailableError as ServerUnavailableError,
    TooLongError as TooLongError,
)
from .export import (
    to_bibtex as to_bibtex,
    to_markdown as to_markdown,
)
from .index.api import (
    build_index as build_index,
    rebuild_index as rebuild_index,
    remove_pages as remove_pages,
)
from .index.remote.address import chroma_address as chroma_address
from .index.report import BuildReport as BuildReport
from .llm.cache import ReplyCache as ReplyCache
from .llm.client import MeteredModel as MeteredModel
from .llm.openai import Endpoint as Endpoint
from .retrieval.fusion import (
    Hit as Hit,
    HitPassage as HitPassage,
)
from .retrieval.search import (
    Index as Index,
    open_index as open_index,
)
from .settings import model_from_environment as model_from_environment
from .verification.saved_answer import (
    Verdict as Verdict,
    verify_answer as verify_answer,
)

__version__: str
