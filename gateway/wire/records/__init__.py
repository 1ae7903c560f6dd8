"""Record batches: the bytes that Produce, Fetch and ShareFetch carry.

A run of such bytes is a sequence of *batches*. `batch.walk` finds them by their headers alone,
which is all that the gateway needs; `decode.decode_batch` opens one and returns its *records*
(`record.Record`); `encode` makes one, or one like another. Formats: record batch v2 (KIP-98), read
and written; message sets v0 and v1 (KIP-31, KIP-32), read only.
"""
