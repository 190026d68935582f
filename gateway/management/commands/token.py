"""`./manage.py gateway token --user 3`: a token for trying things out, signed by a key pair of one's own."""

import json
import os
import secrets
import shlex
import time
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from jwt.algorithms import ECAlgorithm

FOLDER = Path(settings.BASE_DIR) / ".keys"
ISSUER, AUDIENCE = "https://issuer.invalid/development", "social-network"


class Command(BaseCommand):
    """Writes the token to the standard output; its keys are made at the first time."""

    help = "Make a token for development, or say what makes the system believe it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, and for how long."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--user", help="the user's id")
        what.add_argument("--environment", action="store_true", help="the variables of a system that believes them")
        parser.add_argument("--scope", action="append", default=[], help="what it may besides, e.g. admin")
        parser.add_argument("--minutes", type=_minutes, default=60, help="for so long (60)")
        parser.add_argument("--keys", type=Path, default=FOLDER, help="the folder of the keys (.keys)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        folder = options["keys"].resolve()
        try:
            kid, key = _key(folder)
            if options["environment"]:
                self.stdout.write(
                    "\n".join(f"export {name}={shlex.quote(v)}" for name, v in _variables(folder).items())
                )
                return
        except (OSError, ValueError) as error:
            raise CommandError(f"The keys in {folder} cannot be used: {error}") from error
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": options["user"], "scope": " ".join(options["scope"])}
        times = {"iat": now, "exp": now + options["minutes"] * 60}
        self.stdout.write(jwt.encode(claims | times, key, algorithm="ES256", headers={"kid": kid}))


def _minutes(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= 525_600:
        raise ArgumentTypeError("a whole number from 1 up to a year's minutes")
    return int(text)


def _variables(folder: Path) -> dict[str, str]:
    """What a system needs to believe these tokens."""
    return {
        "GATEWAY_JWKS_URL": (folder / "jwks.json").as_uri(),
        "GATEWAY_JWT_ISSUER": ISSUER,
        "GATEWAY_JWT_AUDIENCE": AUDIENCE,
        "INTERNAL_KEYS": (folder / "internal.key").read_text("ascii"),
    }


def _key(folder: Path) -> tuple[str, ec.EllipticCurvePrivateKey]:
    """The private key and its id; made, with all that belongs to it, where there is none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "private.pem"
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        _write(folder / "internal.key", secrets.token_hex(32).encode())
        public = ECAlgorithm.to_jwk(made.public_key(), as_dict=True)
        entry = {**public, "kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"}
        _write(folder / "jwks.json", json.dumps({"keys": [entry]}, indent=1).encode())
        # Last: where it is, the others are.
        _write(file, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    found = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise CommandError(f"{file} is no key for ES256.")
    return json.loads((folder / "jwks.json").read_text("utf-8"))["keys"][0]["kid"], found


def _write(file: Path, content: bytes) -> None:
    """For its owner only, and whole."""
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
    part.replace(file)
