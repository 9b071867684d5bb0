"""The JSON API: the routes of every kind, and of the batches of all."""

from csp.decorators import csp_update
from django.conf import settings
from ninja import NinjaAPI, Router

from durable import kinds
from durable.http.batches_api import batches_router, upload
from durable.http.refusals import HANDLERS, Api, exact
from durable.http.shapes import Shapes
from durable.http.tasks_api import figures, singles, tasks_router

# Swagger's style sheet holds its icons.
docs_policy = csp_update({"img-src": ["'self'", "data:"]})
DESCRIPTION = (
    'Tasks that run in the background. Errors are {"error": "a sentence"}; fields and parameters that are not '
    "in this document are refused."
)


def build() -> NinjaAPI:
    """Each kind at its address, the first at those of /api/tasks, /api/stats and /api/batches."""
    title = getattr(settings, "SITE_NAME", "Tasks")
    api = Api(title=title, version="1", description=DESCRIPTION, docs_decorator=docs_policy)
    api.add_decorator(exact, mode="view")
    for error, handler in HANDLERS.items():
        api.add_exception_handler(error, handler)
    batches = batches_router()
    for kind in kinds.every():
        shapes = Shapes(kind)
        router = tasks_router(shapes)
        if kind.first:
            numbers = Router(tags=["stats"])
            figures(numbers, "", shapes)
            api.add_router("/stats", numbers)
            upload(batches, "", shapes)
        else:
            upload(router, "/batches", shapes)
        singles(router, shapes)
        api.add_router(f"/{kind.api}", router)
    api.add_router("/batches", batches)
    return api


# Made when the addresses are: by then all apps, and so all kinds, are loaded.
api = build()
