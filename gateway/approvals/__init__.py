"""Approvals that are kept: the store that gateways share, and what people do with it.

The **store** (`store`) holds requests and votes in **tables** (`tables`) of SQLite or PostgreSQL;
each step is one transaction, and **triggers** (`triggers`) in the database refuse what no step may
do, whoever asks. `migrate` brings a database to the newest of the `versions`.
"""
