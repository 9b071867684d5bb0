"""`{{ task.error|translated }}` in templates."""

from django import template

from arithmetic import words

register = template.Library()
register.filter("translated", words.translated)
