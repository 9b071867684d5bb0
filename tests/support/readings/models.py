"""A kind with a long text and two outputs, and one with a column of each other type."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from durable import Failed, Task

WORDS_PER_SECOND = {"en": 4, "de": 3, "zh": 5}


class Reading(Task):
    """How long somebody reads a text."""

    text = models.TextField("text", help_text="What is to be read.")
    language = models.CharField(
        "language", max_length=8, choices=[("en", "English"), ("de", "German"), ("zh", "Chinese")]
    )
    words = models.IntegerField("words", null=True)
    reading_seconds = models.FloatField("reading time", null=True)

    class Work:
        inputs = ("text", "language")
        outputs = ("words", "reading_seconds")
        filters = ("language",)

    def __str__(self) -> str:
        return self.text[:40]

    @staticmethod
    def perform(task: Any) -> tuple[int, float]:
        """Count the words."""
        words = len(task.text.split())
        if not words:
            raise Failed("There is no word in it.")
        return words, words / WORDS_PER_SECOND[task.language]


class Loan(Task):
    """What is paid back for an amount, month by month."""

    amount = models.DecimalField(
        "amount", max_digits=12, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    months = models.IntegerField("months", validators=[MinValueValidator(1), MaxValueValidator(480)])
    start = models.DateField("first day")
    plan = models.CharField(
        "plan", max_length=8, choices=[("flat", "Flat"), ("late", "All at the end")], default="flat"
    )
    insured = models.BooleanField("insured", default=False)
    note = models.CharField("note", max_length=40, blank=True, default="")
    limit = models.DecimalField("limit", max_digits=12, decimal_places=2, null=True, blank=True)
    payment = models.DecimalField("payment", max_digits=12, decimal_places=2, null=True)
    end = models.DateField("last day", null=True)
    risk = models.CharField("risk", max_length=8, choices=[("low", "Low"), ("high", "High")], null=True)
    steps = models.JSONField("steps", null=True)
    checked = models.DateTimeField("checked", null=True)

    class Work:
        inputs = ("amount", "months", "start", "plan", "insured", "note", "limit")
        outputs = ("payment", "end", "risk", "steps", "checked")
        filters = ("plan", "months", "insured")
        per_message = 50
        max_attempts = 3

    def __str__(self) -> str:
        return f"{self.amount} from {self.start}"

    @staticmethod
    def clean_note(value: Any) -> str:
        """Not in capitals."""
        if not isinstance(value, str) or len(value) > 40:
            raise ValueError("Type a note of at most 40 characters.")
        if value.isupper():
            raise ValueError("Do not shout.")
        return value.strip()

    @staticmethod
    def perform(task: Any) -> tuple[Any, ...]:
        """The plan; no risk is told below a hundred."""
        if task.limit is not None and task.amount > task.limit:
            raise Failed("The amount is above the limit of {limit}.", limit=str(task.limit))
        payment = task.amount if task.plan == "late" else (task.amount / task.months).quantize(Decimal("0.01"))
        end: date = task.start + timedelta(days=30 * task.months)
        risk = None if task.amount < 100 else "low" if task.insured else "high"
        return payment, end, risk, {"months": task.months}, None
