"""Measurements: what the gateway costs, what masking adds, and how fast evidence is read.

The modules are called gateway, masking and evidence, with durability for its modes. Each is a
command, `python -m benchmarks.NAME`, that prints a table and can write JSON. A *route* (routes) is
a way to reach Kafka: direct, or through a gateway. Every measurement of a *load* (load) is taken on
both routes in turn, several times in one run, because machines and neighbours change from minute to
minute; only ratios within one run are compared.
"""
