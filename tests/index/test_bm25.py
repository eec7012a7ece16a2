"""BM25 on disk: scores by the formula whatever the parts, merging without the texts, words found by place and by likeness."""

import itertools
import math

import numpy as np
import pytest

from qa.errors import IndexDamagedError
from qa.index.bm25 import K1, B, Postings, idf, merge_postings, saturation, write_postings
from qa.index.segments import Segment, merge_segments, write_segment
from qa.index.term_dictionary import TermDictionary, write_term_dictionary

TEXTS = [
    "tide tables of the harbour",
    "harbour cranes and harbour cats",
    "",
    "gulls",
    "Überall Gezeiten tide tide tide",
    "cranes of the marsh: gulls, cats and cats",
]


def words_of(text):
    return text.lower().replace(":", "").replace(",", "").split()


def by_formula(documents, token):
    """BM25 of one token for each document, written out as in the textbook."""
    mean = sum(map(len, documents)) / len(documents)
    holders = sum(token in document for document in documents)
    weight = math.log(1 + (len(documents) - holders + 0.5) / (holders + 0.5))
    return [
        weight * d.count(token) / (d.count(token) + K1 * (1 - B + B * len(d) / mean)) if token in d else 0.0
        for d in documents
    ]


def by_postings(postings, token, documents):
    mean = sum(map(len, documents)) / len(documents)
    papers, counts = postings.of(token)
    found = np.zeros(len(postings.lengths))
    norms = saturation(postings.lengths, mean)
    found[papers] = idf(len(documents), postings.frequency(token)) * counts / (counts + norms[papers])
    return found.tolist()


@pytest.mark.parametrize("token", ["tide", "harbour", "cats", "of", "überall", "gulls", "missing", "of the", "x" * 99])
def test_scores_follow_the_formula(tmp_path, token):
    documents = [words_of(text) for text in TEXTS]
    write_postings(tmp_path / "p", documents)
    assert by_postings(Postings(folder=tmp_path / "p"), token, documents) == pytest.approx(by_formula(documents, token))


@pytest.mark.parametrize(
    "cuts", [[0, 6], [0, 1, 6], [0, 2, 3, 6], [0, 1, 2, 3, 4, 5, 6]], ids=["one", "two", "three", "one a paper"]
)
@pytest.mark.parametrize("dead", [set(), {1}, {0, 2, 4}, {3}], ids=lambda dead: f"without {sorted(dead)}")
def test_merged_postings_are_those_of_the_papers_that_stay(tmp_path, cuts, dead):
    documents = [words_of(text) for text in TEXTS]
    parts, kept = [], []
    for begin, end in itertools.pairwise(cuts):
        write_postings(tmp_path / f"{begin}", documents[begin:end])
        parts.append(Postings(folder=tmp_path / f"{begin}"))
        kept.append(np.array([i not in dead for i in range(begin, end)], bool))
    merge_postings(tmp_path / "merged", parts, kept)
    write_postings(tmp_path / "anew", [document for i, document in enumerate(documents) if i not in dead])
    for path in sorted((tmp_path / "anew").rglob("*.*")):
        merged = tmp_path / "merged" / path.relative_to(tmp_path / "anew")
        if path.suffix == ".npy":
            assert np.array_equal(np.load(merged), np.load(path)), path.name
        else:
            assert merged.read_bytes() == path.read_bytes(), path.name
    assert not list((tmp_path / "merged").glob("*.new"))


def test_papers_without_a_word_have_postings_too(tmp_path):
    write_postings(tmp_path / "p", [[], []])
    postings = Postings(folder=tmp_path / "p")
    assert postings.frequency("tide") == 0
    assert postings.lengths.tolist() == [0, 0]
    merge_postings(tmp_path / "m", [postings], [np.array([True, False])])
    assert Postings(folder=tmp_path / "m").lengths.tolist() == [0]


