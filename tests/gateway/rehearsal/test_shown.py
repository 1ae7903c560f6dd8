"""Rules are shown as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.config.bundle_load import load_bundle
from gateway.rehearsal.shown import shown_rules
from tests.gateway.config.bundles import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """
defaults:
  - {listeners: [ext*], data: deny}
  - {admin: allow}
rules:
  - {id: a, effect: deny, apis: [PRODUCE, FETCH], topics: [c*, d], except: {topics: [c1]}}
  - {id: b, effect: allow, principals: {groups: [ops]}, times: [{to: '10:00'}]}
  - {id: c, effect: deny, except: {topics: [x]}, when: request.bytes > 1}
"""


def test_each_rule_is_a_line(tmp_path: Path) -> None:
    """With what it does, to what, and what else it looks at."""
    assert [
        "deny a: FETCH, PRODUCE; topics: c*, d except c1",
        "allow b: all APIs; looks at principals, times",
        "deny c: all APIs; topics: all except x; when request.bytes > 1",
        "default on ext*: deny data, deny admin",
        "default on all listeners: allow data, allow admin",
    ] == list(shown_rules(load_bundle(write_bundle(tmp_path, a=TEXT)).policy))
