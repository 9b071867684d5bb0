"""Tokens of programs: make, list, revoke."""

from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from durable.by import SCOPES, By
from durable.credentials import LONGEST_DAYS, NotMade, make_token, revoke_token
from durable.tokens import Token

HERE = By(name="run.sh")  # whoever can start this can do all else, too


class Command(BaseCommand):
    help = "Makes, lists and revokes the tokens that programs send as Authorization: Bearer."

    def add_arguments(self, parser: CommandParser) -> None:
        """make NAME, list, revoke NAME."""
        ways = parser.add_subparsers(dest="way", required=True, metavar="make | list | revoke")
        make = ways.add_parser("make", help="make a token and print its secret, once")
        make.add_argument("name")
        make.add_argument(
            "--scopes", default="read,write", help=f"with commas, of: {', '.join(SCOPES)} (default: %(default)s)"
        )
        make.add_argument(
            "--days", type=int, help=f"how long it is valid, up to {LONGEST_DAYS} (default: until it is revoked)"
        )
        ways.add_parser("list", help="all tokens, without their secrets")
        revoke = ways.add_parser("revoke", help="end a token at once")
        revoke.add_argument("name")

    def handle(self, *args: Any, way: str, **options: Any) -> None:
        """Do it."""
        getattr(self, way)(**{name: options[name] for name in ("name", "scopes", "days") if name in options})

    def make(self, name: str, scopes: str, days: int | None) -> None:
        """The secret alone goes to standard output, so that it can be put into a file."""
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        try:
            secret = make_token(name=name, scopes=wanted, days=days, by=HERE)
        except NotMade as error:
            raise CommandError(str(error)) from None
        self.stdout.write(secret)
        self.stderr.write(f"The token {name} is made. This is its secret, which is not shown again.")

    def list(self) -> None:
        """A line for each, oldest first."""
        for token in Token.objects.order_by("id"):
            self.stdout.write(
                "\t".join((token.name, token.scopes, state(token), f"made by {token.created_by or 'nobody'}"))
            )

    def revoke(self, name: str) -> None:
        """End it."""
        if not revoke_token(name=name, by=HERE):
            raise CommandError(f"There is no valid token {name}: ./run.sh token list names all.")
        self.stdout.write(f"The token {name} is revoked.")


def state(token: Token) -> str:
    """Whether it can be used, in words."""
    if token.revoke_time:
        return f"revoked {token.revoke_time:%Y-%m-%d %H:%M} UTC"
    if token.expire_time is None:
        return "valid"
    return (
        f"{'valid until' if token.expire_time > timezone.now() else 'expired'} {token.expire_time:%Y-%m-%d %H:%M} UTC"
    )
