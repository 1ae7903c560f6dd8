"""An evidence package: a folder that can be handed out, and checked by whoever gets it.

Segments are *chosen* (choosing), *copied* with all else that the archive holds (copying), and
*proved* where they are a part (proving). Beside them stand the keys (keys), what the package is
(description), the same in CASE/UCO (ontology, vocabulary), and how to check it (readme). A list of
the hashes of all files (sums) comes last, and all of it may become one file (tar). It needs the
base install alone.
"""
