"""Questions: what happened, asked of tables and answered with a verdict.

A **verdict** (verdict) is yes, no or unknown, with the level of *proof*, the *coverage* (coverage)
of what was recorded, and the rows that say so. `no` is only said when nothing that is missing could
have made it a yes: what could is a *doubt* (doubts). Each question is one function in a module of
its name; all take `Tables` first.
"""
