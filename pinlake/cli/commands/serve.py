"""`pinlake serve`: the HTTP API."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [PINLAKE_API_HOST].")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 chooses a free one [PINLAKE_API_PORT].")
    ] = None,
) -> None:
    """Accept pins over HTTP and send them to Kafka, until Ctrl-C or SIGTERM.

    Answers 201 only after both topics have acknowledged the event.

    Example: pinlake serve --port 8000
    """
    from foundation import settings as settings_module
    from ingestion.api.server import serve as serve_api

    settings = settings_module.load()
    options = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    serve_api(settings.model_copy(update={"api": settings.api.model_copy(update=options)}))
