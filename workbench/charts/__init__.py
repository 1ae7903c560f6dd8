"""Charts: tables drawn as Altair charts, which are values; the notebook shows them.

What a chart shows is aggregated in Polars first (lanes, bins), so that no archive is too large to
draw; it becomes the *rows* (rows) of a chart (timeline), which says how many it shows of how many
there are. *Display* (display) tells Altair to draw without a network.
"""
