"""The index: papers go in as entries of files, candidates for a question come out.

    index/chroma/
        CURRENT                 the current version
        lock                    held by the one process that builds
        g-…/                    one version: one embedder, one set of rules
            catalog.sqlite      files, entries, papers, and which segments are visible; its last commit decides
            chroma/             paper vectors
            part-…/             an immutable segment: BM25 counts, passage vectors, words
            staged/             vectors of an unfinished build

`api` has the public functions and `builder` runs a build: it plans what changes (`changes`), keeps what it has embedded
(`checkpoint`), writes and merges segments (`segments`, `bm25`, `term_dictionary`), and commits the `catalog` last, so an
interrupted build leaves the index as it was. Readers hold a `Snapshot` and take a new one when the catalog's stamp
changes. An index may also be on a Chroma server (`remote`).
"""
