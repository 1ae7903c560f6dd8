"""The report: a notebook executed with parameters, as one HTML file that needs nothing else.

The notebook (notebook) is found, and told its parameters; a fresh kernel runs it (execution); the
page (page) shows what came out, with the *manifest* (manifest) of what it rests on. `build_report`
(build) does all of it. The same archive, notebook and parameters give the same bytes, whenever and
wherever it is built with the same versions.
"""
