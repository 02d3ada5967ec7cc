"""The floor that pages are measured against: a bare Flask page that renders as many rows from one query.

Served by the same gunicorn as the application, over the same PostgreSQL.
"""

from __future__ import annotations

import os
import threading

import psycopg
from flask import Flask, Response, render_template_string, request

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Rows</title></head><body><h1>Rows</h1>
<table><thead><tr><th>Number</th><th>Title</th><th>Name</th><th>State</th><th>Score</th></tr></thead><tbody>
{% for row in rows %}<tr><th>{{ row[0] }}</th><td>{{ row[1] }}</td><td>{{ row[2] }}</td><td>{{ row[3] }}</td>
<td>{{ row[4] }}</td></tr>
{% endfor %}</tbody></table></body></html>"""

app = Flask(__name__)
_local = threading.local()


def _connection() -> psycopg.Connection:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["FLOOR_DATABASE_URL"])
    return _local.connection


@app.get("/rows/<int:number>")
def rows(number: int) -> str:
    connection = _connection()
    found = connection.execute(
        "SELECT number, title, name, state, score FROM floor_row WHERE number <= %s ORDER BY number", [number]
    ).fetchall()
    connection.rollback()
    return render_template_string(PAGE, rows=found)


@app.post("/save/<int:number>")
def save(number: int) -> Response:
    """Update as many rows as a scorecard has scores, in one statement, and commit."""
    connection = _connection()
    connection.execute("UPDATE floor_row SET score = %s WHERE number <= %s", [int(request.form["score"]), number])
    connection.commit()
    return Response(status=204)
