"""The JSON API: the routes of every kind, of the batches of all, and of the events."""

from functools import cached_property
from typing import Any

from django.conf import settings
from ninja import Router
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema

from durable import kinds
from durable.http.batches_api import batches_router, upload
from durable.http.document import complete, tags
from durable.http.events_api import events_router
from durable.http.examples import Example, every
from durable.http.policies import data_images
from durable.http.quick_start import quick_start
from durable.http.refusals import HANDLERS, Api, exact
from durable.http.shapes import Shapes
from durable.http.tasks_api import figures, singles, tasks_router


class Documented(Api):
    """With a complete document."""

    def __init__(self, shapes: list[Shapes], **options: Any) -> None:
        super().__init__(**options)
        self.shapes = shapes

    @cached_property
    def examples(self) -> dict[str, Example]:
        """Of every operation."""
        return every(self.shapes)

    def get_openapi_schema(self, **where: Any) -> OpenAPISchema:
        """Ninja's, and what only the whole knows."""
        found: OpenAPISchema = complete(super().get_openapi_schema(**where), self.examples)
        return found


class Docs(Swagger):
    """The page of the document: Swagger from our own disk, in the site's colours."""

    template = "durable/docs.html"


def build() -> Documented:
    """Each kind at its address, the first at those of /api/tasks, /api/stats and /api/batches."""
    title = getattr(settings, "SITE_NAME", "Tasks")
    every_shape = [Shapes(kind) for kind in kinds.every()]
    api = Documented(
        every_shape,
        title=title,
        version="1",
        description=quick_start(kinds.first()),
        docs=Docs({"defaultModelsExpandDepth": 0, "displayRequestDuration": True}),
        docs_decorator=data_images,
        openapi_extra={"tags": tags()},
    )
    api.add_decorator(exact, mode="view")
    for error, handler in HANDLERS.items():
        api.add_exception_handler(error, handler)
    batches = batches_router()
    for shapes in every_shape:
        kind = shapes.kind
        router = tasks_router(shapes)
        if kind.first:
            numbers = Router(tags=["stats"])
            figures(numbers, "", shapes)
            api.add_router("/stats", numbers)
        if kind.creatable:
            upload(*((batches, "") if kind.first else (router, "/batches")), shapes)
        singles(router, shapes)
        api.add_router(f"/{kind.api}", router)
    api.add_router("/batches", batches)
    api.add_router("/events", events_router())
    return api


# Made when the addresses are: by then all apps, and so all kinds, are loaded.
api = build()
