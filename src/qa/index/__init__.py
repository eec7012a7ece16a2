"""The index: what it holds (`catalog`), nearest papers (`vectors`), words and passages (`parts`), and who writes it.

    index/chroma/
        CURRENT                 the generation that counts
        lock                    held by the one process that builds
        g-…/                    one generation: one embedder, one set of rules
            catalog.sqlite      pages, listings, papers, and which parts count; its last commit decides
            chroma/             paper vectors
            part-…/             immutable: BM25 counts, passage vectors, words
            staged/             vectors of a build that is not finished

`build` says what is meant, `builder` does it: it works out what a page changes (`draft`), keeps what it has embedded
(`staged`), writes and merges parts, and commits the catalog last, so whatever is interrupted leaves the index as it was.
Readers hold a `Snapshot` and take a new one when the catalog's stamp changes.

An index can lie on a Chroma server instead (`server`, through `records`, `rest` and `lease`); then such a folder is its
local replica (`remote.replica`), which `remote.sync` synchronises.
"""
