"""`{{ task.sentence|translated }}` and `{{ task.status|state }}` in templates."""

from django import template

from durable import words

register = template.Library()
register.filter("translated", words.translated)
register.filter("state", words.state)
