"""Refusing some topics of a request while the others pass, as a broker's authorizer does.

Only for APIs by which clients send and read records: there one forbidden topic among several must
not stop the others. All other requests are refused whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.apis.produce import expects_answer
from gateway.apis.topics import TopicDirectory, reference
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Collection

    from gateway.wire.readers import Body

_ASKED = {ApiKey.PRODUCE: "topic_data", ApiKey.FETCH: "topics"}


def is_divisible(api_key: int, body: Body) -> bool:
    """Say whether topics of a request can be refused one by one.

    A Produce without an answer cannot say which were, so a broker closes the connection.
    """
    return api_key == ApiKey.FETCH or (api_key == ApiKey.PRODUCE and expects_answer(body))


def named_topics(api_key: int, body: Body, directory: TopicDirectory) -> frozenset[str]:
    """Name the topics that a request itself names, as far as they are known."""
    found = (reference(topic, directory).name for topic in body[_ASKED[ApiKey(api_key)]])
    return frozenset(name for name in found if name is not None)


def take_out(api_key: int, body: Body, denied: Collection[str], directory: TopicDirectory) -> Body:
    """Remove topics from a request; return the request as it would be about them alone."""
    array = _ASKED[ApiKey(api_key)]
    taken = [topic for topic in body[array] if reference(topic, directory).name in denied]
    kept = [topic for topic in body[array] if reference(topic, directory).name not in denied]
    assert taken, "some topic is refused"
    body[array] = kept
    return {**body, array: taken}


def put_back(answer: Body, refusal: Body) -> None:
    """Add the refused topics to an answer, unless it says that nothing was done at all."""
    if not answer.get("error_code"):
        answer["responses"] = [*answer["responses"], *refusal["responses"]]
