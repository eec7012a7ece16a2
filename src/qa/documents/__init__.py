"""From paths to pages: finds the files that were meant, reads each in its form, and says what it had to leave out."""

from qa.documents.files import find_files, read_pages
from qa.documents.pages import Page, Skip, parse_page, read_page

__all__ = ["Page", "Skip", "find_files", "parse_page", "read_page", "read_pages"]
