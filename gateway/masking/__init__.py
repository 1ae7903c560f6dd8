"""Replacing what a reader may not see, or what a broker may not get, inside of record batches.

A **mask** (`plan`) says which **method** (`methods`) meets which place: a path in the value or the
key, or a header. The masks on one topic are compiled to a **plan**: its **paths** (`paths`) become
one automaton, by which `json_text` finds the values in a JSON text and replaces their bytes alone.
`batches` does so for every record of a run of batches, and gives new bytes and what was replaced,
or says why it could not. Keyed methods take their secrets from **keys** (`keys`). Pure: files are
read elsewhere.
"""
