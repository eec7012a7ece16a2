"""The command `qa`: parses arguments, runs one command, and turns expected errors into one line and an exit code."""

import io
import os
import sys
from collections.abc import Sequence

import qa
from qa.cli.commands import ACTION_NEEDED, COMMANDS, DONE, INTERRUPTED
from qa.cli.parser import parser
from qa.errors import QAError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; every expected error is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = parser(qa.__version__).parse_args(arguments)
    try:
        code = COMMANDS[options.command](options)
        sys.stdout.flush()
        return code
    except QAError as error:
        from qa.console.terminal import escape_terminal

        print(f"qa: {escape_terminal(str(error))}", file=sys.stderr)
        return ACTION_NEEDED
    except BrokenPipeError:
        # The reader closed the pipe: not an error, and Python must not print one on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        print(
            f"qa: the output cannot be written ({error.strerror or error}). Free some space or write elsewhere.",
            file=sys.stderr,
        )
        return ACTION_NEEDED
    except KeyboardInterrupt:
        print("\nqa: interrupted; the index is unchanged, and the same command continues from here.", file=sys.stderr)
        return INTERRUPTED


def entry() -> None:
    sys.exit(main())


if __name__ == "__main__":
    entry()
