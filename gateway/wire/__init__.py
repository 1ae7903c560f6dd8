"""Kafka's wire protocol as values: bytes in, values out, values in, bytes out.

- A *frame* is one size-prefixed run of bytes; `frames.FrameBuffer` cuts a stream into frames.
- A *header* opens each frame and names the API and its version; `headers` reads and writes it.
- A *message* is the rest of the frame as a dictionary; `messages` decodes and encodes requests and
  responses.
- The *table* (`table/messages.json`, read through `table`) says which fields each version of each
  API has; `schema` names what a field is, `readers` and `writers` compile a version's fields into
  functions on first use.
- A *record batch* is what Produce and Fetch carry; messages leave it alone, `records` reads it.

Whatever a peer sends, only `errors.WireError` and its kinds come out, after bounded time and
memory. Nothing here knows of sockets, clocks or files (the packaged table excepted).
"""
