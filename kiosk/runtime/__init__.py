"""What the program needs from the machine: threads, servers, HTTP, locks, paths, files,
SQLite, progress.
"""
