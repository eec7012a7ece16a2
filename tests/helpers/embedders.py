"""Embedders of a few lines for tests: vectors that can be worked out by hand, and one that is interrupted."""

import numpy as np


class LetterEmbedder:
    """Vectors that can be worked out by hand: how often a, b and c stand in a text; counts what it embeds."""

    def __init__(self, name: str = "letters") -> None:
        self.name = name
        self.dimension = 3
        self.papers = 0

    def embed_papers(self, papers):
        for paper in papers:
            self.papers += 1
            texts = [f"{paper.title}. {paper.abstract}", *(paper.abstract[a:b] for a, b in paper.spans)]

            yield np.stack([self.embed_question(text) for text in texts])

    def embed_question(self, question):

        counts = np.array([1 + question.lower().count(letter) for letter in "abc"], np.float32)
        return counts / np.linalg.norm(counts)


class StoppingEmbedder(LetterEmbedder):
    """Is interrupted, as by Ctrl-C, once it has embedded more than `after` papers."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def embed_papers(self, papers):
        for block in super().embed_papers(papers):
            if self.papers > self._after:
                raise KeyboardInterrupt
            yield block
