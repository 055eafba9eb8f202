"""The web application: pages, the HTTP contract and the event stream."""
