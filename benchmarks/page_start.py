"""Measures how long `qa ui` takes until its page answers, held against `import gradio`, in turns and in fresh processes.

    python benchmarks/page_start.py --index index/chroma [--pairs 7]

The index must exist. Bytecode is compiled before the first pair, also where PYTHONDONTWRITEBYTECODE is set. It says
nothing about what the browser does then. Linux and macOS only.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

AIM = 1.5
"""The page may take half as long again as the import of Gradio."""
IMPORT_GRADIO = [sys.executable, "-c", "import gradio"]
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("QA_", "OPENAI_", "GRADIO_", "PYTHONDONTWRITEBYTECODE"))
}
LOOK_SECONDS = 0.005
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def import_seconds() -> float:
    started = time.perf_counter()
    subprocess.run(IMPORT_GRADIO, env=ENVIRONMENT, check=True)
    return time.perf_counter() - started


def page_seconds(index: str) -> float:
    """Seconds from the start of `qa ui` until GET / is answered with 200."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    page = subprocess.Popen(
        [sys.executable, "-m", "qa", "ui", "--no-model", "--index", index, "--port", str(port)],
        env=ENVIRONMENT, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not answers(port):
            if page.poll() is not None:
                sys.exit(f"qa ui ended with code {page.returncode}; see above why.")
            time.sleep(LOOK_SECONDS)
        return time.perf_counter() - started
    finally:
        page.terminate()
        page.wait()


def answers(port: int) -> bool:
    try:
        with DIRECT.open(f"http://127.0.0.1:{port}/", timeout=60) as response:
            response.read()
            return response.status == 200
    except urllib.error.URLError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="index/chroma", help="an index that exists (default index/chroma)")
    parser.add_argument("--pairs", type=int, default=7, help="how many of each (default 7)")
    options = parser.parse_args()

    import_seconds(), page_seconds(options.index)  # compiles what is not compiled yet
    imports, pages = [], []
    for number in range(options.pairs):
        imports.append(import_seconds())
        pages.append(page_seconds(options.index))
        print(f"{number + 1}: import gradio {imports[-1]:.2f} s, qa ui {pages[-1]:.2f} s", flush=True)
    gradio, page = statistics.median(imports), statistics.median(pages)
    print(f"medians: import gradio {gradio:.2f} s, qa ui {page:.2f} s; ratio {page / gradio:.2f} (aim {AIM})")


if __name__ == "__main__":
    main()
