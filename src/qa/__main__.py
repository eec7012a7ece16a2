"""`python -m qa` is the command `qa`."""

from qa.cli.main import entry

entry()
