"""An issuer of tokens, for tests: its keys, what it publishes, and tokens good and bad."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER, AUDIENCE = "https://issuer.example", "social-network"


class Issuer:
    """Signs with one key of each algorithm, `rsa-1` and `ec-1`; more come by `add`."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {"rsa-1": rsa.generate_private_key(65537, 2048)}
        self.add("ec-1")

    def add(self, kid: str) -> None:
        """Another ES256 key, which costs next to nothing to make."""
        self.keys[kid] = ec.generate_private_key(ec.SECP256R1())

    def jwks(self) -> bytes:
        """What it publishes."""
        return json.dumps({"keys": [_public(kid, key) for kid, key in self.keys.items()]}).encode()

    def token(self, subject: object = "3", *, kid: str = "ec-1", **changes: Any) -> str:
        """One that is believed but for the changes; a claim that is None is left out."""
        now = int(time.time())
        whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300} | changes
        claims = {name: value for name, value in whole.items() if value is not None}
        key = self.keys[kid]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def _public(kid: str, key: Any) -> dict[str, Any]:
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    entry: dict[str, Any] = (RSAAlgorithm if is_rsa else ECAlgorithm).to_jwk(key.public_key(), as_dict=True)
    return {**entry, "kid": kid, "use": "sig", "alg": "RS256" if is_rsa else "ES256"}
