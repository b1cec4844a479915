"""The dashboard: routes from pages to views, downloads, streams."""

import re
from asyncio import Lock
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from hashlib import sha256
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from curvegan.watching.exposition import CONTENT_TYPE, exposition
from curvegan_core.errors import CurveganError, ServiceUnavailable
from curvegan_db.errors import DatasetNotFound, JobNotFound, ResultNotFound, SweepNotFound
from curvegan_web.assets import FILES
from curvegan_web.changing import Changes
from curvegan_web.doors import Doors, Guard
from curvegan_web.looks import Looks, TooManyStreams
from curvegan_web.shell import page
from curvegan_web.views.asking import Gone
from curvegan_web.views.sweeping import sweep, sweeps, tune
from curvegan_web.views.watching import doctor, jobs, workers
from curvegan_web.waiting import waiting

if TYPE_CHECKING:
    from curvegan.lab import Lab

View = Callable[["Lab", Mapping[str, str]], dict[str, Any]]
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".LICENSE": "text/plain"}


@dataclass(frozen=True)
class Page:
    """A page: its path, name, title and view. It is followed where it changes by itself, by `follow` if it has one.

    `frame` is its view for the first paint, where the whole takes longer than that may.
    """

    path: str
    name: str
    title: str
    view: View
    follow: Callable[["Lab", Mapping[str, str]], Callable[[], dict[str, Any]]] | None = None
    frame: View | None = None


def later(name: str) -> Callable[..., Any]:
    """Return the function of a module of ours, imported when it is first called: a tab of jobs does without numpy."""

    def called(*asked: Any) -> Any:
        return resolve_name(f"curvegan_web.{name}")(*asked)

    return called


_THEATRE = "views.replaying.theatre"
PAGES = (
    Page("/", "jobs", "Jobs", jobs.jobs_view, jobs.followed_jobs, jobs.jobs_frame),
    Page("/jobs/{id}", "job", "Job", later("views.watching.job:job_view")),
    Page("/theatre", "theatre", "Theatre", later(f"{_THEATRE}:theatre_view"), later(f"{_THEATRE}:followed_theatre")),
    Page("/sweeps", "sweeps", "Sweeps", sweeps.sweeps_view),
    Page("/sweeps/{id}", "sweep", "Sweep", sweep.sweep_view),
    Page("/tune", "tunes", "Tune", tune.tunes_view),
    Page("/tune/{id}", "tune", "Study", tune.tune_view),
    Page("/compare", "compare", "Compare", later("views.watching.compare:compare_view")),
    Page("/data", "data", "Data and curves", later("views.data:data_view")),
    Page("/workers", "workers", "Workers", workers.workers_view),
)
SUBMIT = Page("/submit", "submit", "Submit a job", Changes.form)
# What takes longer than a page may: it is asked for once the page is there, and little of it is done at a time.
PARTS: dict[str, View] = {
    "/api/doctor": doctor.doctor_view,
    "/api/fan/sweeps/{id}": later("views.sweeping.fan:fan_view"),
    "/api/trained": later("views.data:trained_view"),
}


