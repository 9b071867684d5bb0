"""Tokens in the admin: made, where their secret is shown once, and revoked. Nobody changes one."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from durable.by import SCOPES
from durable.credentials import LONGEST_DAYS, NotMade, make_token, revoke_token
from durable.http import cells
from durable.http.by import by
from durable.http.look_only import LookOnly
from durable.tokens import Token
from durable.words import of, translated


class TokenForm(forms.Form):
    """What a new token needs."""

    name = forms.CharField(label=gettext_lazy("name"), max_length=64)
    scopes = forms.MultipleChoiceField(label=gettext_lazy("scopes"), widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(
        label=gettext_lazy("days"),
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        help_text=gettext_lazy("How long it is valid; empty: until it is revoked."),
    )

    def __init__(self, data: Any, may: frozenset[str]) -> None:
        super().__init__(data, initial={"scopes": sorted(may & {"read", "write"})})
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(scope, scope) for scope in SCOPES if scope in may]

    def make(self, request: HttpRequest) -> str:
        """The secret of the token that it describes; empty where it cannot be made, and then it says why."""
        try:
            return make_token(**self.cleaned_data, by=by(request))
        except NotMade as error:
            self.add_error("name", translated(of(error)))
            return ""


class TokenAdmin(LookOnly):
    """All that there were: a name is never used again."""

    list_display: Any = (
        "name",
        "scopes",
        "created_by",
        cells.created,
        cells.time_of("expire_time", gettext_lazy("expires")),
        cells.time_of("revoke_time", gettext_lazy("revoked")),
    )
    fields = list_display
    search_fields: ClassVar[tuple[str, ...]] = ()
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """By Django's own permission; nobody gives away a scope that they have not."""
        return bool(request.user.has_perm("durable.add_token"))

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may make some may end some."""
        return self.has_add_permission(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The form, then the secret: in this one answer alone, in no cookie and no session."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForm(request.POST or None, request.principal.scopes)  # type: ignore[attr-defined]
        secret = form.make(request) if form.is_valid() else ""
        context = {
            **self.admin_site.each_context(request),
            "title": _("The secret of the token") if secret else _("A new token"),
            "opts": self.opts,
            "form": form,
            "secret": secret,
        }
        return render(request, "durable/token.html", context)

    @admin.action(description=gettext_lazy("Revoke the selected tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: models.QuerySet[Token]) -> None:
        """From the next request on they are worth nothing."""
        done = sum(revoke_token(name=name, by=by(request)) for name in queryset.values_list("name", flat=True))
        text = ngettext("%(n)d token was revoked.", "%(n)d tokens were revoked.", done) % {"n": done}
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)
