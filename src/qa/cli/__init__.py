"""The command line: arguments go in, text or JSON and an exit code come out.

`parser` defines the commands and their help, `commands` has a function for each, `main` runs one and turns every expected
error into one line on standard error. `chat` is the conversation on a terminal. `doctor` runs the health checks, whose results `checks` defines.
Heavy packages are imported inside the command that needs them, so that `qa --help` starts fast.
"""
