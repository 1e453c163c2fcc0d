"""The signed link of a consignee: who holds it reads one notice and acknowledges it, nothing else.

The token can be made again at any time (the office sends it itself, when it likes), so only its digest is stored: a
copy of the database opens no link. A renewed link has a higher number; the one before is worth nothing then.
"""

import base64
import hashlib
from uuid import UUID

from django.utils.crypto import salted_hmac

PURPOSE = "saltline.recall.notice"
MAC_BYTES = 16  # 128 bits: not to be guessed at 60 tries a minute


def token_of(notice_id: UUID, *, link_number: int) -> str:
    """The link's token: 43 characters that survive an SMS."""
    message = f"{notice_id}/{link_number}"
    mac = salted_hmac(PURPOSE, message, algorithm="sha256").digest()[:MAC_BYTES]
    return base64.urlsafe_b64encode(notice_id.bytes + mac).rstrip(b"=").decode()


def digest_of(token: str) -> str:
    """SHA-256 hex of a token, as it is stored."""
    return hashlib.sha256(token.encode()).hexdigest()
