"""Who may start work: a program, or a person at this site's own page; not a page of another site, nor a look ahead."""

from urllib.parse import urlsplit

from flask import abort, request


def refuse_strangers() -> None:
    """End the request with 403 if another site's page sent it, or if nobody has asked for it yet."""
    ahead = f"{request.headers.get('Sec-Purpose', '')} {request.headers.get('Purpose', '')}"
    if "prefetch" in ahead.lower():
        abort(403, "This address starts work, so it is not fetched ahead; ask for it when you mean it.")
    if cross_site():
        abort(403, "A page of another site sent this request; start work from this site, or with a program.")


def cross_site() -> bool:
    """What the browser says of the page that sent the request. A program says nothing, and is no browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    # Browsers leave Sec-Fetch-Site out where the site is plain HTTP and not on this machine.
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host
