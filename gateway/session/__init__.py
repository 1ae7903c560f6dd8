"""One conversation between a client and a broker, as a machine without input or output of its own.

A **signal** (`signals`) is what happened: bytes came, a connection ended, a second passed.
`Session.handle` (`session`) takes one with the instant it happened and returns **effects**
(`effects`): events to record, bytes to send, connections to open or close, in the order in which
the shell must perform them. **Options** (`options`) are a listener's configuration, the
**topology** is what the sessions of a process learn together. A session never waits: where an
answer from elsewhere is needed it asks by an effect and goes on when the signal comes.
"""
