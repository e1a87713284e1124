"""Templates keep the house rules: they compile, fit a strict CSP, name icons that exist; their parts stand alone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
MAILS = [
    "account_already_exists",
    "email_confirmation",
    "login_code",
    "password_reset_code",
    "unknown_account",
]
# A block of JSON is data, which no browser runs and no policy of scripts concerns.
SCRIPT = r"""<script(?![^>]*\s(?:src=|type="application/json"))"""
INLINE = re.compile(SCRIPT + r"|<style|\sstyle=|\son[a-z]+\s*=|javascript:", re.IGNORECASE)
# A mail has no policy and no style sheet to point to: it carries its own.
STYLE_OF_MAILS = Path("emails/alerts/_style.html")
ICON = re.compile(r"""\{% icon ["'](?P<tag>[\w-]+)["']|\b(?:action_)?icon=["'](?P<argument>[\w-]+)["']""")


class Form(forms.Form):
    name = forms.CharField(label="Name", help_text="As members see it.", required=False)
    contact = forms.EmailField(label="Contact")
    consent = forms.BooleanField(label="I understand")
    role = forms.ChoiceField(label="Role", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    secret = forms.CharField(widget=forms.HiddenInput)


def part(component: str, /, **context: Any) -> str:
    return re.sub(r"\s+", " ", render_to_string(f"components/_{component}.html", context))


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles(name: str) -> None:
    assert get_template(name)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_no_template_needs_an_unsafe_policy(path: Path) -> None:
    if path.relative_to(ROOT / "templates") != STYLE_OF_MAILS:
        assert not INLINE.search(path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_every_icon_named_is_in_the_sprite(path: Path) -> None:
    icons = json.loads((ROOT / "assets/icons.json").read_text())
    named = {match["tag"] or match["argument"] for match in ICON.finditer(path.read_text())}
    assert named <= set(icons)


def test_the_sprite_is_built_from_the_list() -> None:
    ids = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons.svg").read_text()))
    assert ids == {"brand", *json.loads((ROOT / "assets/icons.json").read_text())}


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html", "503.html", "403_csrf.html"])
def test_error_pages_need_no_context(name: str) -> None:
    page = render_to_string(name)
    assert name[:3] in page
    assert "<h1>" in page


def test_the_style_page_renders_with_nothing_given() -> None:
    request = RequestFactory().get("/local/components/")
    page = render_to_string("local/components.html", {"request": request})
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page


def test_a_button_with_an_address_is_a_link() -> None:
    assert part("button", label="Go", url="/x?a=1&b=2").strip().startswith('<a href="/x?a=1&amp;b=2"')
    assert part("button", label="Go").strip().startswith('<button type="submit"')


def test_a_button_takes_nothing_from_the_page_around_it() -> None:
    page = part("notice", tone="warn", action_url="/x", action_label="Refresh", name="page", icon="agents")
    assert 'name="page"' not in page
    assert "#agents" not in page


def test_a_field_ties_label_help_and_error_to_its_control() -> None:
    form = Form({"contact": "no address"})
    page = part("field", field=form["contact"])
    assert '<label class="field__label" for="id_contact">' in page
    assert 'aria-invalid="true"' in page
    assert 'aria-describedby="id_contact_error"' in page
    assert 'id="id_contact_error"' in page
    helped = part("field", field=form["name"])
    assert 'aria-describedby="id_name_helptext"' in helped
    assert 'id="id_name_helptext"' in helped
    assert "optional" in helped


def test_each_kind_of_field_has_its_own_shape() -> None:
    form = Form()
    assert part("field", field=form["secret"]).strip() == '<input type="hidden" name="secret" id="id_secret">'
    assert '<fieldset class="field">' in part("field", field=form["role"])
    assert "<legend" in part("field", field=form["role"])
    assert "field--choice" in part("field", field=form["consent"])


def test_a_form_says_what_is_wrong_with_the_whole_first() -> None:
    form = Form({})
    form.add_error(None, "These do not go <together>.")
    page = part("fields", form=form)
    assert page.index("These do not go &lt;together&gt;.") < page.index("id_name")
    assert 'role="alert"' in page


def test_pages_show_only_where_there_is_more() -> None:
    assert part("pages").strip() == ""
    older = part("pages", older_url="?before=e1")
    assert 'href="?before=e1"' in older
    assert 'aria-disabled="true"' in older


def test_an_error_names_its_trace_and_offers_another_try() -> None:
    page = part("error", title="The ledger could not be read", trace_id="trace_9f8e7d6c5b4a3928", retry_url="/again")
    assert 'title="trace_9f8e7d6c5b4a3928"' in page
    assert 'href="/again"' in page
    assert 'role="alert"' in page


def test_a_light_without_a_source_says_so() -> None:
    assert 'aria-label="Not visible here"' in part("step", step="hidden", title="Order settled")


MAILS = sorted(
    path.name.removesuffix("_message.txt") for path in (ROOT / "templates/account/email").glob("*_message.txt")
)


@pytest.mark.parametrize("name", [mail for mail in MAILS if mail != "base"])
def test_mails_are_plain_text_in_our_words(name: str) -> None:
    given = {"code": "ABC-DEF", "email": "o'neil@example.com", "password_reset_url": "https://x/?a&b"}
    body = render_to_string(f"account/email/{name}_message.txt", given)
    assert not {"&#x27;", "&amp;", "&lt;"} & set(re.findall(r"&#?\w+;", body))
    assert "ABC-DEF" in body or "o'neil@example.com" in body
    subject = render_to_string(f"account/email/{name}_subject.txt", given).strip()
    assert subject
    assert "\n" not in subject
    assert "ABC-DEF" not in subject
