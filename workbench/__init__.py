"""The workbench: open an archive, ask who read what, and report it.

`open` (archive) verifies and loads; tables (tables) answer questions (questions), which charts
(charts), notebooks and reports (report) show.
"""
