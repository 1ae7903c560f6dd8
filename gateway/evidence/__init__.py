"""Evidence: what was recorded, how it is stored, and how anyone checks it.

An `Event` (event) is appended to the *journal* (journal), a crash-safe file of one process. The
sealer reads it there and hands `Row`s (rows) to an `ArchiveWriter` (writer), which makes *blocks*
of them: one Arrow record batch, one zstd frame, one `BlockHeader` (block) that holds the frame's
SHA-256 and the hash of the header before it. Blocks stand in a *segment* (segment), a zstd file
that ends with a seek table (seekable), and segments in an *archive* (archive). `scan` reads one as
`Block`s and `Damage`s (reader, damage), `verify` (verify) says whether all of it is as it was
written.
"""
