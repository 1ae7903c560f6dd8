"""What a request may do: pure decisions over rules that are passed in.

A **decision** (`decision`) is allow, mask, hold or deny, with the ids of the rules behind it. The
**policy** of a listener (`forbid`) makes it from the rules of the configuration.
"""
