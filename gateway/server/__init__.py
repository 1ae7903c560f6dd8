"""The shell around the sessions: the only code of the gateway that waits.

The **listeners** accept clients on a bootstrap port and on one port per node. Each accepted client
becomes a **pump**, which feeds one `gateway.session.session.Session` with what happens on its two
connections (the **ends**) and performs its effects in order. The **recorder** writes events ahead
of what they describe and closes the gate when it cannot; the **upstream** asks the cluster about
its nodes and topics; **passwords** are checked beside the loop. A **worker** is one loop with one
journal and one origin; the **supervisor** keeps the sealer process alive; `run` wires all of it,
from the first log line to the exit code.
"""
