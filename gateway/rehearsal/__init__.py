"""Trying policies before they are in force: on the cases of their own, and on what was recorded."""
