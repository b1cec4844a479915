"""A broker behind TLS: its certificate is checked, unless the URL says otherwise."""

import select
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from curvegan_worker.celery.broker import BrokerUnreachable, round_trip
from curvegan_worker.settings import Settings

from ..servers import RedisServer

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that nobody but itself vouches for, with its key."""
    path = tmp_path / "own.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", path, "-out", tmp_path / "crt"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (tmp_path / "crt").read_bytes())
    return path


@pytest.fixture
def port(own_redis: RedisServer, certificate: Path) -> Iterator[int]:
    """The port of a server that speaks TLS before a real one, which need not know it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, context, own_redis.port), daemon=True).start()
        yield listener.getsockname()[1]


def _serve(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_connect, args=(connection, context, port), daemon=True).start()


def _connect(connection: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """Pass on what either side says."""
    with (
        suppress(OSError),
        context.wrap_socket(connection, server_side=True) as theirs,
        socket.create_connection(("127.0.0.1", port)) as ours,
    ):
        others: dict[socket.socket, socket.socket] = {theirs: ours, ours: theirs}
        while True:
            for source in [theirs] if theirs.pending() else select.select(list(others), [], [])[0]:
                if not (data := source.recv(65536)):
                    return
                others[source].sendall(data)


def settings(tmp_path: Path, port: int, options: str = "", host: str = "localhost") -> Settings:
    return Settings.resolve(str(tmp_path), None, f"rediss://{host}:{port}/0{options}")


def test_a_certificate_that_nobody_vouches_for_is_refused(port: int, tmp_path: Path) -> None:
    with pytest.raises(BrokerUnreachable, match=r"(?i)certificate"):
        round_trip(settings(tmp_path, port))


def test_a_certificate_of_ones_own_is_named_in_the_url(port: int, certificate: Path, tmp_path: Path) -> None:
    assert round_trip(settings(tmp_path, port, f"?ssl_ca_certs={certificate}")) > 0
    with pytest.raises(BrokerUnreachable, match=r"(?i)certificate"):
        round_trip(settings(tmp_path, port, f"?ssl_ca_certs={certificate}", host="127.0.0.1"))


def test_who_says_so_checks_nothing(port: int, tmp_path: Path) -> None:
    assert round_trip(settings(tmp_path, port, "?ssl_cert_reqs=none")) > 0
