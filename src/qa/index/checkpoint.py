"""Papers that a build has embedded and that no part holds yet: a file a batch, so that an interrupted build loses none."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float16]
"""The vectors of a paper: (1 + passages) x dimension."""


class Checkpoint:
    """The folder of these files. `papers` counts the papers in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.papers = 0

    def take_up(self, elsewhere: set[int]) -> set[int]:
        """The numbers of the papers that an earlier build left; those that are `elsewhere` already are deleted."""
        found: set[int] = set()
        for path in self._paths():
            with np.load(path) as blocks:
                numbers = {int(name) for name in blocks.files}
            if numbers <= elsewhere:
                path.unlink()
            else:
                found |= numbers
        self.papers = len(found)
        return found

    def save(self, numbers: Sequence[int], blocks: Sequence[Block]) -> None:
        """Keep the vectors of these papers, all or none."""
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{numbers[0]}.npz"
        with path.with_suffix(".new").open("wb") as file:
            named = {str(number): block for number, block in zip(numbers, blocks, strict=True)}
            np.savez(file, allow_pickle=False, **named)
        os.replace(path.with_suffix(".new"), path)
        self.papers += len(numbers)

    def load(self) -> Iterator[tuple[int, Block]]:
        """All that is kept."""
        for path in self._paths():
            with np.load(path) as blocks:
                for name in blocks.files:
                    yield int(name), blocks[name]

    def clear(self) -> None:
        """Delete all that is kept, file by file: where that is interrupted, the rest is taken up."""
        for path in self._paths():
            path.unlink()
        self.papers = 0

    def remove(self) -> None:
        """Delete the folder too."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.npz"))
