"""Who may say yes to what: pure rules over requests and votes that are passed in.

An **asked** request (`asked`) is what a client wants and under which terms it may have it; its
digest (`digest`) is what a **vote** (`vote`) is bound to. A request has a **state** (`state`): a
table says which may follow which. An **answer** (`answer`) is what a held request is told.
"""
