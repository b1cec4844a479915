"""The routes that change something: each takes a small JSON object of texts and does one thing. For whom: `doors`."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter, fail_after, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from curvegan_core.errors import InvalidInput
from curvegan_web.views.changes import acts
from curvegan_web.views.changes.form import fields_view, submit_view
from curvegan_web.views.changes.plan import fork_view, plan_view
from curvegan_web.waiting import waiting

if TYPE_CHECKING:
    from curvegan.lab import Lab

Look = Callable[["Lab", Mapping[str, str]], dict[str, Any]]
LOOKS: dict[str, Look] = {"/api/fields": fields_view, "/api/plan": plan_view, "/api/plan/jobs/{id}": fork_view}
_LONGEST_S, _MOST_TEXTS, _MOST_CHARACTERS = 10, 200, 1000


class Changes:
    """What a dashboard that may change things has more: a form, plans, which are looks, and what is done."""

    form = staticmethod(submit_view)

    def __init__(self, lab: "Lab") -> None:
        self._lab = lab

    def routes(self) -> list[Route]:
        """Return the routes: one for each thing that can be done, and each takes POST alone."""
        done: dict[str, acts.Act] = {"/changes/submit": acts.submit}
        done |= {f"/changes/jobs/{{id}}/{name}": act for name, act in acts.VERBS.items()}
        return [
            *(Route(path, self._looked(look)) for path, look in LOOKS.items()),
            *(Route(path, self._done(act), methods=["POST"]) for path, act in done.items()),
        ]

    def _looked(self, look: Look) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            return JSONResponse(look(self._lab, {**request.query_params, **request.path_params}))

        return answer

    def _done(self, act: acts.Act) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                with fail_after(_LONGEST_S):
                    said = said_by(await request.body())
            except (TimeoutError, ClientDisconnect):
                return Response(status_code=408)
            said |= request.path_params
            async with waiting(request) as waited:
                return JSONResponse(await to_thread.run_sync(act, self._lab, said, waited, limiter=self._few))

        return answer

    @cached_property
    def _few(self) -> CapacityLimiter:
        """The state of a fork may be replayed: little of that is done at a time."""
        return CapacityLimiter(2)


def said_by(body: bytes) -> dict[str, str]:
    """Return the texts of a JSON object by name. Raises InvalidInput for all else."""
    try:
        said = json.loads(body.decode())
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidInput("half of a surrogate pair is no character") from None
    except (ValueError, RecursionError):
        raise InvalidInput("what was sent is no JSON in UTF-8") from None
    if not isinstance(said, dict) or len(said) > _MOST_TEXTS:
        raise InvalidInput(f"what was sent is no JSON object of at most {_MOST_TEXTS} texts")
    wrong = next((name for name, text in said.items() if not isinstance(text, str)), None)
    if wrong is not None or any(len(part) > _MOST_CHARACTERS for pair in said.items() for part in pair):
        raise InvalidInput(f"names and values are texts of at most {_MOST_CHARACTERS} characters")
    return said
