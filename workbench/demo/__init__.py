"""The demo: a breach on this machine, recorded by the gateway and investigated from the archive.

A **cluster** (cluster) is the embedded broker or one that the user names; the **gateway** (gateway)
records what passes it. The **cast** (cast) are the accounts and topics: normal **services**
(services) and an **intruder** (intruder) with a stolen credential, all of them real Kafka clients.
What each client sent and received it writes into the **ground truth** (truth). The **scenario**
(scenario) is the order in which they act. When it is over, the archive alone is asked what
happened, and every answer is **checked** (check) against the ground truth. `run` is the order of
the stages, from the empty folder to the report.
"""
