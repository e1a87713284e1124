"""Pages that refresh a part of themselves: one template for the part, whether it comes alone or in its page."""

from django.http import HttpRequest


def page_or_fragment(request: HttpRequest, template: str) -> str:
    """Return the page's template, or its inner fragment for a page that refreshes itself."""
    folder, _, name = template.rpartition("/")
    return f"{folder}/_{name}" if request.headers.get("X-Fragment") else template
