"""Attacks on the real bucket: whether what is written once can be changed or removed (WORM).

`target` puts objects of its own to be attacked; `attacks` is the list; `doctor` runs it and judges
by what can be read back, never by what the server answers; `check` is the gateway's question at its
start.
"""
