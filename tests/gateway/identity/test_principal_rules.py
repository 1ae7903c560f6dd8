"""Kafka's rules give the same users as in Kafka: the expected values were made by its own class."""

from __future__ import annotations

import pytest

from gateway.identity.principal_rules import parse_principal_rules

SERVICES = "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/"


@pytest.mark.parametrize(
    ("rules", "name", "expected"),
    [
        ("DEFAULT", "CN=a,O=b", "CN=a,O=b"),
        (SERVICES, "CN=svc,OU=ServiceUsers,O=x", "svc"),
        (SERVICES, "CN=svc,OU=Other", None),
        ("RULE:^CN=(.*?),OU=(.*?),O=(.*?)$/$1@$2/L , DEFAULT", "CN=Adm,OU=Adm,O=X", "adm@adm"),
        ("RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U", "O=q,cn=ab.c,O=x", "AB.C"),
        # Java replaces every match, and after `abc` there is an empty one.
        ("RULE:(.*)/$1x/", "abc", "abcxx"),
        (r"RULE:^CN=(.*)$/\$1-$2-$12/", "CN=z", "$1-$2-z2"),
        ("RULE:^CN=(.*)$/$0-$1/", "CN=z", "CN=z-z"),
        ("RULE:^CN=(?<n>.*)$/${n}!/", "CN=z", "z!"),
        (r"RULE:^CN=a\/b$/c\/d/", "CN=a/b", "c/d"),
        ("RULE:^CN=(.*),O=x$/$1,y/,RULE:^CN=(.*)$/$1/L", "CN=Q", "q"),
    ],
)
def test_a_name_becomes_the_user_that_kafka_makes_of_it(
    rules: str, name: str, expected: str | None
) -> None:
    """Whoever moves a listener here from a broker keeps the rules."""
    assert expected == parse_principal_rules(rules).user(name)


@pytest.mark.parametrize(
    ("rules", "name"),
    [("RULE:^CN=(.*)$/$1/", "CN="), ("RULE:^CN=(a)?$/$1/", "CN="), ("DEFAULT", "")],
)
def test_a_user_without_a_name_is_none(rules: str, name: str) -> None:
    """Kafka lets in a user of the empty name; no rule about principals could mean that one."""
    assert parse_principal_rules(rules).user(name) is None


def test_a_group_that_is_not_there_stays_as_it_is_written() -> None:
    """A misspelled reference shows in the evidence."""
    assert "${who}" == parse_principal_rules("RULE:^CN=(.*)$/${who}/").user("CN=z")


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("RULE:^CN=(.*)$/$1/LDEFAULT", "has no rule at 'RULE:"),
        ("DEFAULT, nonsense", "has no rule at 'nonsense'"),
        ("RULE:(/x/", "has a pattern that is none: '\\('"),
        ("  ", "has no rule: leave it out"),
    ],
)
def test_what_is_no_rule_is_told(rules: str, told: str) -> None:
    """At the start, and with the place."""
    with pytest.raises(ValueError, match=told):
        parse_principal_rules(rules)
