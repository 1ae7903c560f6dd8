"""Charts: tables drawn as Altair charts, which are values; the notebook shows them.

A chart is made of small *rows* (lanes) that were aggregated in Polars first, so that no archive is
too large to draw, and it says how many it shows of how many there are. *Display* (display) tells
Altair to draw without a network.
"""
