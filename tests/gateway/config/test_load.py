"""The configuration file: what is accepted, and that everything else is named at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.config.load import ConfigError, load_config
from gateway.identity.passwords import hash_password
from tests.gateway.evidence.log.signed import RECORDER, ROOT, WITNESS

HASH = hash_password("secret")
BAD_TEXT = "must be text: quote it (YAML reads bare numbers, dates, yes and no as such)"
BAD_HASH = (
    "is not a hash of the form scrypt$ln=..,r=..,p=..$SALT$KEY; "
    "make one with `streamwitness gateway hash-password`"
)
RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"
GOOD = f"""
instance: gateway-1
archive: ./archive
journal: /var/lib/streamwitness/journal
upstream: {{bootstrap: ["127.0.0.1:9092", "[::1]:9092"]}}
listeners:
  - name: clients
    host: 127.0.0.1
    port: 19092
    nodes: {{first_port: 19093, first_node_id: 1, count: 3}}
    authentication:
      type: plain
      allow_plaintext: true
      users: [{{name: alice, password_hash: "{HASH}"}}]
  - name: open
    host: 0.0.0.0
    port: 29092
    advertised_host: gateway.example
    nodes: {{first_port: 29093, count: 3}}
    authentication: {{type: none}}
forbid:
  - {{id: no-deletion, apis: [DELETE_TOPICS], topics: ["payments.*"]}}
"""


def write(folder: Path, text: str) -> Path:
    """Put a configuration file into a folder."""
    file = folder / "gateway.yaml"
    file.write_text(text)
    return file


def problems_of(folder: Path, text: str) -> list[str]:
    """Load a bad file and return its problems as shown."""
    with pytest.raises(ConfigError) as caught:
        load_config(write(folder, text))
    return [str(problem) for problem in caught.value.problems]


def test_a_good_file_becomes_a_config(tmp_path: Path) -> None:
    """Every value of the file is found where the model says, and paths count from its folder."""
    config = load_config(write(tmp_path, GOOD))

    assert config.archive == tmp_path / "archive"
    assert config.journal == Path("/var/lib/streamwitness/journal")
    assert config.journal_directory() == config.journal / "gateway-1.0"
    assert config.upstream.addresses == (("127.0.0.1", 9092), ("::1", 9092))
    assert config.listeners[0].ports == {19092: None, 19093: 1, 19094: 2, 19095: 3}
    assert [listener.advertised for listener in config.listeners] == [
        "127.0.0.1",
        "gateway.example",
    ]
    assert config.forbid[0].topics == ("payments.*",)
    assert config.limits.in_flight_max == 64


def test_the_key_folder_counts_from_the_file_s_folder(tmp_path: Path) -> None:
    """As all paths do; the recipients stay as they were written."""
    section = f"encryption: {{keys: ./keys, recipients: [{RECIPIENT}]}}\n"

    encryption = load_config(write(tmp_path, GOOD + section)).encryption

    assert encryption is not None
    assert tmp_path / "keys" == encryption.keys
    assert (RECIPIENT,) == encryption.recipients


@pytest.mark.parametrize("name", ["archive", "journal"])
def test_keys_lie_apart_from_what_they_open(tmp_path: Path, name: str) -> None:
    """Whoever copies the archive must not copy its keys with it."""
    places = {"archive": "./archive", "journal": "/var/lib/streamwitness/journal"}
    section = f"encryption: {{keys: {places[name]}/keys, recipients: [{RECIPIENT}]}}\n"

    (problem,) = problems_of(tmp_path, GOOD + section)

    assert problem.startswith("encryption.keys (line ")
    assert f"and {name} {places[name]} must lie apart: a copy of the one" in problem


def test_a_recipient_that_is_none_is_told(tmp_path: Path) -> None:
    """A private key in its place is the worst mistake of all."""
    section = "encryption: {keys: ./keys, recipients: [age1alice]}\n"

    (problem,) = problems_of(tmp_path, GOOD + section)

    assert "'age1alice' is no recipient: give the line that begins with age1" in problem


def test_certificates_count_from_the_file_s_folder(tmp_path: Path) -> None:
    """As all paths do."""
    tls = "tls: {certificate: a.crt, key: /keys/a.key}\n    authentication: {type: none}"
    text = GOOD.replace("authentication: {type: none}", tls)
    found = load_config(write(tmp_path, text)).listeners[1].tls

    assert found is not None
    assert (tmp_path / "a.crt", Path("/keys/a.key")) == (found.certificate, found.key)


@pytest.mark.parametrize(
    "authority",
    ["h:port", "h:0", "h:99999", "[::1", "..example", ":8443", "me:secret@h", "h.." + "x" * 99],
)
@pytest.mark.parametrize(
    "section",
    [
        "witnesses: [{{url: 'https://{}', key: '{key}'}}]\n",
        "timestamps: {{url: 'https://{}/tsr'}}\n",
        "object_storage: {{bucket: abc, endpoint: 'https://{}', retention_days: 1}}\n",
    ],
)
def test_an_address_that_nobody_can_be_at_is_told(
    tmp_path: Path, section: str, authority: str
) -> None:
    """Whoever is asked there would only be missing, and a password would stand in the log."""
    written = section.format(authority, key=WITNESS.public.vkey)
    (problem,) = problems_of(tmp_path, GOOD + written)

    assert "is no address: write https://HOST:PORT, without a user's name" in problem
    assert "secret" not in problem


def test_a_witness_is_no_recorder(tmp_path: Path) -> None:
    """A recorder's own signature stands under every checkpoint, and would be enough."""
    section = f"witnesses: [{{url: 'https://h', key: '{RECORDER.public.vkey}'}}]\n"
    (problem,) = problems_of(tmp_path, GOOD + section)

    assert "is no witness's key: give what `streamwitness key show --witness` prints" in problem


