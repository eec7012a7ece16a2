"""The evaluation from a checkout: `qa eval` on the questions beside this file; try `python evals/run.py --help`."""

import os
import sys
from pathlib import Path

from qa.cli.main import main

if __name__ == "__main__":
    os.environ.setdefault("QA_QUESTIONS", str(Path(__file__).with_name("questions.jsonl")))
    sys.exit(main(["eval", *sys.argv[1:]]))
