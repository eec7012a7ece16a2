"""From paths to papers: finds files, reads each in its form, and lists what had to be skipped.

`files` finds the files behind paths, folders and patterns. `pages` recognises the form of one file and reads it as a
stream of entries, through `plain_text` or `records` (JSON Lines, CSV). `paper` merges the entries of one paper.
"""

from qa.documents.files import find_files, read_sources
from qa.documents.pages import Skip, SourceFile, parse_source, read_source

__all__ = ["Skip", "SourceFile", "find_files", "parse_source", "read_source", "read_sources"]
