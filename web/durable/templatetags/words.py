"""`{{ task.sentence|translated }}` in templates."""

from django import template

from durable import words

register = template.Library()
register.filter("translated", words.translated)
