"""A string that must not be seen: tokens and contacts on their way through this package."""

import hmac
import re
from typing import NoReturn, Self

_TOKEN = re.compile(r"isk_[A-Za-z]+_[A-Za-z0-9._~+/=-]+")
# The bounded local part keeps the search linear on hostile text.
_CONTACT = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']{1,255}")


class Secret:
    """Holds one string; only `reveal()` gives it back.

    `repr`, `str`, `format`, `vars` and tracebacks show `[secret]`; pickling raises TypeError, so that a secret
    cannot travel in a task argument or a cache by accident.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        """Raises ValueError for an empty string."""
        if not value:
            raise ValueError("a secret must not be empty")
        self.__value = value

    @classmethod
    def of(cls, value: "str | Secret") -> "Secret":
        """Wrap a bare string, leave a secret as it is."""
        return value if isinstance(value, Secret) else cls(value)

    def reveal(self) -> str:
        """The string itself. Call it where the bytes are written, and keep the result in no variable."""
        return self.__value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self.__value.encode("utf-8", "surrogatepass"), other.reveal().encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash(self.__value)

    def __repr__(self) -> str:
        return "[secret]"

    def __format__(self, spec: str) -> str:
        return format("[secret]", spec)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def redact(text: str) -> str:
    """The text without tokens and contacts, for what others wrote and our logs will show."""
    text = _TOKEN.sub("[token]", text)
    # Looking for contacts begins anew at each character, which a text without an @ is spared.
    return _CONTACT.sub("[contact]", text) if "@" in text else text


def one_line(text: str, *, limit: int) -> str:
    """At most `limit` printable characters of what others wrote, redacted: it cannot forge a second log line."""
    return redact("".join(character if character.isprintable() else " " for character in text[:limit]))
