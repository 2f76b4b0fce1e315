"""The operating system's randomness."""

import secrets


class SystemSecrets:
    """Draws secrets from the operating system."""

    def characters(self, alphabet: str, length: int) -> str:
        return "".join(secrets.choice(alphabet) for _ in range(length))
