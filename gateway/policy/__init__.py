"""What a request may do: pure decisions over rules that are passed in.

A **request** (`request`) is what rules can look at. A **rule** (`rule`) is a **selection** of
requests (`selection`: patterns over names, windows of time, bounds on numbers, a condition in CEL)
with its effect. The **policy** (`engine`) makes a **decision** (`decision`) of all rules: allow,
mask, hold or deny, with the ids of the rules behind it and the digest of the bundle that they came
in. What is masked says a **mask rule** (`mask_rule`), who approves a **hold rule** (`hold_rule`).
The **current** policy (`current`) is the one in force.
"""
