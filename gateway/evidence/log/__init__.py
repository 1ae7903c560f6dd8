"""The log: one append-only Merkle tree per origin, whose leaves are the origin's block headers.

A *leaf* is the hash of an entry (merkle), which is the line of one block header. A *checkpoint*
(checkpoint) is a *note* (note) that states how large the tree is and its root, signed with the
recorder's *key* (keys), which a certificate of the *root key* and the log itself vouch for
(certificates). *Tiles* (tiles) are the files in which the tree and its entries are published, and a
*proof* (proof) shows offline that one entry is in it.

What is laid down elsewhere: RFC 6962 (the tree), and C2SP signed-note, tlog-checkpoint, tlog-tiles,
tlog-cosignature, tlog-witness and tlog-proof (the texts and files).
"""
