"""Looking at what the gateway depends on, before it has to be relied upon."""
