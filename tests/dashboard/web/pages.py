"""Reading a rendered page as a person does."""

import html
import re

from django.http import HttpResponse

HOSTILE = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe"


def words(answer: HttpResponse, *, of: str = "main") -> str:
    """Return the text of the page's main part (of the whole answer where it is a fragment), spaces made single."""
    text = answer.content.decode()
    part = re.search(rf"<{of}\b.*</{of}>", text, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", part[0] if part else text)).split())
