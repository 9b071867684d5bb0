"""Logging in and out, for people: Django's own, in our look, and slowed where passwords are wrong."""

from dataclasses import replace
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.signals import user_logged_out
from django.contrib.auth.views import LoginView, LogoutView
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from durable.events import record
from durable.http import attempts
from durable.http.by import address, by
from durable.http.middleware import refusal
from durable.tallies import tallies


class Login(LoginView):
    """The page, and the try."""

    template_name = "durable/login.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the password, unless it is too early to."""
        self.account = attempts.account_of(request.POST.get("username", ""))
        where = address(request)
        with attempts.alone(self.account, where) as free:
            wait = attempts.pause(self.account, where) if free else 1
            return self.too_early(wait) if wait else super().post(request, *args, **kwargs)

    def too_early(self, wait: int) -> HttpResponse:
        """429: the password was not looked at."""
        tallies.add("refused", "too many passwords")
        sentence = ngettext(
            "Too many wrong passwords: try again in %(n)d second.",
            "Too many wrong passwords: try again in %(n)d seconds.",
            wait,
        ) % {"n": wait}
        form = AuthenticationForm(self.request, initial={"username": self.account})
        response = self.render_to_response(self.get_context_data(form=form, sentence=sentence), status=429)
        response["Retry-After"] = str(wait)
        return response

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let them in."""
        response = super().form_valid(form)
        name = form.get_user().get_username()
        record(attempts.LOGIN, replace(by(self.request), name=name), subject=name)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Count it, if there was a password to count."""
        if self.account and self.request.POST.get("password"):
            tallies.add("refused", "wrong password")
            record(attempts.FAILED, replace(by(self.request), name=""), subject=self.account)
        sentence = _("The name or the password is wrong.") if self.account else _("Type your name and your password.")
        return self.render_to_response(self.get_context_data(form=form, sentence=sentence), status=422)


login = Login.as_view()
logout = LogoutView.as_view(next_page="index")


@receiver(user_logged_out)
def logged_out(request: HttpRequest, user: Any, **_: Any) -> None:
    """Note it, the admin's button, too."""
    if user is not None:
        record("logout", by(request), subject=user.get_username())


def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin leads here whomever it does not let in: to the one login, or to a word that another is needed."""
    if request.user.is_authenticated:
        return refusal(
            request,
            403,
            _("{name} may not use the admin: log in as somebody who may.").format(name=request.user.get_username()),
        )
    where = request.GET.get(REDIRECT_FIELD_NAME, resolve_url("admin:index"))
    return redirect(f"{resolve_url('login')}?{urlencode({REDIRECT_FIELD_NAME: where})}")
