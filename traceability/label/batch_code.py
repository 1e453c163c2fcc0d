"""One spelling per batch code: how a code is compared, however it was printed, typed or scanned."""

import re
import unicodedata

from backend.core.errors import DomainError
from backend.core.errors import mark as _

LONGEST = 64
# ASCII letters, digits and . / _ -, and CJK ideographs for codes such as 井矿盐20240315-1.
_ALLOWED = re.compile(r"[0-9A-Za-z./_\-\u3007\u3400-\u4dbf\u4e00-\u9fff]+")


class BadBatchCode(DomainError):
    """A batch code with characters no label of ours carries, or too long."""

    code, status, title = "bad_batch_code", 400, _("This is not a batch code")
    detail = _("1 to 64 letters, digits, Chinese characters or . / _ - are expected.")


def normalise(code: str) -> str:
    """`code` as batches are compared: NFKC, upper case, no blanks around it. Raises BadBatchCode (400).

    Only the width of a character is folded (Ａ is A, － is -). Other compatibility forms are refused: ② is not 2
    and 10² is not 102, so that one code never becomes another.

    >>> normalise(" ys20240315a01 "), normalise("井矿盐２０２４０３１５－１")
    ('YS20240315A01', '井矿盐20240315-1')
    """
    bare = code.strip()
    if bare.isascii() and len(bare) <= LONGEST and _ALLOWED.fullmatch(bare):  # most codes: nothing to fold
        return bare.upper()
    folded = unicodedata.normalize("NFKC", bare)
    # Checked before upper(): ı and ß would turn into plain letters there.
    if len(folded) > LONGEST or not _ALLOWED.fullmatch(folded) or any(map(_is_another, bare)):
        raise BadBatchCode(errors={"code": BadBatchCode.detail})
    return folded.upper()


def _is_another(character: str) -> bool:
    """Whether NFKC makes something else of the character than its normal width."""
    form = unicodedata.decomposition(character)
    return form.startswith("<") and not form.startswith(("<wide>", "<narrow>"))
