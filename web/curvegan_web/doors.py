"""Who may come in: the checks that every request passes before any page sees it, and what every answer forbids."""

import secrets
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = ("GET", "HEAD")
# What changes something is a small JSON object of texts, whose length is said before it comes. A form of another site
# can be neither of that type nor of that origin.
BODY_TYPE, MOST_BYTES = "application/json", 65_536
# Nothing is loaded from elsewhere, nothing in a page is executed but our own files, no text becomes markup.
POLICY = "; ".join(
    (
        "default-src 'none'",
        *("script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'"),
        *("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
        *("require-trusted-types-for 'script'", "trusted-types 'none'"),
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(frozen=True)
class Doors:
    """The token that opens, the Hosts that are ours, and whether anything may be changed."""

    hosts: frozenset[str]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    changes: bool = False
    # Cookies of a host go to all its ports: each dashboard has a name of its own for its cookie, and a value that a
    # token which somebody reads over your shoulder does not give away.
    cookie: str = field(default_factory=lambda: f"curvegan_{secrets.token_hex(4)}")
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def answer(self, request: Request) -> Response | None:
        """Return the answer to a request that goes no further; None for one that may."""
        host = _only(request.headers, "host")
        if host not in self.hosts:
            return _refused(421, "this dashboard answers to its own address alone")
        if request.query_params.get("token") is not None:
            return self._opened(request)
        if not self._known(request):
            return _refused(401, "open the address that `curvegan dashboard` printed")
        if request.method not in SAFE:
            return self._changing(request, host)
        return None if _own_page_or_navigation(request.headers) else _refused(403, "another site asked for this")

    def _opened(self, request: Request) -> Response:
        """Exchange the token of the printed address for a cookie that no script reads and no other site sends."""
        if request.method != "GET" or not _same(request.query_params["token"], self.token):
            return _refused(403, "that token is not this dashboard's; open the address that it printed")
        answer = RedirectResponse(request.url.path if request.url.path.startswith("/jobs/") else "/", 303)
        answer.set_cookie(self.cookie, self.session, httponly=True, samesite="strict", path="/")
        return answer

    def _known(self, request: Request) -> bool:
        given = request.cookies.get(self.cookie)
        if given is not None and _same(given, self.session):
            return True
        # For a scraper, which keeps no cookie. No page can send it to us from elsewhere: that takes CORS.
        bearer = request.headers.get("authorization", "")
        return request.url.path == "/metrics" and request.method in SAFE and _same(bearer, f"Bearer {self.token}")

    def _changing(self, request: Request, host: str) -> Response | None:
        if not self.changes:
            return _refused(403, "this dashboard only shows; the commands change things, and so does --allow-changes")
        ours = _only(request.headers, "origin") == f"http://{host}"
        if not ours or _only(request.headers, "sec-fetch-site") != "same-origin":
            return _refused(403, "another site asked for this")
        return _unfit(request.headers) if request.method == "POST" else None


class Guard:
    """Stands before the application: asks the doors, and puts HEADERS on every answer, refusals included."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self.app, self.doors = app, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self.doors.answer(Request(scope))
            await (answer or self.app)(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending


def _own_page_or_navigation(headers: Headers) -> bool:
    """Return whether a look comes from our pages or from a person: another port of this machine is "same-site"."""
    site = headers.get("sec-fetch-site", "none")
    return site in ("same-origin", "none") or headers.get("sec-fetch-mode") == "navigate"


def _unfit(headers: Headers) -> Response | None:
    """Return the answer to a body of another type, or of a length that is not known or too large, before it is read."""
    if _only(headers, "content-type") != BODY_TYPE:
        return _refused(415, f"a change is {BODY_TYPE} and nothing else")
    length = _only(headers, "content-length")
    if "transfer-encoding" in headers or not (length.isascii() and length.isdecimal()):
        return _refused(411, "a change says its length, once")
    if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
        return _refused(413, f"a change has at most {MOST_BYTES} bytes")
    return None


def _only(headers: Headers, name: str) -> str:
    """Return a header that is there exactly once, else nothing."""
    values = headers.getlist(name)
    return values[0] if len(values) == 1 else ""


def _same(given: str, right: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "replace"), right.encode())


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(f"{why}\n", status)
