"""The web application. For now it says whether the service is well; pages and webhooks join it here."""

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.responses import JSONResponse


def create_app(*, well: Callable[[], bool]) -> FastAPI:
    """Make the application. `well` says whether the database answers and the engine runs; it may block briefly."""
    app = FastAPI(title="Aftercare", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        """Answer 200 while the service does its work, 503 while it can't."""
        if well():
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable"}, status_code=503)

    return app
