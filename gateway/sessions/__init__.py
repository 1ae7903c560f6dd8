"""Who is connected to a gateway that runs, and ending that: a client of its control socket."""
