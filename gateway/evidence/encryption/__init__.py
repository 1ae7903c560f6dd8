"""Encryption at rest: what clients sent and were sent, readable only with a key kept elsewhere.

Each session has a *data key* (sealed) that seals its payloads before they reach the journal; the
key is kept in a *key folder* (folder), wrapped for recipients (recipients) whose identities no
gateway holds. An event says in its detail that it is sealed (marks). Without the file of a session
its content is gone, and every hash and signature still holds, for they are over what is stored.
"""
