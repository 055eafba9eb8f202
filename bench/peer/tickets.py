"""A minimal Flask program under waitress that looks a ticket up and writes one row.

    python tickets.py FOLDER TICKETS

SQLite as ours has it: a write-ahead log, and synchronous = full, so that each answer is on disk.
Prints `Ready: ADDRESS`.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any, cast

from flask import Flask, Response, jsonify, request
from waitress.server import create_server

THREADS = 16


def main() -> None:
    """Fill the tickets, and serve until the process is ended."""
    path, tickets = Path(sys.argv[1]) / "tickets.db", int(sys.argv[2])
    local, writing = threading.local(), threading.Lock()

    def connection() -> sqlite3.Connection:
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(path, isolation_level=None)
            local.connection.execute("pragma journal_mode = wal")
            local.connection.execute("pragma synchronous = full")
        opened: sqlite3.Connection = local.connection
        return opened

    db = connection()
    db.execute("create table ticket (number text primary key, holder text not null)")
    db.execute(
        "create table entry"
        " (id integer primary key, number text, at text default current_timestamp)"
    )
    db.execute("begin")
    rows = ((f"DN40199999{number:05d}", f"Nguyễn Văn {number}") for number in range(tickets))
    db.executemany("insert into ticket values (?, ?)", rows)
    db.execute("commit")
    app = Flask("tickets")

    @app.post("/api/scans")
    def scan() -> tuple[Response, int]:
        number = request.get_json()["payload"].partition("|")[0]
        found = connection().execute("select holder from ticket where number = ?", [number])
        row = found.fetchone()
        if row is None:
            return jsonify({"status": "unknown"}), 404
        with writing:
            entry = connection().execute("insert into entry (number) values (?)", [number])
        return jsonify({"status": "ok", "holder": row[0], "entry": entry.lastrowid}), 200

    server = create_server(app, host="127.0.0.1", port=0, threads=THREADS)
    print(f"Ready: http://127.0.0.1:{cast(Any, server).effective_port}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
