"""How long an archive keeps what was recorded, and what keeps it from being removed."""
