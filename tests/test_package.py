"""The wheel, built through the sdist and installed alone, answers a question on the command line."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from helpers.paths import ROOT

pytestmark = pytest.mark.slow


def test_wheel_built_through_the_sdist_answers_in_a_fresh_environment(pages, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(tmp_path), str(ROOT)], check=True, capture_output=True
    )
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert {"qa/models/model.onnx", "qa/models/tokenizer.json", "qa/models/CARD.md", "qa/models/LICENSE"} <= set(names)
    assert all(name.startswith(("qa/", "abstracts_qa-")) for name in names)
    # The dependencies are those of the running environment; only the project itself comes from the wheel.
    fresh = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(fresh)], check=True)
    site = next(fresh.glob("lib/python3*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    others = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (site / "others.pth").write_text(str(others) + "\n")
    code = "import qa, sys; from qa.cli.main import main; print(qa.__file__, file=sys.stderr); sys.exit(main(sys.argv[1:]))"
    python = [str(fresh / "bin" / "python"), "-c", code]
    indexed = subprocess.run(
        [*python, "index", "--index", str(tmp_path / "index"), str(pages)], capture_output=True, text=True, check=True
    )
    assert str(fresh) in indexed.stderr
    asked = subprocess.run(
        [*python, "ask", "--index", str(tmp_path / "index"), "How accurate is TideNet?"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "5.4 cm" in asked.stdout
