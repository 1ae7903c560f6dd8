"""How sessions end in odd ways: what is still taken, and what is counted as never sent."""

from __future__ import annotations

from gateway.evidence.event import EventKind
from gateway.session.effects import ShutdownBrokerWrite
from gateway.session.signals import BrokerEof, BrokerFailed, ClientBytes, ClientEof
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import answer, ask, connected, opened, produce
from tests.playbook import row

LIST = (ApiKey.LIST_GROUPS, 3)


def test_what_was_never_sent_is_counted() -> None:
    """A Produce without acks has its row before it is sent; the last row says how much was not."""
    play = opened()
    play >> ClientBytes(produce(acks=0))
    play.take_all()
    (
        play
        >> BrokerFailed("refused")
        << row(
            EventKind.SESSION_CLOSE,
            detail={"bytes_not_sent_to_broker": len(produce(acks=0)), "bytes_to_broker": 0},
        )
    )
    play.take_all()
    play.finish()


def test_the_closing_row_counts_the_traffic() -> None:
    """Bytes of both sides and what was cut off stand in the last row."""
    play = connected()
    request, reply = ask(*LIST, correlation_id=0), answer(*LIST, correlation_id=0)
    play >> ClientBytes(ask(*LIST)[:10]) >> ClientEof() << ShutdownBrokerWrite() >> BrokerEof()
    (
        play
        << row(
            EventKind.SESSION_CLOSE,
            detail={
                "bytes_from_client": len(request) + 10,
                "bytes_to_broker": len(request),
                "bytes_from_broker": len(reply),
                "bytes_to_client": len(reply),
                "exchange_count": 1,
                "bytes_of_cut_frame": 10,
                "frames_not_taken": 0,
            },
        )
    )
    play.take_all()
    play.finish()