def test_words_are_found_by_place(tmp_path):
    words = ["tide", "a", "tidal", "été", "tidé", "zz", "潮"]
    places = write_term_dictionary(tmp_path / "l", words)
    lexicon = TermDictionary(folder=tmp_path / "l")
    assert len(lexicon) == len(words)
    assert {word: lexicon.place(word) for word in words} == places
    assert sorted(places.values()) == list(range(len(words)))
    assert [lexicon.place(word) for word in ("", "tid", "tides", "zzz", "é", "x" * 1000, "\ud800")] == [None] * 7


@pytest.mark.parametrize(
    ("word", "reach", "found"),
    [
        ("tide", 0, {"tide"}),
        ("tide", 1, {"tide", "tidal", "tidé", "été", "潮"}),
        ("a", 2, {"a", "zz", "潮"}),
        ("x" * 20, 3, set()),
    ],
)
def test_words_of_like_length_are_found(tmp_path, word, reach, found):
    write_term_dictionary(tmp_path / "l", ["tide", "a", "tidal", "été", "tidé", "zz", "潮"])
    got = {one for words in TermDictionary(folder=tmp_path / "l").near(word, reach) for one in words}
    assert got == found


def test_no_words_make_an_empty_lexicon(tmp_path):
    assert write_term_dictionary(tmp_path / "l", []) == {}
    lexicon = TermDictionary(folder=tmp_path / "l")
    assert len(lexicon) == 0
    assert lexicon.place("tide") is None
    assert list(lexicon.near("tide", 3)) == []


def block(value, passages):
    return np.full((1 + passages, 4), value, np.float32)


def test_merged_parts_keep_each_paper_with_its_vectors_and_words(tmp_path):
    first = write_segment(tmp_path, [1, 2, 3], TEXTS[:3], [block(1, 0), block(2, 3), block(3, 1)])
    second = write_segment(tmp_path, [9, 5], TEXTS[3:5], [block(9, 2), block(5, 1)])
    parts = [Segment(folder=tmp_path / name) for name in (first, second)]
    name = merge_segments(tmp_path, parts, np.array([2, 5, 9]))
    assert name is not None
    merged = Segment(folder=tmp_path / name)
    assert merged.numbers.tolist() == [2, 9, 5]
    matrix, sizes = merged.blocks(np.array([0, 1, 2]))
    assert sizes.tolist() == [4, 3, 2]
    assert matrix.tolist() == np.concatenate([block(2, 3), block(9, 2), block(5, 1)]).tolist()
    assert merged.blocks(np.array([2]))[0].tolist() == block(5, 1).tolist()
    assert [merged.frequency(token) for token in ("harbor", "crane", "tide", "gull")] == [1, 1, 1, 1]
    assert {word for words in merged.words_near("crane", 9) for word in words} >= {"cranes", "gulls", "tide"}
    assert merged.lengths.tolist() == [4, 1, 5]


def test_nothing_that_counts_makes_no_part(tmp_path):
    part = Segment(folder=tmp_path / write_segment(tmp_path, [1], ["tide"], [block(1, 0)]))
    assert merge_segments(tmp_path, [part], np.array([], np.int64)) is None
    assert merge_segments(tmp_path, [part], np.array([7])) is None
    assert [path.name for path in tmp_path.glob("part-*.new")] == []


def test_interrupted_writing_leaves_nothing(tmp_path):
    def texts():
        yield "tide"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_segment(tmp_path, [1, 2], texts(), [block(1, 0), block(2, 0)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["postings/starts.npy", "postings/tokens/words.bin", "postings/counts.npy"])
def test_damaged_postings_are_one_clear_error(tmp_path, name):
    part = Segment(folder=tmp_path / "g-1" / write_segment(tmp_path / "g-1", [1], ["tide"], [block(1, 0)]))
    (part.folder / name).write_bytes(b"garbage")
    with pytest.raises(IndexDamagedError, match="qa index --rebuild"):
        part.add_scores(np.zeros(1, np.float32), "tide", 1.0, np.ones(1, np.float32))
