"""Text for terminals, shared by the command line and the page.

`terminal` escapes untrusted text, wraps lines and shows progress; `format` renders answers, papers and build reports.
Nothing here reads the index or asks a model.
"""
