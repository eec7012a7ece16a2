"""Counting tokens: the table that llama-index ships, no network, no trap in untrusted text."""

import subprocess
import sys
import time

import pytest

from qa.llm.token_count import count_tokens, request_tokens

COUNTS = {
    "nothing": ("", 0),
    "words": ("Hello world", 2),
    "a sentence": ("Graphs that do not fit into memory are trained out of core.", 14),
    "figures": ("81.4 % on 3 of 12", 10),
    "a mark is the characters it is": ("<|endoftext|>", 7),
    "half a surrogate pair": ("\ud800", 1),
}


@pytest.mark.parametrize(("text", "tokens"), COUNTS.values(), ids=COUNTS)
def test_tokens_are_those_of_cl100k_base(text, tokens):
    assert count_tokens(text) == tokens


def test_request_takes_its_texts_and_four_tokens_a_message():
    assert request_tokens([{"role": "system", "content": "Hello world"}, {"role": "user", "content": ""}]) == 2 + 4 + 4
    assert request_tokens([]) == 0


@pytest.mark.parametrize("character", ["a", " ", "^", "\n", "中", "\u0301"], ids=repr)
def test_long_runs_are_counted_in_linear_time(character):
    started = time.perf_counter()
    assert 0 < count_tokens(character * 1_000_000) <= 2_000_000
    assert time.perf_counter() - started < 20  # with the square of a run it takes minutes, or overflows the stack


def test_cutting_runs_changes_the_count_by_little():
    words = "Graphs that do not fit into memory are trained out of core. " * 50
    assert abs(count_tokens(words + "x" * 300) - count_tokens(words) - count_tokens("x" * 300)) <= 0.02 * count_tokens(
        words
    )


def test_counting_neither_imports_llama_index_nor_needs_a_cache_folder(tmp_path):
    code = (
        "import sys, qa.llm.token_count; heavy = 'tiktoken' in sys.modules;"
        " print(qa.llm.token_count.count_tokens('Hello world'), heavy, 'llama_index.core' in sys.modules)"
    )
    environment = {"PATH": "", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout == "2 False False\n"
    assert list(tmp_path.iterdir()) == []


def test_without_the_table_the_length_gives_an_estimate():
    code = (
        "import sys; sys.modules['tiktoken'] = None; from qa.llm.token_count import count_tokens as c;"
        " print(c(''), c('Hello world'), c('中文'), c('\\ud800'))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "0 4 2 1\n"
