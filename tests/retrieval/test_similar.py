"""Similar papers: nearest by the whole abstract, and only papers that count."""

import json

import numpy as np
import pytest

import qa
from helpers.embedders import StoppingEmbedder
from qa.index.catalog import Catalog
from qa.index.versions import current_version

A, NEAR_A, B, C = ("Alpha", "aaaa aaaa"), ("Again", "aaaa aaa"), ("Bee", "bbbb bbbb"), ("Cc", "cccc cccc")


def build(folder, letters, name="a.jsonl", papers=(A, NEAR_A, B, C), **options):
    lines = (json.dumps({"id": title, "title": title, "abstract": abstract}) for title, abstract in papers)
    (folder / name).write_text("\n".join(lines))
    return qa.build_index([folder / name], folder / "index", embedder=letters, **options)


def ids(found) -> list[str]:
    return [similar.paper.id for similar in found]


def test_two_papers_on_street_lamps_are_most_alike(index):
    assert ids(index.similar("lamp-1", 1)) == ["lamp-2"]
    assert ids(index.similar("lamp-2", 1)) == ["lamp-1"]


def test_paper_on_migrating_birds_is_next_to_the_one_on_gulls(index):
    assert index.similar("lamp-2", 2)[1].paper.title == "Counting Gulls from the Air without Labels"


def test_best_comes_first_and_the_paper_itself_never(index):
    for paper in index.papers():
        found = index.similar(paper.id, 20)
        assert len(found) == 7
        assert paper.id not in ids(found)
        assert [s.similarity for s in found] == sorted((s.similarity for s in found), reverse=True)


def test_similarity_is_the_cosine_of_the_two_abstracts(tmp_path, letters):
    build(tmp_path, letters)
    index = qa.open_index(tmp_path / "index", embedder=letters)
    texts = {title: f"{title}. {abstract}" for title, abstract in (A, NEAR_A, B, C)}
    for similar in index.similar("Alpha", 3):
        expected = letters.embed_question(texts["Alpha"]) @ letters.embed_question(texts[similar.paper.id])
        assert similar.similarity == pytest.approx(float(expected), abs=2e-3)


def test_standard_is_high_for_the_near_and_low_for_the_far(tmp_path, letters):
    build(tmp_path, letters)
    near, *far = qa.open_index(tmp_path / "index", embedder=letters).similar("Alpha", 3)
    assert near.paper.id == "Again"
    assert near.z_score > 2
    assert all(similar.z_score < 0 for similar in far)


def test_standard_counts_deviations_from_the_others_with_fifty_papers_of_usual_deviation(tmp_path, letters):
    build(tmp_path, letters)
    found = qa.open_index(tmp_path / "index", embedder=letters).similar("Alpha", 3)
    others = np.array([similar.similarity for similar in found])
    deviation = ((3 * others.var() + 50 * 0.12**2) / 53) ** 0.5
    assert [similar.z_score for similar in found] == pytest.approx(list((others - others.mean()) / deviation), abs=1e-4)


def test_only_paper_of_an_index_is_like_none(tmp_path, letters):
    build(tmp_path, letters, papers=[A])
    assert qa.open_index(tmp_path / "index", embedder=letters).similar("Alpha") == []


@pytest.mark.parametrize(("k", "count"), [(1, 1), (2, 2), (5, 5)])
def test_k_papers_are_found(index, k, count):
    assert len(index.similar("lamp-1", k)) == count


def test_unknown_id_is_one_clear_error(index):
    with pytest.raises(qa.InputError, match=r"has no paper 'lamp-9'. It may have been removed"):
        index.similar("lamp-9")


def test_error_about_a_huge_id_is_short(index):
    with pytest.raises(qa.InputError) as error:
        index.similar("x" * 20_000)
    assert len(str(error.value)) < 200


def test_k_below_one_is_one_clear_error(index):
    with pytest.raises(qa.InputError, match="k is 0"):
        index.similar("lamp-1", 0)


def test_papers_of_an_unfinished_build_do_not_come(tmp_path, letters):
    build(tmp_path, letters)

    clones = [(f"Alpha {i}", "aaaa aaaa") for i in range(150)]
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, StoppingEmbedder(100), "b.jsonl", clones)
    index = qa.open_index(tmp_path / "index", embedder=letters)
    assert (
        index.snapshot().vectors.count() > 50
    )  # they lie in Chroma already, and all of them are nearer than the others
    assert set(ids(index.similar("Alpha", 3))) == {"Again", "Bee", "Cc"}


def test_removed_papers_do_not_come_even_while_their_vectors_are_there(tmp_path, letters):
    build(tmp_path, letters)
    index = qa.open_index(tmp_path / "index", embedder=letters)
    catalog = Catalog(current_version(tmp_path / "index"))
    with catalog.transaction():
        catalog.write("INSERT INTO gone SELECT paper FROM papers WHERE id = 'Again'")
        catalog.write("UPDATE papers SET live = 0 WHERE id = 'Again'")
        catalog.set_meta(stamp=catalog.meta("stamp") + 1)
    assert index.snapshot().vectors.count() == 4
    assert set(ids(index.similar("Alpha", 5))) == {"Bee", "Cc"}
    with pytest.raises(qa.InputError, match="has no paper 'Again'"):
        index.similar("Again")


def test_open_index_sees_papers_that_came_later(tmp_path, letters):
    build(tmp_path, letters, papers=[A, B])
    index = qa.open_index(tmp_path / "index", embedder=letters)
    assert ids(index.similar("Alpha")) == ["Bee"]
    build(tmp_path, letters, "b.jsonl", [NEAR_A])
    assert ids(index.similar("Alpha")) == ["Again", "Bee"]
