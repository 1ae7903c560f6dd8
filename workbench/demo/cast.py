"""The cast: the accounts, what their clients call themselves, and the topics they use."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

ORDERS: Final = "orders"
PAYMENTS: Final = "payments"
FRAUD_SCORING: Final = "fraud-scoring"
LEDGER: Final = "ledger"
ADMINISTRATOR: Final = "platform-admin"
ACCOUNTS: Final = (ORDERS, PAYMENTS, FRAUD_SCORING, LEDGER, ADMINISTRATOR)

# The intruder has the credential of this account, and does not bother to name its client.
STOLEN_ACCOUNT: Final = FRAUD_SCORING
INTRUDER_CLIENT_ID: Final = "rdkafka"
# A batch job that was never moved behind the gateway.
FORGOTTEN_CLIENT_ID: Final = "legacy-import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The names of the topics; on a shared cluster all begin with the run's own prefix."""

    prefix: str = ""

    @property
    def orders(self) -> str:
        """What customers ordered."""
        return f"{self.prefix}orders"

    @property
    def payments(self) -> str:
        """Payments and refunds, with card numbers."""
        return f"{self.prefix}payments"

    @property
    def scores(self) -> str:
        """How suspicious each payment is."""
        return f"{self.prefix}fraud-scores"

    @property
    def drop(self) -> str:
        """Where the intruder puts what was read."""
        return f"{self.prefix}tmp-sync"

    @property
    def services(self) -> tuple[str, ...]:
        """The topics of the normal services."""
        return (self.orders, self.payments, self.scores)

    def group(self, service: str) -> str:
        """Name the consumer group of a service."""
        return f"{self.prefix}{service}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How one client reaches Kafka, and as whom; without an account it is not asked."""

    bootstrap: str
    client_id: str
    subject: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Show all but the password."""
        return f"Login({self.subject!r} as {self.client_id!r} at {self.bootstrap})"


@dataclass(frozen=True, slots=True, repr=False)
class Accounts:
    """The password of every account, random in each run and kept in memory only."""

    passwords: dict[str, str]

    @classmethod
    def create(cls) -> Accounts:
        """Invent the passwords."""
        return cls({name: secrets.token_urlsafe(24) for name in ACCOUNTS})

    def login(self, subject: str, client_id: str, bootstrap: str) -> Login:
        """Give a client the credential of an account."""
        return Login(
            bootstrap=bootstrap,
            client_id=client_id,
            subject=subject,
            password=self.passwords[subject],
        )
