"""The command line: `contest --help` names the commands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="contest", description="Runs a design contest.")
    commands = parser.add_subparsers(dest="command", required=True)

    web = commands.add_parser("web", help="serve the web application with gunicorn")
    web.add_argument("--bind", default="127.0.0.1:5000")
    web.add_argument("--workers", type=int, default=2)
    web.add_argument("--threads", type=int, default=4)

    worker = commands.add_parser("worker", help="run background jobs")
    worker.add_argument("--queue", help="only this queue; without it, all queues and the relay")
    worker.add_argument("--relay", action="store_true", help="only the relay and the periodic work")

    commands.add_parser("migrate", help="bring the database to the newest schema")
    commands.add_parser("setup", help="create and guard the bucket (needs keys that may do so)")
    examined = commands.add_parser("doctor", help="test each dependency by use and say the fix")
    examined.add_argument("--files", action="store_true", help="also read every file and check every receipt")
    commands.add_parser("settings", help="print .env.example")

    user = commands.add_parser("user", help="make an account, for the first administrator")
    user.add_argument("email")
    user.add_argument("--name", required=True)
    user.add_argument("--admin", action="store_true")
    user.add_argument("--staff", action="store_true")

    suspend = commands.add_parser("suspend", help="shut an account out at once, say one that was stolen")
    suspend.add_argument("email")
    suspend.add_argument("--lift", action="store_true", help="let it in again")

    address = commands.add_parser("address", help="give an account another address, if its mailbox is lost")
    address.add_argument("email")
    address.add_argument("new")

    demo = commands.add_parser("demo", help="everything on embedded services, with three filled contests")
    demo.add_argument("--port", type=_port, default=None)
    demo.add_argument("--data", type=Path, default=Path("demo-data"))
    demo.add_argument("--reset", action="store_true", help="throw the data folder's content away first")
    demo.add_argument("--empty", action="store_true", help="no contests, only an administrator")

    clips = commands.add_parser("clips", help="owe the clips that videos lack, of one contest or of all")
    clips.add_argument("contest", nargs="?", help="as in its address")

    preview = commands.add_parser(
        "preview",
        help="look into files with the renderer, without any service",
        epilog="With --json a line holds: file, kind, verdict (ready, damaged, failed, refused or icon), reason, pages,"
        " width, height, outputs (each with preset, page, path, width, height and bytes), cpu_s, peak_mb, page_list,"
        " facts, tree; and error where there is no verdict. Ends with 0 if each file got a verdict, 1 if one could not"
        " be read or written, 2 if the command makes no sense.",
    )
    preview.add_argument("files", nargs="+", metavar="FILE")
    preview.add_argument("--out", type=Path, help="write the previews below this folder")
    preview.add_argument("--json", action="store_true", help="one JSON object a line for each file")
    preview.add_argument("--quick", action="store_true", help="only the first picture of each file")
    preview.add_argument("--presets", help="only these, separated by commas: 320,1280,2560,tiles,moving,mp4,webm,site")
    preview.add_argument(
        "--tools", default="chromium", help="programs that may be started: chromium,ghostscript,libreoffice"
    )

    _scores(
        commands.add_parser("tally", help="rank the scores, rankings or pairs of a file, without any service"), True
    )
    _scores(commands.add_parser("agreement", help="say how far the judges of a file agree"), False)
    verify = commands.add_parser("verify", help="compare a publication with what its own scores give")
    verify.add_argument("publication", metavar="PUBLICATION.json")
    verify.add_argument("scores", metavar="SCORES.zip")

    chosen = parser.parse_args(argv)
    if isinstance(sys.stdout, TextIOWrapper):
        # A name that the terminal's encoding lacks, or that is none at all, is shown as its code and ends nothing.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(chosen)
    except Exception as error:
        if told := _known(error):
            print(f"contest {chosen.command}: {told}", file=sys.stderr)
            return 1
        raise


def _known(error: Exception) -> str:
    """One sentence for what an operator can mend: settings that do not hold, a service that is away; else ""."""
    # Here, because some commands need no service, and they start without these.
    from alembic.util import CommandError
    from pydantic import ValidationError
    from redis import RedisError
    from sqlalchemy.exc import DBAPIError

    from contest import db
    from contest.storage import StorageDown

    match error:
        case ValidationError():
            # A problem of one setting names it; what several must keep together stands in the message.
            problems = (
                " ".join([*(str(part).upper() for part in each["loc"]), each["msg"].removeprefix("Value error, ")])
                for each in error.errors(include_url=False, include_input=False, include_context=False)
            )
            return f"settings are missing or wrong. {'; '.join(problems)}. See .env.example."
        case DBAPIError():
            found = db.advice(error)
            return found and f"{found} {str(error.orig).strip().partition(chr(10))[0]}"
        case CommandError() if "locate revision" in str(error):
            return f"The schema is of a newer release. Install that, or restore the backup from before it. {error}"
        case StorageDown():
            return f"the S3 store does not do this. Check S3_ENDPOINT, S3_BUCKET and the keys. {error}"
        case RedisError():
            return f"the queue server does not answer. Check REDIS_URL. {error}"
    return ""


def _run(chosen: argparse.Namespace) -> int:
    match chosen.command:
        case "web":
            return _web(chosen.bind, chosen.workers, chosen.threads)
        case "worker":
            import worker as processes

            given = (["--queue", chosen.queue] if chosen.queue else []) + (["--relay"] if chosen.relay else [])
            return processes.main(given)
        case "migrate":
            from contest import schema
            from contest.settings import Settings

            schema.migrate(Settings().database_url)
            print("The schema is the newest.")
            return 0
        case "setup":
            from contest import doctor

            return doctor.setup()
        case "doctor":
            from contest import doctor

            return doctor.main(with_files=chosen.files)
        case "settings":
            from contest.settings import example

            print(example(), end="")
            return 0
        case "user":
            return _user(chosen.email, chosen.name, admin=chosen.admin, staff=chosen.staff)
        case "suspend":
            return _suspend(chosen.email, lift=chosen.lift)
        case "address":
            return _address(chosen.email, chosen.new)
        case "clips":
            return _clips(chosen.contest)
        case "preview":
            return _preview(chosen)
        case "tally" | "agreement":
            return _recompute(chosen)
        case "verify":
            from contest import recompute

            return recompute.verify(chosen.publication, chosen.scores)
        case "demo":
            from contest.demo import run

            return run.main(chosen.data, port=chosen.port, reset=chosen.reset, empty=chosen.empty)
    return 2


def _web(bind: str, workers: int, threads: int) -> int:
    """Replace this process by gunicorn, so that signals and supervision reach it directly."""
    from contest.settings import Settings

    Settings()  # settings that do not hold are told once, not by each process
    arguments = [
        sys.executable,
        "-m",
        "gunicorn",
        "contest:create_app()",
        "--bind",
        bind,
        "--workers",
        str(workers),
        "--logger-class",
        "contest.logs.AccessLogger",
        "--worker-class",
        "contest.serving.Worker",
        "--threads",
        str(threads),
        "--access-logfile",
        "-",
        # The address as it was sent, still percent-encoded: a decoded line break would write lines of its own.
        "--access-logformat",
        '{"at":"%(t)s","method":"%(m)s","path":"%({raw_uri}e)s","status":%(s)s,"us":%(D)s}',
        "--limit-request-line",
        "4094",
        "--limit-request-field_size",
        "8190",
        "--graceful-timeout",
        "20",
        # Its path is the user's, so that two sites of one user would share it.
        "--no-control-socket",
        "--forwarded-allow-ips",
        "127.0.0.1,::1",
    ]
    os.execv(sys.executable, arguments)


def _user(email: str, name: str, *, admin: bool, staff: bool) -> int:
    """Make a verified account; it signs in by a code sent to its address, or sets a password so."""
    from contest.db import Database
    from contest.errors import Conflict, Invalid
    from contest.services import accounts
    from contest.settings import Settings

    database = Database(Settings().database_url, pool=0)
    try:
        with database.unit_of_work() as session:
            accounts.create_account(session, email=email, name=name, is_admin=admin, is_staff=staff or admin)
    except Conflict:
        print(f"{email} has an account already.", file=sys.stderr)
        return 1
    except Invalid:
        print(f"{email} is not an address.", file=sys.stderr)
        return 2
    print(f"{email} can sign in now, by a code sent there.")
    return 0


def _suspend(email: str, *, lift: bool) -> int:
    """Shut an account out, or let it in again."""
    from contest.db import Database
    from contest.errors import NotFound
    from contest.services import accounts
    from contest.settings import Settings

    database = Database(Settings().database_url, pool=0)
    try:
        with database.unit_of_work() as session:
            (accounts.restore if lift else accounts.suspend)(session, email)
    except NotFound:
        print(f"{email} has no account here.", file=sys.stderr)
        return 1
    print(f"{email} can sign in again." if lift else f"{email} is signed out everywhere and cannot sign in.")
    return 0


def _address(email: str, new: str) -> int:
    """Give an account another address."""
    from contest.db import Database
    from contest.errors import Conflict, Invalid, NotFound
    from contest.services import accounts
    from contest.settings import Settings

    database = Database(Settings().database_url, pool=0)
    try:
        with database.unit_of_work() as session:
            accounts.change_address(session, email, new)
    except NotFound:
        print(f"{email} has no account here.", file=sys.stderr)
        return 1
    except Conflict:
        print(f"{new} has an account already.", file=sys.stderr)
        return 1
    except Invalid:
        print(f"{new} is not an address.", file=sys.stderr)
        return 2
    print(f"{email} is signed out everywhere and signs in as {new} from now on.")
    return 0


def _clips(contest: str | None) -> int:
    """Owe the clips of videos that were sent before clips were made, or whose clip came to nothing."""
    from contest.db import Database
    from contest.errors import NotFound
    from contest.services import failures
    from contest.settings import Settings

    database = Database(Settings().database_url, pool=0)
    try:
        with database.unit_of_work() as session:
            owed, new = failures.owe_clips(session, contest)
    except NotFound:
        print(f"There is no contest {contest}.", file=sys.stderr)
        return 1
    print(f"{owed} {'clip is' if owed == 1 else 'clips are'} owed; {new} of them since now.")
    return 0


def _preview(chosen: argparse.Namespace) -> int:
    from contest.previews import command
    from contest.previews.pipeline import EVERYTHING
    from contest.texts.files import preview_state

    return command.main(
        chosen.files,
        out=chosen.out,
        as_json=chosen.json,
        named=_listed(chosen.tools),
        quick=chosen.quick,
        presets=EVERYTHING if chosen.presets is None else _listed(chosen.presets),
        sentence=preview_state,
    )


def _scores(parser: argparse.ArgumentParser, ranks: bool) -> None:
    """The arguments of the commands that read scores."""
    if ranks:
        parser.add_argument("--method", default="mean", help="see --list; without it, mean")
        parser.add_argument("--list", action="store_true", help="name the methods and their options")
    columns = "entry,judge[,criterion],score" + "; or judge,entry,rank[,count]; or winner,loser[,judge][,count]" * ranks
    file = f"the columns {columns}; - reads standard input"
    parser.add_argument("scores", nargs="?" if ranks else None, metavar="SCORES.csv", help=file)
    parser.add_argument("--weights", metavar="W.csv", help="the columns criterion,weight[,points]")
    more = "an option of the method, or scale=1..5; may be repeated"
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", dest="options", help=more)
    parser.add_argument("--json", action="store_true", help="one JSON object, with numbers at full precision")


def _recompute(chosen: argparse.Namespace) -> int:
    from contest import recompute

    given = {"weights": chosen.weights, "options": chosen.options, "as_json": chosen.json}
    if chosen.command == "agreement":
        return recompute.agreement(chosen.scores, **given)
    if chosen.list:
        return recompute.listing()
    if chosen.scores is None:
        print("contest tally: name a file of scores, or - for standard input.", file=sys.stderr)
        return 2
    return recompute.tally(chosen.scores, method=chosen.method, **given)


def _port(number: str) -> int:
    if not number.isdecimal() or not 0 < int(number) < 65536:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(number)


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


if __name__ == "__main__":
    sys.exit(main())
