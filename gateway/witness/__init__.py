"""The witness: a small program apart that cosigns logs, each only as long as it grows.

It belongs to somebody else than the recorder: another department, on another machine, with a key of
its own. A recorder's log sends its newest checkpoint with the proof that the log only grew since
the last one (C2SP tlog-witness). The *witness* (witness) checks that against what it saw last,
which its *memory* (memory) keeps on disk, and answers with a cosignature; *app* serves it over
HTTP, and *submit* is what asks for it, with what *post* makes of HTTP. Whoever audits an archive
asks the witness for what it saw.
"""
