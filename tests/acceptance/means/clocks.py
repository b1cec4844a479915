"""Clocks that a test can set: of workers by time-machine, of servers by libfaketime (Debian's package `faketime`)."""

from pathlib import Path

from ...servers import PostgresServer, ServerUnavailableError

_PLACES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/local/lib/faketime/libfaketimeMT.so.1")


class Clock:
    """The wall clock of some processes, so many seconds ahead of the machine's; their steady clock is the machine's."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, seconds: float) -> None:
        """Have the clock jump."""
        following = self.file.with_suffix(".next")
        following.write_text(f"{seconds:+.0f}s\n")
        following.chmod(0o644)
        following.replace(self.file)


class PostgresWithClock(PostgresServer):
    """A server whose clock can be set."""

    def __init__(self, clock: Clock, parent: Path | None = None) -> None:
        self._clock = clock
        _library()
        super().__init__(parent)

    def command(self) -> list[str]:
        """Run the server as ever, on that clock."""
        steady = [f"{name}=1" for name in ("DONT_FAKE_MONOTONIC", "FAKETIME_DONT_FAKE_MONOTONIC", "FAKETIME_NO_CACHE")]
        clock = [f"LD_PRELOAD={_library()}", f"FAKETIME_TIMESTAMP_FILE={self._clock.file}", *steady]
        return ["env", *clock, *super().command()]


def _library() -> Path:
    for place in _PLACES:
        for path in Path("/").glob(place.lstrip("/")):
            return path
    raise ServerUnavailableError("no libfaketime here: `apt-get install faketime`")
