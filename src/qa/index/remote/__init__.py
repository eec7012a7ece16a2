"""An index on a Chroma server that several machines share.

`address` names the server, `client` speaks HTTP to it, `blobs` keeps bytes in Chroma records, `store` keeps files, papers
and the published state, `lease` allows one writer, `replica` is the local copy, `sync` brings it up to date.
"""
