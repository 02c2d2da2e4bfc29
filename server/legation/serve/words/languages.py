"""The language in the path: ``/ar/browse/person`` is ``/browse/person`` in Arabic, and links keep to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

from legation.serve.words.labels import LANGUAGES

CHOSEN: Final = "legation.language"
"""The key of the request's environment that holds the language of the path."""

Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


class LanguageInPath:
    """Takes a leading ``/ar``, ``/en`` or ``/fr`` off the path and into the root that links are made from."""

    def __init__(self, application: Application) -> None:
        """Wrap a WSGI application."""
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        code, _, rest = environ.get("PATH_INFO", "")[1:].partition("/")
        if code in LANGUAGES:
            root = environ.get("SCRIPT_NAME", "")
            environ |= {"SCRIPT_NAME": f"{root}/{code}", "PATH_INFO": f"/{rest}", CHOSEN: code}
        return self._application(environ, start_response)
