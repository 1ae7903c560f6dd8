"""What the gateway knows about single Kafka APIs: one file per API, or per tight family.

`catalogue` says of every API whether it is offered to clients and whether it changes state. For a
request the gateway asks what it **touches** (`touches`: topics, groups), how to **refuse** it in
its own error shape (`refusal`), and which **rows** of evidence it leaves (`produce`, `fetch`,
`share_fetch`, `generic`); for an answer, which **hosts** in it must become the gateway's own
(`hosts`) and what it teaches about topics (`metadata`). Everything here is a pure function of
decoded messages, or a small state passed in.
"""
