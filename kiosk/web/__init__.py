"""The web application: the clerks' pages, the HTTP API for other programs, and the event stream."""
