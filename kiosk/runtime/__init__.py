"""What the program needs from the machine: threads, sockets, locks, paths, SQLite."""
