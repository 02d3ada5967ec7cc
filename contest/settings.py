"""Settings: environment only, each documented, unsafe values refused in production.

`.env.example` is generated from this model (`contest settings`) and checked in the tests.
"""

from __future__ import annotations

import json
import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contest import brand
from contest.previews.tools import parse

_DEVELOPMENT_KEY = "development-only-key-that-production-refuses"


class Settings(BaseSettings):
    """Everything that an operator may set. Field names are the environment's names in lower case."""

    # What was given stays out of errors: they are logged, and it holds keys.
    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    contest_env: Literal["production", "development", "demo", "test"] = Field(
        "production", description="production, development, demo or test. Everything but production may relax a guard."
    )
    secret_key: str = Field(
        _DEVELOPMENT_KEY, description="Signs cookies and derives identifiers. At least 32 random characters."
    )
    base_url: str = Field(
        "http://localhost:5000", description="Public address of this site, without a slash at the end."
    )
    site_name: str = Field("Contest", description="Name shown beside the mark on every page.")
    operator: str = Field(
        "",
        description="Who runs this site, for the foot of each page: one text, or one for each language as JSON, "
        'such as {"en": "City of X", "ja": "X市"}. Empty: the foot says SITE_NAME.',
    )
    contact_url: str = Field("", description="Where the foot's Contact leads: https://… or an address of mail.")
    privacy_url: str = Field("", description="Address of the page on personal data, https://…. Empty: no link.")
    source_url: str = Field("", description="Address of the source code that runs here, https://…. Empty: no link.")
    brand_link: str = Field(
        "", description="Colour of links and buttons as light,dark, such as #0017c1,#9db7f9. Contrasts are checked."
    )
    brand_on_link: str = Field("", description="Colour of text on BRAND_LINK, as light,dark.")
    brand_warm: str = Field("", description="Colour of deadlines and awards, as light,dark.")
    brand_on_warm: str = Field("", description="Colour of text on BRAND_WARM, as light,dark.")
    brand_logo: str = Field(
        "", description="Path of a logo on the web hosts: .svg, .png or .webp, at most 100 kB. Empty: our mark."
    )
    trusted_hosts: str = Field(
        "", description="Host names that this site answers to, separated by commas. Empty: the host of BASE_URL."
    )
    proxy_hops: int = Field(
        0,
        ge=0,
        le=5,
        description="How many reverse proxies stand before the web process. In production at least 1: it ends TLS.",
    )
    database_url: str = Field(
        "postgresql+psycopg:///contest", description="PostgreSQL 15 or newer, as a SQLAlchemy URL."
    )
    database_pool: int = Field(8, ge=1, le=100, description="Connections that one web process keeps at most.")
    redis_url: str = Field("redis://localhost:6379/0", description="Valkey 7.2 or Redis 6.2, or newer: the job queue.")
    s3_endpoint: str = Field("http://localhost:9000", description="Address of the S3 store as the servers reach it.")
    s3_public_endpoint: str = Field("", description="Address of the S3 store as browsers reach it. Empty: S3_ENDPOINT.")
    s3_region: str = Field("us-east-1", description="Region used in signatures.")
    s3_bucket: str = Field("contest", description="Bucket that holds uploads, entries and previews.")
    s3_access_key: str = Field("", description="Key id for the bucket.")
    s3_secret_key: str = Field("", description="Secret of that key.")
    s3_path_style: bool = Field(True, description="Whether the bucket stands in the path (true) or in the host name.")
    receipt_key: str = Field("", description="Ed25519 private key that signs receipts: 32 random bytes in hexadecimal.")
    mail_url: str = Field(
        "", description="smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://HOST:465. Empty: mail is caught and kept."
    )
    mail_from: str = Field("contest@localhost", description="Sender of all mail.")
    translations: str = Field(
        "",
        description="Folder of further languages, LANGUAGE/LC_MESSAGES/messages.po each. Empty: English and Japanese.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    rate_limits: bool = Field(
        True, description="Limits on requests to sign in, to upload and for prototypes; off only in tests."
    )
    prototype_url: str = Field(
        "",
        description="Where click-through prototypes are shown: https:// and a host name that leads to the same web "
        "process and serves nothing else. Empty: judges see a picture of a prototype, not the prototype.",
    )
    preview_tools: str = Field(
        "chromium",
        description="Programs that the worker may start for previews, always under bubblewrap, separated by commas: "
        "chromium (pictures of prototypes), ghostscript (EPS), libreoffice (slides). Empty: none.",
    )
    preview_workers: int = Field(1, ge=1, le=64, description="Processes of one worker host that make previews.")
    clip_workers: int = Field(
        1,
        ge=0,
        le=64,
        description="Processes of one worker host that make clips of videos, at a low priority. Without any on all "
        "hosts, those for previews make them when no pictures are owed.",
    )
    preview_unconfined: bool = Field(
        False, description="Lets the worker make previews although the host offers no confinement. Unsafe."
    )
    max_form_bytes: int = Field(
        256 * 1024 * 1024, ge=1024 * 1024, description="Largest upload by a plain form, in bytes."
    )

    @property
    def operator_texts(self) -> dict[str, str]:
        """Who runs the site: language → text; the one text in every language stands under ""."""
        if not self.operator.startswith("{"):
            return {"": self.operator or self.site_name}
        told: dict[str, str] = json.loads(self.operator)
        return told

    @property
    def contact_link(self) -> str:
        """A page's address as it is; an address of mail as a link that writes to it."""
        if not self.contact_url or self.contact_url.startswith(("http://", "https://")):
            return self.contact_url
        return f"mailto:{self.contact_url}"

    @property
    def brand_colours(self) -> dict[str, str]:
        """Name of the style sheet's token → "light,dark", or "" for ours."""
        return {
            "link": self.brand_link,
            "on-link": self.brand_on_link,
            "warm": self.brand_warm,
            "on-warm": self.brand_on_warm,
        }

    @property
    def production(self) -> bool:
        return self.contest_env == "production"

    @property
    def public_endpoint(self) -> str:
        return self.s3_public_endpoint or self.s3_endpoint

    @property
    def hosts(self) -> list[str]:
        """Host names to answer to; a request for another gets 400."""
        named = [name.strip() for name in self.trusted_hosts.split(",") if name.strip()]
        return named or [urlsplit(self.base_url).hostname or "localhost"]

    @property
    def tools(self) -> tuple[str, ...]:
        """The programs of PREVIEW_TOOLS."""
        return parse(self.preview_tools)

    @property
    def secure(self) -> bool:
        """Whether cookies are Secure and carry the __Host- prefix."""
        return self.base_url.startswith("https://")

    @field_validator("operator")
    @classmethod
    def _check_operator(cls, value: str) -> str:
        if value.startswith("{"):
            told = json.loads(value)
            if not told or not all(isinstance(text, str) and text for text in told.values()):
                raise ValueError('write {"en": "…", "ja": "…"}')
        return value

    @field_validator("contact_url", "privacy_url", "source_url")
    @classmethod
    def _check_address(cls, value: str, info: ValidationInfo) -> str:
        """Links that stand on every page: of the web, and for the contact of mail; nothing that could run."""
        mail = info.field_name == "contact_url" and re.fullmatch(r"[^\s@?&:/]+@[^\s@?&:/]+", value)
        if value and not mail and not re.fullmatch(r"https?://[^\s\"'<>]+", value):
            raise ValueError("must begin with https://")
        return value

    @field_validator("preview_tools")
    @classmethod
    def _check_tools(cls, value: str) -> str:
        parse(value)
        return value

    @model_validator(mode="after")
    def _check_prototypes(self) -> Settings:
        """What entrants wrote runs there: on a host of its own it has no part in our cookies, nor in the store's."""
        if not self.prototype_url:
            return self
        own = urlsplit(self.prototype_url)
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", self.prototype_url):
            raise ValueError("PROTOTYPE_URL must be https:// and a host name, without a path")
        # Cookies know no ports, and only this site has some.
        if own.hostname == urlsplit(self.base_url).hostname:
            raise ValueError("PROTOTYPE_URL must have another host name than BASE_URL")
        if own.netloc in (urlsplit(self.s3_endpoint).netloc, urlsplit(self.public_endpoint).netloc):
            raise ValueError("PROTOTYPE_URL must lead elsewhere than the S3 store")
        return self

    @model_validator(mode="after")
    def _check_brand(self) -> Settings:
        if found := brand.problems(self.brand_colours):
            raise ValueError("; ".join(found))
        return self

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Settings:
        if not self.production:
            return self
        problems = []
        if len(self.secret_key) < 32 or self.secret_key == _DEVELOPMENT_KEY:
            problems.append("SECRET_KEY must hold at least 32 random characters")
        if not self.base_url.startswith("https://"):
            problems.append("BASE_URL must begin with https://")
        if self.prototype_url and not self.prototype_url.startswith("https://"):
            problems.append("PROTOTYPE_URL must begin with https://")
        if not self.proxy_hops:
            # Without it all visitors would seem to come from the proxy, share its limits, and come without TLS.
            problems.append("PROXY_HOPS must count the proxies before the web process: at least the one that ends TLS")
        if not self.mail_url:
            problems.append("MAIL_URL must name a mail server")
        if len(self.receipt_key) != 64:
            problems.append("RECEIPT_KEY must hold 32 bytes in hexadecimal")
        if not self.s3_access_key or not self.s3_secret_key:
            problems.append("S3_ACCESS_KEY and S3_SECRET_KEY must be set")
        if not self.rate_limits:
            problems.append("RATE_LIMITS must stay on")
        if problems:
            raise ValueError("; ".join(problems))
        return self


def example() -> str:
    """The text of `.env.example`: every setting with its description and default."""
    lines = ["# Settings of Contest. Made from contest/settings.py by `contest settings`; do not edit by hand.", ""]
    for name, field in Settings.model_fields.items():
        default = "" if field.default == _DEVELOPMENT_KEY else field.default
        shown = str(default).lower() if isinstance(default, bool) else default
        lines += [f"# {field.description}", f"{name.upper()}={shown}", ""]
    return "\n".join(lines)
