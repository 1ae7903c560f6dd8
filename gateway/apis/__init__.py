"""What the gateway knows about Kafka's APIs: a file for each thing to know, not for each API.

`catalogue` says of every API whether it is offered to clients and whether it changes state. For a
request the gateway asks what it **touches** (`touches`: topics), how to **refuse** it in its own
error shape (`refusal`, with `error_codes`), and which rows its **recording** (`recording`) leaves:
`produce`, `fetch` (with `fetch_sessions`) and `share_fetch` have rows of their own, which hold a
**payload** (`payload`); every exchange has a **detail** (`detail`). For an answer it asks which
**hosts** in it must become its own (`hosts`, by `addresses`), which versions it may offer
(`api_versions`), and what it teaches about topics (`metadata`), whose names by id stand in a
directory (`topics`). Everything here is a pure function of decoded messages, or a small state
passed in.
"""
