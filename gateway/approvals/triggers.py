"""What the database itself refuses, whoever sends the SQL: written for SQLite and PostgreSQL.

Each rule is a condition under which a change is refused, and the text of the refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIXED = (
    *("id", "digest", "issuer", "subject", "api", "rule_id", "asked", "reviewers"),
    *("reviewer_groups", "kind", "minutes", "records_max", "bytes_max", "asked_ns"),
)
_CHANGED = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _FIXED)

_YES = "SELECT count(*) FROM votes WHERE request_id = OLD.id AND verdict = 'approve'"
_NO = "SELECT count(*) FROM votes WHERE request_id = OLD.id AND verdict = 'deny'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One refusal: before which change of which table, when, and with which text."""

    name: str
    table: str
    change: str
    when: str
    text: str


RULES = (
    Rule(
        name="request_begins_pending",
        table="requests",
        change="INSERT",
        when=(
            "NEW.state <> 'pending' OR NEW.reviewers < 1 OR NEW.glass_subject IS NOT NULL "
            "OR NEW.used_records <> 0 OR NEW.used_bytes <> 0"
        ),
        text="a request begins pending, unused, with a reviewer to come",
    ),
    Rule(
        name="request_is_fixed",
        table="requests",
        change="UPDATE",
        when=_CHANGED,
        text="what was asked does not change",
    ),
    Rule(
        name="terminal_state_is_final",
        table="requests",
        change="UPDATE",
        when="OLD.state NOT IN ('pending', 'approved')",
        text="a terminal state never changes",
    ),
    Rule(
        name="states_follow_the_table",
        table="requests",
        change="UPDATE",
        when=(
            "(OLD.state = 'pending' AND NEW.state NOT IN "
            "('pending', 'approved', 'denied', 'expired', 'cancelled')) OR "
            "(OLD.state = 'approved' AND NEW.state NOT IN "
            "('approved', 'consumed', 'revoked', 'expired'))"
        ),
        text="this state does not follow that one",
    ),
    Rule(
        name="approval_needs_votes",
        table="requests",
        change="UPDATE",
        when=(
            "OLD.state = 'pending' AND NEW.state = 'approved' AND NEW.glass_subject IS NULL "
            f"AND (({_YES}) < OLD.reviewers OR ({_NO}) > 0)"
        ),
        text="too few reviewers approved",
    ),
    Rule(
        name="glass_is_broken_with_a_reason",
        table="requests",
        change="UPDATE",
        when=(
            "(NEW.glass_subject IS DISTINCT FROM OLD.glass_subject OR "
            "NEW.glass_issuer IS DISTINCT FROM OLD.glass_issuer) AND "
            "(OLD.state <> 'pending' OR NEW.state <> 'approved' OR "
            "NEW.glass_issuer IS NULL OR coalesce(NEW.reason, '') = '')"
        ),
        text="the glass is broken once, by somebody, with a reason",
    ),
    Rule(
        name="use_only_grows",
        table="requests",
        change="UPDATE",
        when=(
            "NEW.used_records < OLD.used_records OR NEW.used_bytes < OLD.used_bytes OR "
            "coalesce(NEW.used_records > NEW.records_max, false) OR "
            "coalesce(NEW.used_bytes > NEW.bytes_max, false)"
        ),
        text="use grows, up to the limits of the grant",
    ),
    Rule(
        name="request_stays",
        table="requests",
        change="DELETE",
        when="true",
        text="a request is not deleted",
    ),
    Rule(
        name="nobody_decides_their_own",
        table="votes",
        change="INSERT",
        when="NEW.subject = (SELECT subject FROM requests WHERE id = NEW.request_id)",
        text="nobody decides about their own request",
    ),
    Rule(
        name="vote_is_about_this_request",
        table="votes",
        change="INSERT",
        when="NEW.digest IS DISTINCT FROM (SELECT digest FROM requests WHERE id = NEW.request_id)",
        text="the vote is about another request",
    ),
    Rule(
        name="vote_comes_while_pending",
        table="votes",
        change="INSERT",
        when=(
            "NEW.verdict NOT IN ('approve', 'deny') OR (SELECT state FROM requests "
            "WHERE id = NEW.request_id) IS DISTINCT FROM 'pending'"
        ),
        text="nothing is left to vote on",
    ),
    Rule(
        name="vote_stays",
        table="votes",
        change="UPDATE",
        when="true",
        text="a vote is not changed",
    ),
    Rule(
        name="vote_is_kept",
        table="votes",
        change="DELETE",
        when="true",
        text="a vote is not taken back",
    ),
)


def statements(dialect: str) -> Iterator[str]:
    """Yield what creates all triggers in a database of this dialect."""
    write = _postgresql if dialect == "postgresql" else _sqlite
    for rule in RULES:
        yield from write(rule)


def _sqlite(rule: Rule) -> Iterator[str]:
    # SQLite has IS NOT for what the standard calls IS DISTINCT FROM; older ones know it alone.
    when = rule.when.replace("IS DISTINCT FROM", "IS NOT")
    yield (
        f"CREATE TRIGGER {rule.name} BEFORE {rule.change} ON {rule.table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{rule.text}'); END"
    )


def _postgresql(rule: Rule) -> Iterator[str]:
    # A condition of a trigger may hold no query there, a function may.
    result = "OLD" if rule.change == "DELETE" else "NEW"
    yield (
        f"CREATE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {rule.when} THEN RAISE EXCEPTION '{rule.text}' USING ERRCODE = '23514'; END IF; "
        f"RETURN {result}; END $$"
    )
    yield (
        f"CREATE TRIGGER {rule.name} BEFORE {rule.change} ON {rule.table} "
        f"FOR EACH ROW EXECUTE FUNCTION {rule.name}()"
    )
    if rule.change == "DELETE":
        yield (
            f"CREATE FUNCTION {rule.name}_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{rule.text}' USING ERRCODE = '23514'; END $$"
        )
        yield (
            f"CREATE TRIGGER {rule.name}_all BEFORE TRUNCATE ON {rule.table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {rule.name}_all()"
        )