def test_keys_count_from_the_file_s_folder(tmp_path: Path) -> None:
    """As all paths do."""
    section = f"""
signing:
  log: example.com/gateway-1
  keys: [recorder.pem, /keys/second.pem]
  certificate: recorder.cert
  root_key: "{ROOT.public.vkey}"
  previous_key: old.pem
"""
    signing = load_config(write(tmp_path, GOOD + section)).signing

    assert signing is not None
    assert (str(tmp_path / "recorder.pem"), "/keys/second.pem") == signing.keys
    assert (tmp_path / "recorder.cert", str(tmp_path / "old.pem")) == (
        signing.certificate,
        signing.previous_key,
    )
    assert load_config(write(tmp_path, GOOD)).signing is None


def test_a_key_may_lie_on_a_token(tmp_path: Path) -> None:
    """Its URI stays as it is; one that cannot be right is told, but no PIN that stands in it."""
    uri = "pkcs11:token=a;object=b?module-path=/m.so&pin-source=/pin"
    section = f"""
signing:
  log: example.com/gateway-1
  keys: ["{uri}"]
  certificate: recorder.cert
  root_key: "{ROOT.public.vkey}"
  previous_key: "{uri}"
"""
    signing = load_config(write(tmp_path, GOOD + section)).signing

    assert signing is not None
    assert ((uri,), uri) == (signing.keys, signing.previous_key)
    bad = section.replace("pin-source=/pin", "pin-value=s3cret")
    problems = problems_of(tmp_path, GOOD + bad)
    assert [True, True] == ["holds a PIN" in problem for problem in problems]
    assert "s3cret" not in "".join(problems)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("log: a", "log: a b", "signing.log"),
        ("[k]", "[]", "signing.keys"),
        ("root+", "toor+", "signing.root_key"),
        ("certificate: c", "certificates: c", "signing.certificate"),
    ],
)
def test_keys_that_cannot_be_meant_are_refused(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    """Before anything is started."""
    section = "signing: {log: a, keys: [k], certificate: c, root_key: ROOT}"
    section = section.replace("ROOT", f'"{ROOT.public.vkey}"')

    assert old in section
    assert problem in "\n".join(problems_of(tmp_path, GOOD + section.replace(old, new)))


def test_a_config_does_not_print_password_hashes(tmp_path: Path) -> None:
    """A configuration that lands in a log by accident shows no hash."""
    assert "scrypt" not in repr(load_config(write(tmp_path, GOOD)))


def test_all_problems_are_reported_at_once_with_path_and_line(tmp_path: Path) -> None:
    """One run shows every problem, in file order, so that one edit can mend them all."""
    text = """
instance: gateway 1
archive: 7
upstream: {bootstrap: ["nowhere"], attempts: 3}
listeners:
  - name: clients
    port: "19092"
    nodes: {first_port: 19093, count: 8}
    authentication: {type: plain, allow_plaintext: true, users: [{name: a, password_hash: x}]}
durability: fast
"""

    assert problems_of(tmp_path, text) == [
        "instance (line 2): String should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'",
        "journal (line 2): is required: add it",
        f"archive (line 3): {BAD_TEXT}",
        "upstream.bootstrap.0 (line 4): 'nowhere' is not of the form host:port",
        "upstream.attempts (line 4): is no key here: remove it (docs/configuration.md)",
        "listeners.0.port (line 7): must be a whole number, without quotes",
        f"listeners.0.authentication.users.0.password_hash (line 9): {BAD_HASH}",
        "durability (line 10): Input should be 'strict', 'bounded' or 'written'",
    ]


def test_no_problem_hides_another(tmp_path: Path) -> None:
    """What values must agree on is told beside what is wrong with single ones, nested as may be."""
    text = f"""
instance: 7
instance: gateway-1
archive: &place journal/archive
journal: journal
upstream: {{bootstrap: ["nowhere", "127.0.0.1:9092", ":1"], retries: 3}}
listeners:
  - {{name: clients, port: 19094, host: 0.0.0.0, nodes: {{first_port: 19093, count: 8}},
     authentication: {{type: none}}}}
  - name: clients
    port: "19092"
    nodes: {{first_port: 65530, count: 8}}
    authentication:
      type: plain
      users: [{{name: a, password_hash: x}}, {{name: a, password_hash: "{HASH}"}}]
  - {{name: third, port: 19094, host: 0.0.0.0, advertised_host: gw, nodes: 7}}
forbid:
  - {{id: one, apis: [DropTopics, API_VERSIONS, JOIN_GROUP], topics: [a]}}
  - {{id: one, apis: [], topics: *place}}
limits: {{journal_bytes_max: 8388608, idle_ms: x}}
"""
    expected = [
        ("instance", 3, "is given twice"),
        ("journal", 5, "must lie apart"),
        ("upstream.bootstrap.0", 6, "'nowhere' is not of the form"),
        ("upstream.bootstrap.2", 6, "':1' is not of the form"),
        ("upstream.retries", 6, "is no key here"),
        ("listeners.0.host", 8, "clients cannot connect to 0.0.0.0"),
        ("listeners.0.port", 8, "port 19094 is also the port of a node"),
        ("listeners.1.name", 10, "each listener name may appear once only"),
        ("listeners.1.port", 11, "must be a whole number"),
        ("listeners.1.nodes", 12, "port 65537 for the last node is above"),
        ("listeners.1.authentication", 14, "would cross the network readable"),
        ("listeners.1.authentication.users.0.password_hash", 15, "is not a hash"),
        ("listeners.1.authentication.users.1.name", 15, "each user name may appear once only"),
        ("listeners.2.authentication", 16, "is required"),
        ("listeners.2.nodes", 16, "Input should be an object"),
        ("listeners.2.port", 16, "the address 0.0.0.0:19094 is that of listeners.0 as well"),
        ("forbid.0.apis.0", 18, "no API is called 'DropTopics'"),
        ("forbid.0.apis.1", 18, "API_VERSIONS cannot be refused"),
        ("forbid.0.topics", 18, "JOIN_GROUP names no topics"),
        ("forbid.1.apis", 19, "at least 1 item"),
        ("forbid.1.id", 19, "each rule id may appear once only"),
        ("forbid.1.topics", 19, "is an alias"),
        ("limits.idle_ms", 20, "must be a whole number"),
        ("limits.journal_bytes_max", 20, "must be at least 4 *"),
    ]
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    found = sorted(caught.value.problems, key=lambda each: (each.line or 0, each.path))

    assert [(path, line) for path, line, _ in expected] == [
        (problem.path, problem.line) for problem in found
    ]
    for problem, (_, _, message) in zip(found, expected, strict=True):
        assert message in problem.message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # What cannot be written as JSON, or read back from it.
        (
            "instance: gateway-1",
            r'instance: "\ud800"',
            [("instance", 2), ("limits.idle_ms", 23)],
        ),
        ("forbid:", '"\\ud800": 1\nforbid:', [(r"\ud800", 21), ("limits.idle_ms", 24)]),
        (
            "forbid:",
            f"deep: {'[' * 230}{']' * 230}\nforbid:",
            [("deep", 21), (f"deep{'.0' * 32}", 21), ("limits.idle_ms", 24)],
        ),
        # What cannot be read, beside what can.
        (
            "port: 29092\n    advertised_host: gateway.example",
            "port: *x",
            [
                ("listeners.1.host", 16),
                ("listeners.1.port", 17),
                ("limits.idle_ms", 22),
            ],
        ),
        (
            "forbid:",
            "retries: *x\nforbid:",
            [
                ("retries", 21),
                ("retries", 21),
                ("limits.idle_ms", 24),
            ],
        ),
        (
            "port: 29092",
            "port: *x\n    port: y",
            [
                ("listeners.1.port", 17),
                ("listeners.1.port", 18),
                ("listeners.1.port", 18),
                ("limits.idle_ms", 24),
            ],
        ),
        (
            "port: 29092",
            "port: &a x\n    host: &a gw",
            [
                ("listeners.1.host", 18),
                ("listeners.1.port", 17),
                ("limits.idle_ms", 24),
            ],
        ),
        # What is there, though unread, is not missing.
        (
            "advertised_host: gateway.example",
            "advertised_host: *x",
            [("listeners.1.advertised_host", 18), ("limits.idle_ms", 23)],
        ),
        # A type that says not which keys belong to it.
        (
            "      type: plain\n      allow_plaintext: true",
            "      typ: plain\n      allow_plaintext: no",
            [
                ("listeners.0.authentication", 12),
                ("listeners.0.authentication.typ", 12),
                ("listeners.0.authentication.type", 12),
                ("limits.idle_ms", 23),
            ],
        ),
        (
            "type: plain",
            "type: oauth\n      retries: 1",
            [
                ("listeners.0.authentication.retries", 13),
                ("listeners.0.authentication.type", 12),
                ("limits.idle_ms", 24),
            ],
        ),
        (
            "{type: none}",
            "{type: PLAIN}",
            [
                ("listeners.1.authentication", 20),
                ("listeners.1.authentication.type", 20),
                ("listeners.1.authentication.users", 20),
                ("limits.idle_ms", 23),
            ],
        ),
        # A list that is too long.
        (
            '"[::1]:9092"',
            ", ".join(["a:1"] * 64 + ["nowhere"]),
            [
                ("upstream.bootstrap", 5),
                ("upstream.bootstrap.65", 5),
                ("limits.idle_ms", 23),
            ],
        ),
    ],
)
def test_no_kind_of_mistake_hides_another(
    tmp_path: Path, old: str, new: str, expected: list[tuple[str, int]]
) -> None:
    """What is wrong far from it, and right beside it, is told in the same run."""
    text = GOOD.replace(old, new, 1) + "limits: {idle_ms: x}\n"
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    problems = caught.value.problems

    assert sorted(expected) == sorted((each.path, each.line) for each in problems)
    assert len(problems) == len(set(map(str, problems)))


