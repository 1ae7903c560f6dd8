"""The Kafka clients that the tests drive, each behind the same few verbs (protocol)."""
