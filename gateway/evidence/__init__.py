"""Evidence: what was recorded, how it is stored, and how anyone checks it.

An `Event` (event) is appended to the *journal* (journal), a crash-safe file of one process. The
sealer reads it there and hands `Row`s (rows) to an `ArchiveWriter` (writer), which makes *blocks*
of them: one Arrow record batch, one zstd frame, one `BlockHeader` (block) that holds the frame's
SHA-256 and the hash of the header before it. Blocks stand in a *segment* (segment), a zstd file
that ends with a seek table (seekable), and segments in an *archive* (archive). Every header is also
an entry of the origin's signed *log* (log, leaves), whose checkpoints cover what was synced.

The way back: what stands where in a file (stored), block after block and around damage (walk), each
frame's rows (decode, on threads: ahead), each header's place in its origin's *history* (history),
and all of it together (reader). `scan` yields an archive as `Block`s and `Damage`s (damage),
`read_outline` tells what a sealed segment is without reading it (outline), and `verify` says
whether all of it is as it was written (verify, log_check), in words that claim no more than that
(claims, document). `prove_event` shows one event's block to whoever has no archive (prove).
"""