def test_folders_are_compared_where_they_will_lie(tmp_path: Path) -> None:
    """Relative paths count from the file's folder, also against absolute ones and upwards."""
    journal = "/var/lib/streamwitness/journal"
    inside = GOOD.replace(journal, f"{tmp_path}/archive/journal")
    apart = GOOD.replace(journal, "../journal").replace("./archive", ".")

    assert "must lie apart" in "\n".join(problems_of(tmp_path, inside))
    assert load_config(write(tmp_path, apart)).archive == tmp_path


def test_a_value_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    """Not also as missing or of the wrong type."""
    assert ["archive (line 3): has the tag !secret: write a plain value"] == problems_of(
        tmp_path, GOOD.replace("archive: ./archive", "archive: !secret x")
    )


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    """As an error of the file, not of ours."""
    assert ["file: is nested too deeply to be a configuration"] == problems_of(
        tmp_path, "[" * 100_000
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "instance: gateway-1",
            "instance: gateway-1\ninstance: b",
            "instance (line 3): is given twice",
        ),
        ("19092\n", "19092\n    port: 5\n", "listeners.0.port (line 10): is given twice"),
        (
            "name: open",
            "name: clients",
            "listener name may appear once only: clients is that of listeners.0",
        ),
        ("port: 19092", "port: 19094", "port 19094 is also the port of a node"),
        ("    advertised_host: gateway.example\n", "", "clients cannot connect to 0.0.0.0"),
        ("allow_plaintext: true", "allow_plaintext: false", "would cross the network readable"),
        ("first_port: 19093", "first_port: 65534", "port 65536 for the last node is above 65535"),
        ("DELETE_TOPICS", "DropTopics", "no API is called 'DropTopics'"),
        ("DELETE_TOPICS", "API_VERSIONS", "API_VERSIONS cannot be refused"),
        ("DELETE_TOPICS", "FETCH, JOIN_GROUP", "JOIN_GROUP names no topics: leave topics out"),
        ("journal: /var/lib/streamwitness/journal", "journal: archive", "must lie apart"),
        ("journal: /var/lib/streamwitness/journal", "journal: ./archive/j", "must lie apart"),
        ("archive: ./archive", "archive: /var/lib/streamwitness", "must lie apart"),
        ("archive: ./archive", "archive: ./archive\nlimits: {idle_ms: .nan}", "limits.idle_ms"),
        ("type: none", "type: oauth", "type (line 20): must be given as none, plain, sasl or mtls"),
        ("type: none", "typ: none", "type (line 20): must be given as none, plain, sasl or mtls"),
        ("name: alice", "name: no", "must be text: quote it"),
        ("allow_plaintext: true", 'allow_plaintext: "true"', "must be true or false"),
        ("instance:", "instanse:", "did you mean instance?"),
        ("{type: none}", "{type: none, users: []}", "users (line 20): is no key here: only type: "),
        ("{type: none}", "{type: none, usres: []}", "is no key here: only type: plain takes users"),
        ("users:", "usres: 1\n      users:", "is no key here: did you mean users?"),
        ("instance:", "port: 1\ninstance:", "port (line 2): is no key here: remove it"),
        ("archive: ./archive", "archive: &a ./archive\nlimits: *a", "is an alias"),
        ("archive: ./archive", "archive: !secret x", "has the tag !secret"),
        ("count: 3", "count: !!int x", "is no int"),
        ("allow_plaintext: true", "allow_plaintext: !!bool x", "is no bool"),
        ("count: 3", 'count: !!int ""', "is no int"),
        ("archive: ./archive", r'archive: "a\0b"', "archive (line 3): holds an escape"),
        ("forbid:", "? [a]\n: 1\nforbid:", "file (line 21): has a key that is no text"),
        ("type: none", "type: 7", "must be given as none, plain, sasl or mtls"),
        ("{type: none}", "7", "listeners.1.authentication (line 20): "),
        ("127.0.0.1:9092", "127.0.0.1:99999", "port outside 1 to 65535"),
        ("[::1]:9092", "::1:9092", "not of the form host:port"),
        ("forbid:", "limits: {journal_bytes_max: 8388608}\nforbid:", "must be at least 4 *"),
        ("id: no-deletion", "id: no-deletion, apis: [FETCH]}\n  - {id: no-deletion", "rule id may"),
        ("name: alice", "name: alice, password_hash: x}, {name: alice", "is not a hash"),
        (GOOD, "", "must be a mapping"),
        (GOOD, "- a list", "must be a mapping"),
        (GOOD, "a: [1", "is not YAML"),
        (GOOD, "a: 1\n---\nb: 2", "is not YAML"),
        (GOOD, "a: \x01", "is not YAML"),
    ],
)
def test_a_bad_file_is_refused_with_what_to_do(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    """Each kind of mistake is found and named."""
    assert old in GOOD
    assert problem in "\n".join(problems_of(tmp_path, GOOD.replace(old, new, 1)))


def test_users_with_one_name_are_refused(tmp_path: Path) -> None:
    """A second hash for a name would make it a matter of order which password counts."""
    one = f'{{name: alice, password_hash: "{HASH}"}}'

    assert "each user name may appear once only: alice is that of" in "\n".join(
        problems_of(tmp_path, GOOD.replace(one, f"{one}, {one}"))
    )


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """A missing, binary or huge file is an error of the same kind."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "missing.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(binary)
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b" " * (4 * 1024 * 1024 + 1))
    with pytest.raises(ConfigError, match="is it the right file"):
        load_config(huge)


def test_the_documented_example_is_a_good_file(tmp_path: Path) -> None:
    """A reader can start from the example as it stands."""
    example = re.search(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)

    assert example is not None
    assert load_config(write(tmp_path, example[1])).instance == "gateway-1"
