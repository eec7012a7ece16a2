"""The index on disk: what it holds (`catalog`), nearest papers (`vectors`), words and passages (`parts`), and who writes it.

    index/chroma/
        CURRENT                 the generation that counts
        lock                    held by the one process that builds
        g-…/                    one generation: one embedder, one set of rules
            catalog.sqlite      pages, listings, papers, and which parts count; its last commit decides
            chroma/             paper vectors
            part-…/             immutable: BM25 index, passage vectors
            staged/             vectors of a build that is not finished

A build writes vectors and parts first and commits the catalog last, so whatever is interrupted leaves the index as it
was. Readers hold a `Snapshot` and take a new one when the catalog's stamp changes.
"""
