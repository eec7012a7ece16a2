"""Every error that the library raises on purpose, in one tree.

A message is two sentences: what is wrong with which value, and what to type now.
That no abstract answers is a value (`Answer.found is False`), not an error.

    QAError
    ├── InputError              a file or argument that cannot be used
    ├── IndexMissingError       the folder contains no index
    ├── IndexBusyError          another process is building this index
    ├── IndexMismatchError      the index was built by another embedder or by other rules
    ├── IndexDamagedError       the index folder cannot be read or written
    ├── ServerUnavailableError  the Chroma server of the index does not answer
    ├── EmbedderError           the embedder cannot be loaded or did not answer
    └── ModelError              the language model did not answer
        ├── ModelSetupError         wrong key, name or address: a retry cannot help
        ├── ModelUnavailableError   limits, time-outs, server failures: a retry may help
        ├── TooLongError            the request is longer than the model can read
        └── BudgetError             the call would exceed --max-cost or --max-total-tokens
"""


class QAError(Exception):
    """The base of every error raised on purpose; `str(error)` is fit to be shown to the user."""


class InputError(QAError):
    """A page, a file or an argument cannot be used."""


class IndexMissingError(QAError):
    """The named folder contains no index."""


class IndexBusyError(QAError):
    """Another process holds the lock of this index."""


class IndexMismatchError(QAError):
    """The index was built by another embedder, or by other rules, than the ones that open it."""


class IndexDamagedError(QAError):
    """A file of the index cannot be read or written."""


class ServerUnavailableError(QAError):
    """The Chroma server that holds the index does not answer, or not in time."""


class EmbedderError(QAError):
    """The embedder cannot be loaded, or its endpoint did not answer as it should."""


class ModelError(QAError):
    """The language model did not answer."""


class ModelSetupError(ModelError):
    """The model will not answer as it is set up: a wrong key, an unknown name, an address where nothing speaks the protocol."""


class ModelUnavailableError(ModelError):
    """The model did not answer this time: its limits, a time-out, a broken connection, a fault of its server."""


class TooLongError(ModelError):
    """The request is longer than the model can read."""


class BudgetError(ModelError):
    """The next call would pass the limit that the user set for cost or tokens."""
