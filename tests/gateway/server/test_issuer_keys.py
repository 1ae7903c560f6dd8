"""An issuer's keys are fetched beside the traffic, outlive an outage, and not a long one."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
import structlog
from structlog.testing import capture_logs

from gateway.config.oauthbearer import OAuthBearer
from gateway.server import issuer_keys
from gateway.server.issuer_keys import UNKNOWN_KEYS_MAX, IssuerKeys
from tests.gateway.identity.tokens import FIRST, SECOND, key_set
from tests.gateway.server.https_server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.gateway.server.https_server import Site

DESCRIPTION = "/.well-known/openid-configuration"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An issuer that describes itself."""
    with serving(tmp_path) as site:
        described = {"issuer": site.url, "jwks_uri": f"{site.url}/jwks"}
        site.pages[DESCRIPTION] = (200, json.dumps(described).encode())
        site.pages["/jwks"] = (200, key_set(FIRST))
        yield site


def _of(site: Site, **given: object) -> IssuerKeys:
    config = OAuthBearer(issuer=site.url, audiences=("kafka",), ca=site.ca)
    return IssuerKeys(config.model_copy(update=given), structlog.get_logger())


def _kids(keys: IssuerKeys) -> list[str | None] | None:
    return None if keys.keys is None else [each.kid for each in keys.keys.keys]


async def test_the_issuer_says_where_its_keys_are(site: Site) -> None:
    """Once it was asked; before, there are none."""
    keys = _of(site)
    assert _kids(keys) is None
    await keys.look_for("k-1")

    assert _kids(keys) == ["k-1"]
    assert site.asked == [DESCRIPTION, "/jwks"]


async def test_the_place_of_the_keys_may_be_given(site: Site) -> None:
    """Then the issuer need not describe itself."""
    keys = _of(site, keys=f"{site.url}/jwks")
    await keys.look_for("k-1")

    assert (_kids(keys), site.asked) == (["k-1"], ["/jwks"])


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ({"issuer": "https://other"}, "describes itself as another issuer"),
        ({"jwks_uri": "http://127.0.0.1/jwks"}, "is no https URL"),
        ({"jwks_uri": None}, "is no https URL"),
    ],
)
async def test_a_description_that_does_not_fit_leads_nowhere(
    site: Site, description: dict[str, object], reason: str
) -> None:
    """Keys of another issuer, or without TLS, would let in anybody."""
    described = {"issuer": site.url, "jwks_uri": f"{site.url}/jwks"} | description
    site.pages[DESCRIPTION] = (200, json.dumps(described).encode())
    keys = _of(site)
    with capture_logs() as logs:
        await keys.look_for("k-1")

    assert _kids(keys) is None
    assert [line["event"] for line in logs] == ["keys_unavailable"]
    assert reason in logs[0]["reason"]


async def test_keys_outlive_an_outage_and_are_given_up_after_a_long_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nobody gets in until the issuer is back."""
    keys = _of(site, expiry_minutes=60)
    now = 1_000.0
    monkeypatch.setattr("gateway.server.issuer_keys.monotonic", lambda: now)
    await keys.look_for("a")
    site.pages["/jwks"] = (503, b"")
    now += 3_600
    with capture_logs() as logs:
        await keys.look_for("b")
        assert _kids(keys) == ["k-1"]
        now += 1
        assert _kids(keys) is None
        site.pages["/jwks"] = (200, key_set(FIRST))
        await keys.look_for("c")

    assert _kids(keys) == ["k-1"]
    assert [line["event"] for line in logs] == ["keys_unavailable", "keys_fetched"]


async def test_invented_keys_do_not_set_the_pace(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is looked for once a minute, and only so many of them."""
    keys = _of(site, keys=f"{site.url}/jwks")
    now = 1_000.0
    monkeypatch.setattr("gateway.server.issuer_keys.monotonic", lambda: now)
    found = [await keys.look_for(f"x-{n}") for n in range(UNKNOWN_KEYS_MAX + 3)]
    again = await keys.look_for("x-0")
    now += 61
    later = await keys.look_for("x-0")

    assert found == [True] * UNKNOWN_KEYS_MAX + [False] * 3
    assert (again, later) == (False, True)
    assert len(site.asked) == UNKNOWN_KEYS_MAX + 1


async def test_logins_that_wait_share_one_fetch(site: Site) -> None:
    """A restart of many clients is no storm for the issuer."""
    keys = _of(site, keys=f"{site.url}/jwks")
    await asyncio.gather(*(keys.look_for(f"x-{n}") for n in range(5)))

    assert site.asked == ["/jwks"]


async def test_a_fetch_that_takes_long_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login fails, and the next one may find the keys."""
    monkeypatch.setattr(issuer_keys, "WAIT_SECONDS", 0.0)
    keys = _of(site)

    assert not await keys.look_for("k-1")
    await keys.settle()
    assert _kids(keys) is None
    async with asyncio.timeout(5):
        while _kids(keys) is None:
            await asyncio.sleep(0.01)


async def test_keys_are_kept_fresh(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key is there before the first token of it, and a change is told once."""
    monkeypatch.setattr(issuer_keys, "SECONDS_PER_MINUTE", 0.005)
    monkeypatch.setattr(issuer_keys, "RETRY_SECONDS", 0.005)
    site.pages["/jwks"] = (503, b"")
    keys = _of(site, keys=f"{site.url}/jwks", refresh_minutes=1, expiry_minutes=10_000)
    with capture_logs() as logs:
        keeping = asyncio.create_task(keys.keep_fresh())
        await _until(lambda: bool(logs))
        site.pages["/jwks"] = (200, key_set(FIRST, SECOND))
        await _until(lambda: _kids(keys) == ["k-1", "k-2"])
        asked = len(site.asked)
        await _until(lambda: len(site.asked) > asked + 2)
        keeping.cancel()

    assert [line["event"] for line in logs if line["event"] != "keys_unavailable"] == [
        "keys_fetched"
    ]
    assert logs[-1]["kids"] == ["k-1", "k-2"]


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.005)
