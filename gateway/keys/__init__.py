"""The keys that sign logs and those that open payloads: made, shown, certified, destroyed."""