@dataclass
class Dashboard:
    """The pages over one lab."""

    lab: "Lab"
    doors: Doors
    looks: Looks = field(default_factory=Looks)

    def application(self) -> ASGIApp:
        """Return what a server runs: the guard before the routes."""
        routes = [
            Route("/static/{name}", _static),
            Route(f"/static/{VERSION}/{{name}}", _lasting),
            Route("/files/jobs/{id}/{name}", self._file(later("downloads:job_file"))),
            Route("/frames/{id}", self._frame),
            Route("/files/jobs.csv", self._file(later("downloads:jobs_file"))),
            Route("/metrics", self._metrics),
        ]
        if self.doors.changes:
            routes += Changes(self.lab).routes()
        for one in (*PAGES, *([SUBMIT] if self.doors.changes else [])):
            path = one.path.rstrip("/")
            routes += [
                Route(one.path, self._page(one)),
                Route(f"/api/{one.name}{path}", self._json(one)),
                Route(f"/live/{one.name}{path}", self._live(one)),
            ]
        routes += [Route(path, self._part(view)) for path, view in PARTS.items()]
        return Guard(Starlette(routes=routes, exception_handlers={CurveganError: _refused, Gone: _gone}), self.doors)

    def _page(self, shown: Page) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            asked, status = _asked(request), 200
            try:
                data = (shown.frame or shown.view)(self.lab, asked)
            except CurveganError as error:
                data, status = {"error": str(error), "shown": dict(asked)}, _status(error)
            title = f"{shown.title} {asked['id']}" if "id" in asked else shown.title
            loaded = modules(f"{shown.name}.js")
            return HTMLResponse(page(shown.name, title, data, VERSION, loaded, self.doors.changes), status)

        return answer

    def _json(self, shown: Page) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            return JSONResponse(shown.view(self.lab, _asked(request)))

        return answer

    def _part(self, view: View) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return JSONResponse(await to_thread.run_sync(view, self.lab, _asked(request), limiter=self._parts))

        return answer

    def _file(self, made: Callable[["Lab", Mapping[str, str]], tuple[bytes, str]]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            data, media = made(self.lab, _asked(request))
            return Response(data, media_type=media, headers={"Content-Disposition": "attachment"})

        return answer

    def _metrics(self, _: Request) -> Response:
        return Response(exposition(self.lab.store.gauges()), media_type=CONTENT_TYPE)

    async def _frame(self, request: Request) -> Response:
        """Answer with a replayed step; the work ends with the request, and little of it is done at a time.

        Of one job one is: those of another need not wait for all of its.
        """
        async with waiting(request) as waited:
            framed = partial(later(f"{_THEATRE}:frame"), self.lab, _asked(request), waited)
            async with self._turns.setdefault(request.path_params["id"], Lock()):
                return JSONResponse(await to_thread.run_sync(framed, limiter=self._replays))

    @cached_property
    def _turns(self) -> WeakValueDictionary[str, Lock]:
        return WeakValueDictionary()

    @cached_property
    def _replays(self) -> CapacityLimiter:
        return CapacityLimiter(2)

    @cached_property
    def _parts(self) -> CapacityLimiter:
        return CapacityLimiter(2)

    def _live(self, shown: Page) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            asked = _asked(request)
            look = Following(self.lab, shown, asked)
            await to_thread.run_sync(look.first)  # what cannot be looked at is refused here, not in the stream
            try:
                events = self.looks.enter(f"{shown.name} {sorted(asked.items())}", look)
            except TooManyStreams:
                return PlainTextResponse("too many tabs are open; close some\n", 503)
            return StreamingResponse(events, media_type="text/event-stream")

        return answer


class Following:
    """Look after look at a page; a view that knows `after` is asked for what came since the look before."""

    def __init__(self, lab: "Lab", shown: Page, asked: Mapping[str, str]) -> None:
        self._asked = dict(asked)
        self._look = shown.follow(lab, asked) if shown.follow else partial(shown.view, lab, self._asked)

    def __call__(self) -> dict[str, Any]:
        try:
            return self.first()
        except CurveganError as error:  # somebody deleted what was looked at
            return {"away": str(error)}

    def first(self) -> dict[str, Any]:
        """Look, and raise where what was asked for is not there or cannot be asked."""
        try:
            data = self._look()
        except ServiceUnavailable as error:
            return {"away": str(error)}
        if "last" in data:
            self._asked["after"] = str(data["last"] - 1 if data["last"] else -1)
        return data


def _asked(request: Request) -> dict[str, str]:
    """Return what the path and the query ask for; the path has the last word."""
    return {**request.query_params, **{name: str(value) for name, value in request.path_params.items()}}


def _status(error: CurveganError) -> int:
    if isinstance(error, JobNotFound | SweepNotFound | ResultNotFound | DatasetNotFound):
        return 404
    return 503 if isinstance(error, ServiceUnavailable) else 400 if error.exit_code == 2 else 500


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, CurveganError)
    return JSONResponse({"error": str(error)}, _status(error))


def _gone(_: Request, __: Exception) -> Response:
    return PlainTextResponse("", 499)


# Its address names their content: a browser keeps them for good, and modules find each other beside themselves.
VERSION = sha256(b"".join(name.encode() + data for name, data in sorted(FILES.items()))).hexdigest()[:12]
_IMPORT = re.compile(r'(?:from|import) "\./([a-z]+\.js)"')


@cache
def modules(name: str) -> list[str]:
    """Return the modules that one needs, itself the first: a browser told of them loads them all at once."""
    names = [name]
    for known in names:
        names += [other for other in _IMPORT.findall(FILES[known].decode()) if other not in names]
    return names


def _lasting(request: Request) -> Response:
    answer = _static(request)
    if answer.status_code == 200:
        answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in FILES:
        return PlainTextResponse("there is no such file\n", 404)
    kind = next((kind for end, kind in _KINDS.items() if name.endswith(end)), "application/octet-stream")
    return Response(FILES[name], media_type=kind, headers={"Cache-Control": "no-cache"})
