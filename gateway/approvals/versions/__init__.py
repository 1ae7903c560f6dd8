"""The steps that a database went through, oldest first; a step is never changed afterwards."""
