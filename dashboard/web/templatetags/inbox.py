"""`{% load inbox %}`: how much waits for people, for the navigation."""

from django import template

from dashboard.web.inbox import inbox_count

register = template.Library()
register.simple_tag(name="inbox_count")(inbox_count)
