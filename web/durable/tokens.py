"""What programs say who they are with."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from durable.by import NAME


class Token(models.Model):
    """A program's secret, of which only the digest is kept, and what it may do with it."""

    name = models.CharField(_("name"), max_length=64, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 of the secret
    scopes = models.CharField(_("scopes"), max_length=32, default="read,write", db_default="read,write")
    created_by = models.CharField(_("created by"), max_length=NAME, default="", db_default="", editable=False)
    create_time = models.DateTimeField(_("creation time"), db_default=Now())
    expire_time = models.DateTimeField(_("expires"), null=True, default=None, blank=True)
    revoke_time = models.DateTimeField(_("revoked"), null=True, default=None, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("token"), _("tokens")
        # what people may be given; a token has its scopes
        permissions = [("write", "Can create, cancel and retry tasks"), ("operate", "Can do what operators do")]

    def __str__(self) -> str:
        return self.name
