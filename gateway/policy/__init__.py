"""What a request may do: pure decisions over rules that are passed in."""
