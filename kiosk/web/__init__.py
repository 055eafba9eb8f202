"""The web application: the clerks' pages in two languages, the HTTP API for other programs, and the
event stream.  guard.py protects all of them from other web sites.
"""
