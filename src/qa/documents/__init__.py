"""From paths to pages: finds the files that were meant, reads each in its form, and says what it had to leave out."""

from qa.documents.files import find_files, read_sources
from qa.documents.pages import Skip, SourceFile, parse_source, read_source

__all__ = ["Skip", "SourceFile", "find_files", "parse_source", "read_source", "read_sources"]
