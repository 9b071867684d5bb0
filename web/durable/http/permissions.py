"""What a browser may do for our pages beyond showing them: nothing, so that no script can ask for it either."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

View = Callable[[HttpRequest], HttpResponse]
# Those that browsers know; of an unknown name they complain.
UNUSED = ("camera", "display-capture", "fullscreen", "geolocation", "microphone", "midi", "payment", "usb")
POLICY = ", ".join(f"{feature}=()" for feature in UNUSED)


def permissions_policy(get_response: View) -> View:
    """Middleware: the header Permissions-Policy, on whatever a browser may show."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Permissions-Policy"] = POLICY
        return response

    return middleware
