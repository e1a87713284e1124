"""`{% load browsers %}`: what a browser is called."""

from django import template

from dashboard.accounts.browser_names import browser_name

register = template.Library()
register.filter("browser_name", browser_name)
