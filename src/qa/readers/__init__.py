"""From paths to pages: finds the files that were meant, reads each in its form, and says what it had to leave out."""

from qa.readers.files import Page, Skip, find_files, parse_page, read_page, read_pages

__all__ = ["Page", "Skip", "find_files", "parse_page", "read_page", "read_pages"]
