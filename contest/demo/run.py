"""contest demo: the embedded services, the schema, demo data, the web application and the worker.

One process supervises all; whatever ends it ends them. The second start on a folder keeps its data.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from contest import schema
from contest.embedded import Addresses, AlreadyRunning, Embedded, EmbeddedError
from contest.embedded.state import Lock, is_free, write_json
from contest.settings import Settings
from contest.storage import Storage

DEFAULT_PORT = 5000
#: Seconds until the web application must answer; a warm start takes about 2.
PATIENCE = 60.0
#: What of our environment the children may see. Secrets of the host stay out.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")


def main(data: Path, *, port: int | None = None, reset: bool = False, empty: bool = False) -> int:
    """Run the demo until Ctrl-C. Returns the exit code."""
    try:
        if reset:
            _reset(data)
        embedded = Embedded(data)
        with embedded:
            return _run(embedded, port=port, empty=empty)
    except AlreadyRunning as running:
        where = running.address or "an address that it has not written yet"
        print(f"A demo already runs on {data}, at {where}. Stop it first, or choose another --data.", file=sys.stderr)
        return 3
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1


def _reset(data: Path) -> None:
    """Throw away what an earlier demo left in the folder, and nothing that is not a demo's."""
    if not data.exists():
        return
    if any(data.iterdir()) and not (data / "lock").exists():
        raise EmbeddedError(f"{data} does not look like a demo's folder; --reset leaves it alone")
    lock = Lock(data)
    lock.take()
    try:
        for child in data.iterdir():
            if child.name == "lock":
                continue
            if child.is_dir():
                shutil.rmtree(child)
            else:
                child.unlink()
    finally:
        lock.drop()


def _run(embedded: Embedded, *, port: int | None, empty: bool) -> int:
    print("Starting PostgreSQL, Valkey and SeaweedFS …", flush=True)
    addresses = embedded.start()
    if port is not None and not is_free(port):
        raise EmbeddedError(f"port {port} is taken or not allowed; choose another --port")
    chosen = embedded.port("web", port or DEFAULT_PORT)
    environment = _environment(embedded, addresses, chosen)
    settings = Settings.model_validate(
        {name.lower(): value for name, value in environment.items() if name.lower() in Settings.model_fields}
    )
    if not (embedded.data / "facts.json").exists():
        # A first start that was cut short left half a demo: nobody has worked with it, so begin anew.
        schema.drop_all(settings.database_url)
    schema.migrate(settings.database_url)
    Storage.from_settings(settings).prepare([f"http://localhost:{chosen}", f"http://127.0.0.1:{chosen}"])
    facts = _facts(embedded, settings, empty=empty)
    python = [sys.executable, "-m", "contest.cli"]
    embedded.spawn("web", [*python, "web", "--bind", f"127.0.0.1:{chosen}"], environment)
    embedded.spawn("worker", [*python, "worker"], environment)
    _wait_ready(embedded, settings.base_url)
    write_json(embedded.data / "demo.json", {**facts, "base_url": settings.base_url})
    _tell(settings.base_url, facts, embedded.data)
    reason = embedded.watch()
    print(f"\nStopping ({reason}) …", flush=True)
    return 0 if reason in ("SIGINT", "SIGTERM", "SIGHUP") else 1


_OPERATOR = {
    "en": "the app team of Shiosaki City (a fictional body)",
    "ja": "汐崎市 アプリチーム（架空の団体です）",
}


def _environment(embedded: Embedded, addresses: Addresses, port: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "CONTEST_ENV": "demo",
        "OPERATOR": json.dumps(_OPERATOR, ensure_ascii=False),
        "CONTACT_URL": "app-team@shiosaki.example",
        "SECRET_KEY": embedded.secret("secret_key", 48),
        "RECEIPT_KEY": _hexadecimal(embedded.secret("receipt_key", 48)),
        "BASE_URL": f"http://localhost:{port}",
        "TRUSTED_HOSTS": "localhost",
        # The same process under the machine's other name: another origin, as in earnest.
        "PROTOTYPE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": addresses.database_url,
        "REDIS_URL": addresses.redis_url,
        "S3_ENDPOINT": addresses.s3_endpoint,
        "S3_ACCESS_KEY": addresses.s3_access_key,
        "S3_SECRET_KEY": addresses.s3_secret_key,
        "S3_BUCKET": addresses.s3_bucket,
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
    }


def _hexadecimal(word: str) -> str:
    """32 bytes in hexadecimal from a longer random word."""
    import hashlib

    return hashlib.sha256(word.encode()).hexdigest()


def _facts(embedded: Embedded, settings: Settings, *, empty: bool) -> dict[str, Any]:
    """Accounts and contests of this folder: made at the first start, read at later ones."""
    from contest.demo import seed

    kept = embedded.data / "facts.json"
    if kept.exists():
        return dict(json.loads(kept.read_text("utf-8")))
    print(
        "Drawing the demo's contests; this takes about a minute, once …" if not empty else "Making an administrator …",
        flush=True,
    )
    facts = seed.fill(settings, password=embedded.secret("demo_password", 15), empty=empty)
    write_json(kept, facts, durable=True)
    return facts


def _wait_ready(embedded: Embedded, base_url: str) -> None:
    """Until /readyz says that the application can work: database, queue, bucket, migrations."""
    deadline = time.monotonic() + PATIENCE
    said = "no answer"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{base_url}/readyz", timeout=5) as answer:  # noqa: S310 - our own loopback
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            said = error.read().decode("utf-8", "replace")[:300]
        except OSError as error:
            said = str(error)
        time.sleep(0.1)
    raise EmbeddedError(f"The web application is not ready after {PATIENCE:.0f} s: {said}. See {embedded.log('web')}.")


def _tell(base_url: str, facts: dict[str, Any], data: Path) -> None:
    print(f"\nContest runs at {base_url}\nMail is caught at {base_url}/mail\n")
    for role, people in facts["accounts"].items():
        for person in people:
            print(f"  {role:<10} {person['email']:<36} {person['password']}")
    for phase, contest in facts["contests"].items():
        print(f"  {phase:<10} {base_url}/contests/{contest['slug']}")
    print(f"\nAll of this stands in {data / 'demo.json'}. Ctrl-C ends it.", flush=True)
