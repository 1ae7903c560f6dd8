"""The gateway: it stands between Kafka's clients and brokers, and keeps what passes as evidence.

Bytes of the **wire** are messages; a **session** makes of messages what must be recorded, sent and
refused, with what is known of single **apis**, who the client is (**identity**) and what it may do
(**policy**). The **server** performs it with real sockets, after a **config**; the **sealer** turns
the journal into the archive. **Evidence** is the format that the gateway and the workbench share,
and all that the workbench knows of the gateway.
"""
