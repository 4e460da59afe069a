"""Visiting addresses: real servers on this machine, which the setting allows, and everything they may try."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from polyannot.kernel.addresses import may_be_visited, plain_address
from polyannot.kernel.fetching import Fetched, FetchLimits, FetchRefused, fetch

LOOPBACK = ipaddress.ip_network("127.0.0.1/32")
LIMITS = FetchLimits(most_bytes=10_000, seconds=5.0)


class Handler(BaseHTTPRequestHandler):
    """Answers by path; keeps the Host header of each request."""

    hosts: list[str]

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        type(self).hosts.append(self.headers["Host"])
        getattr(self, "give_" + self.path.strip("/").partition("/")[0].partition("?")[0])()

    def plain(self, content: bytes, **headers: str) -> None:
        self.send_response(200)
        for name, value in ({"Content_Type": "image/png"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            return

    def give_picture(self) -> None:
        self.plain(b"picture", Content_Length="7")

    def give_onward(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.path.partition("?")[2] or "/onward")
        self.end_headers()

    def give_short(self) -> None:
        self.plain(b"pic", Content_Length="7")

    def give_large(self) -> None:
        self.plain(b"x", Content_Length="999999999")

    def give_endless(self) -> None:
        self.plain(b"x" * 64_000)
        try:
            for _block in range(10_000):
                self.wfile.write(b"x" * 64_000)
        except OSError:
            return

    def give_packed(self) -> None:
        self.plain(b"\x1f\x8b", Content_Encoding="gzip")

    def give_page(self) -> None:
        self.plain(b"<html>", Content_Type="text/html; charset=utf-8")

    def give_chunks(self) -> None:
        self.protocol_version = "HTTP/1.1"
        self.plain(b"3\r\npic\r\n4\r\nture\r\n0\r\n\r\n", Transfer_Encoding="chunked")

    def give_gone(self) -> None:
        self.send_error(404)


@pytest.fixture
def server(settings: Any) -> Iterator[str]:
    settings.FETCH_ALLOWED_NETWORKS = [LOOPBACK]
    Handler.hosts = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def refusal(url: str, limits: FetchLimits = LIMITS) -> str:
    with pytest.raises(FetchRefused) as refused:
        fetch(url, limits)
    return refused.value.code


def answers(monkeypatch: pytest.MonkeyPatch, *rounds: list[str]) -> list[str]:
    """Let names have these addresses, another list each time they are asked for; return the names asked for."""
    asked: list[str] = []

    def lookup(host: str, port: int, **_more: object) -> list[tuple[object, ...]]:
        asked.append(host)
        found = rounds[min(len(asked), len(rounds)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return asked


def test_a_picture_is_fetched_with_its_kind_also_in_chunks_and_after_a_redirect(server: str) -> None:
    assert fetch(f"{server}/picture", LIMITS) == Fetched(b"picture", "image/png", f"{server}/picture")
    assert fetch(f"{server}/chunks", LIMITS).content == b"picture"
    assert fetch(f"{server}/onward?/picture", LIMITS).url == f"{server}/picture"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("onward", "too_many_redirects"),
        ("onward?http://10.0.0.1/", "address_refused"),
        ("onward?http://169.254.169.254/latest/meta-data", "address_refused"),
        ("onward?file:///etc/passwd", "address_malformed"),
        ("short", "cut_off"),
        ("large", "too_large"),
        ("endless", "too_large"),
        ("packed", "encoded"),
        ("gone", "status"),
    ],
)
def test_what_goes_wrong_is_named(server: str, path: str, code: str) -> None:
    assert refusal(f"{server}/{path}") == code


def test_only_the_kinds_of_content_that_were_asked_for_are_read(server: str) -> None:
    limits = FetchLimits(most_bytes=100, media_types=("image/",))
    assert fetch(f"{server}/picture", limits).content == b"picture"
    assert refusal(f"{server}/page", limits) == "media_type"


def raw_server(stack: ExitStack, talk: Callable[[socket.socket], None]) -> str:
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

    def serve() -> None:
        try:
            taken, _peer = listening.accept()
            with taken:
                talk(taken)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/"


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\n\r\n", b""])
def test_a_server_that_drips_is_cut_off_in_the_header_and_in_the_content(settings: Any, start: bytes) -> None:
    settings.FETCH_ALLOWED_NETWORKS = [LOOPBACK]

    def drip(taken: socket.socket) -> None:
        taken.sendall(start)
        for _second in range(100):
            time.sleep(0.05)
            taken.sendall(b"a")

    with ExitStack() as stack:
        began = time.monotonic()
        assert refusal(raw_server(stack, drip), FetchLimits(most_bytes=1000, seconds=0.4)) == "too_slow"
        assert time.monotonic() - began < 3, "far less than the 5 seconds that the server talks"


def test_a_name_is_looked_up_once_and_its_second_answer_leads_nowhere(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.rpartition(":")[2]
    asked = answers(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    assert fetch(f"http://pictures.test:{port}/picture", LIMITS).content == b"picture"
    assert asked == ["pictures.test"]
    assert Handler.hosts == [f"pictures.test:{port}"]
    assert refusal(f"http://pictures.test:{port}/picture") == "address_refused", "each visit is checked anew"


def test_one_private_address_among_several_refuses_the_host(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, ["127.0.0.1", "192.168.0.1"])
    assert refusal(f"{server.replace('127.0.0.1', 'both.test')}/picture") == "address_refused"
    assert Handler.hosts == []


def certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_the_name_goes_into_the_handshake_and_certificates_are_verified(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.FETCH_ALLOWED_NETWORKS = [LOOPBACK]
    Handler.hosts = []
    path = certificate(tmp_path, "pictures.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    names: list[str | None] = []
    context.set_servername_callback(lambda _socket, name, _context: names.append(name))
    answers(monkeypatch, ["127.0.0.1"])
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.socket = context.wrap_socket(made.socket, server_side=True)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        url = f"https://pictures.test:{made.server_port}/picture"
        assert refusal(url) == "certificate"
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert fetch(url, LIMITS).content == b"picture"
        assert refusal(url.replace("pictures", "others")) == "certificate", "a certificate for another name"
        made.shutdown()
    assert names == ["pictures.test", "pictures.test", "others.test"]


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:1::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_addresses_that_are_not_public_are_refused_unless_their_network_is_allowed(address: str) -> None:
    plain = plain_address(address)
    assert not may_be_visited(plain, [])
    assert may_be_visited(plain, [ipaddress.ip_network(plain)])


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses_may_be_visited(address: str) -> None:
    assert may_be_visited(plain_address(address), [])


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.org/a", "address_malformed"),
        ("file:///etc/passwd", "address_malformed"),
        ("http:///a", "address_malformed"),
        ("http://[::1", "address_malformed"),
        ("http://a b/", "address_malformed"),
        ("http://a/\r\nX: 1", "address_malformed"),
        ("http://host:99999/", "address_malformed"),
        ("http://name:word@example.org/", "address_has_password"),
        ("http://127.0.0.1/", "address_refused"),
        ("http://2130706433/", "address_refused"),
        ("http://0x7f.1/", "address_refused"),
        ("http://[::ffff:127.0.0.1]/", "address_refused"),
        ("http://localhost/", "address_refused"),
    ],
)
def test_addresses_that_lead_astray_are_refused_before_anything_is_sent(url: str, code: str) -> None:
    assert refusal(url) == code
