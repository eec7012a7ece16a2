"""What README says in Python runs, from top to bottom, on the invented pages and without a key."""

import os
import re
import shutil
import subprocess
import sys

from helpers.paths import ROOT

README = ROOT / "README.md"


def test_blocks_under_in_python_run(pages, tmp_path):
    section = re.search(r"^## In Python$(.*?)^## ", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert section
    blocks = re.findall(r"^```python\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    shutil.copytree(pages, tmp_path / "index" / "pages")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "QA_"))}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "DiskGNN speeds training up by over 8x." in done.stdout
