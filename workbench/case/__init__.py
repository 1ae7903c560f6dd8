"""A case: a responder's working folder, which writes down what was done with the evidence.

A *case* (folder) names its archives and opens them; what is taken out of them goes through it as
exports (exports). Each step becomes an entry of the *custody log* (custody), whose lines are
chained by their hashes; what breaks that chain is found by reading it (checking), and a key can
sign the state that it has reached (signing).
"""
