"""The secrets of one embedded stack: made once, kept in a file only its owner reads."""

import base64
import secrets
from pathlib import Path

from mailwright.data_dir import read_json, write_json


def load_or_make(path: Path) -> dict[str, str]:
    """The stack's secrets by setting name (`MAILWRIGHT_…`); what the file lacks is made and kept.

    Losing the file loses what the master key sealed, so nothing in it is ever replaced.
    """
    stored = {str(name): str(value) for name, value in read_json(path).items()}
    missing = {name: value for name, value in _fresh().items() if name not in stored}
    if missing:
        write_json(path, stored | missing)
    return stored | missing


def _fresh() -> dict[str, str]:
    return {
        "MAILWRIGHT_MASTER_KEYS": "1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "MAILWRIGHT_INSTALLATION": secrets.token_hex(4),
        "MAILWRIGHT_AGENTMAIL_KEY": f"am_sim_{secrets.token_hex(16)}",
        "MAILWRIGHT_INSTANTLY_KEY": f"in_sim_{secrets.token_hex(16)}",
        "MAILWRIGHT_CLOUDFLARE_TOKEN": f"cf_sim_{secrets.token_hex(16)}",
    }
