"""The one way in which polyannot visits an address that somebody gave.

The host is looked up once; every address that it has is checked, and the connection goes to one that was checked, so
that a name cannot point elsewhere between check and use. Redirects are followed by hand under the same check. Limits
hold on bytes (whatever the headers say), on the whole time, and on the kind of content.
See docs/algorithms/fetching.md.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from polyannot.kernel.addresses import Network, may_be_visited, plain_address
from polyannot.kernel.errors import Invalid

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PORTS = {"http": 80, "https": 443}
LONGEST_ADDRESS = 2_000
BLOCK = 64 * 1024
# Characters of a path or a query that stand for themselves.
KEPT = "/%:@!$&'()*+,;=~-._?"
AGENT = "polyannot"

Taken = TypeVar("Taken")


class FetchRefused(Invalid):
    """An address could not be visited, or did not give what was asked for; the code says which."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one fetch may take: bytes of content, seconds altogether, redirects, and kinds of content.

    `media_types` are whole types (`application/json`) or beginnings (`image/`); empty takes any.
    """

    most_bytes: int
    seconds: float = 60.0
    redirects: int = 5
    media_types: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave: its bytes, the kind of content as it was declared, and the last address."""

    content: bytes
    media_type: str
    url: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What an address answered to something that was sent; the content is read of an answer of 200 alone."""

    status: int
    retry_after: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Request:
    """What is sent."""

    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def fetch(url: str, limits: FetchLimits) -> Fetched:
    """Return what an address gives. Raises FetchRefused, whose message is for a person."""
    ends_at = time.monotonic() + limits.seconds
    for _hop in range(limits.redirects + 1):
        answer = _visit(checked_parts(url), limits, ends_at)
        if isinstance(answer, Fetched):
            return answer
        url = answer
    raise FetchRefused(
        "too_many_redirects", _("The address leads on more than %(n)d times.") % {"n": limits.redirects}
    )


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> int:
    """Send bytes to an address and return the status that it answered; what it says beside that is not read.

    A redirect is an answer like any other and is not followed. Raises FetchRefused, whose message is for a person.
    """
    with _Visit(checked_parts(url), time.monotonic() + seconds, _Request("POST", body, headers)) as visit:
        return visit.answer(lambda response: response.status)


def post_for_answer(url: str, body: bytes, headers: Mapping[str, str], limits: FetchLimits) -> Answered:
    """Send bytes to an address and return what it answers, within the limits; a redirect is not followed.

    Raises FetchRefused, whose message is for a person.
    """

    def taken(response: http.client.HTTPResponse) -> Answered:
        is_ok = response.status == http.client.OK
        content = _content(response, url, limits).content if is_ok else b""
        return Answered(response.status, response.getheader("Retry-After", ""), content)

    with _Visit(
        checked_parts(url), time.monotonic() + limits.seconds, _Request("POST", body, headers)
    ) as visit:
        return visit.answer(taken)


def checked_parts(url: str) -> SplitResult:
    """Return the parts of an address that may be looked up: http or https, with a host, without a password."""
    wrong = FetchRefused("address_malformed", _("This is no web address (http or https)."))
    if len(url) > LONGEST_ADDRESS or any(letter <= " " or letter == "\x7f" for letter in url):
        raise wrong
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise wrong
    if parts.username is not None or parts.password is not None:
        raise FetchRefused("address_has_password", _("The address holds a name or a password."))
    return parts


def _visit(parts: SplitResult, limits: FetchLimits, ends_at: float) -> Fetched | str:
    """Return the content, or the address that it leads on to."""

    def taken(response: http.client.HTTPResponse) -> Fetched | str:
        if response.status in REDIRECTS and (leads_to := response.getheader("Location")):
            return urljoin(parts.geturl(), leads_to.strip())
        return _content(response, parts.geturl(), limits)

    with _Visit(parts, ends_at, _Request()) as visit:
        return visit.answer(taken)


class _Visit:
    """One request over one connection, which is cut when the time is over."""

    def __init__(self, parts: SplitResult, ends_at: float, request: _Request) -> None:
        self.parts = parts
        self.request = request
        self.ends_at = ends_at
        self.is_late = False
        self.sock: socket.socket | None = None
        self.response: http.client.HTTPResponse | None = None
        self.watch = threading.Timer(max(0.0, ends_at - time.monotonic()), self._cut)
        self.watch.daemon = True

    def __enter__(self) -> "_Visit":
        self.watch.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.watch.cancel()
        if self.response is not None:
            self.response.close()
        if self.sock is not None:
            self.sock.close()

    def _cut(self) -> None:
        """End the conversation, whatever it waits for."""
        self.is_late = True
        if (sock := self.sock) is not None:
            try:
                # That of the plain socket: the one of an encrypted socket would take its keys from under a reader.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return

    def answer(self, take: Callable[[http.client.HTTPResponse], Taken]) -> Taken:
        """Return what `take` makes of the answer. Raises FetchRefused."""
        try:
            found = take(self._asked())
        except ssl.SSLCertVerificationError as error:
            raise FetchRefused("certificate", _("The server's certificate is not to be trusted.")) from error
        except http.client.IncompleteRead as error:
            self._check_time()
            raise FetchRefused("cut_off", _("The server broke off before the end.")) from error
        except (OSError, http.client.HTTPException) as error:
            self._check_time()
            raise FetchRefused("unreachable", _("The server could not be reached.")) from error
        self._check_time()
        return found

    def _check_time(self) -> None:
        if self.is_late or time.monotonic() >= self.ends_at:
            raise FetchRefused("too_slow", _("The address did not answer whole in time."))

    def _asked(self) -> http.client.HTTPResponse:
        parts = self.parts
        host = _ascii_host(parts.hostname or "")
        port = parts.port or PORTS[parts.scheme]
        self._connect(resolved(host, port), host, port)
        connection = http.client.HTTPConnection(host, port)
        connection.default_port = PORTS[parts.scheme]
        connection.sock = self.sock
        path = quote(parts.path or "/", safe=KEPT) + (
            "?" + quote(parts.query, safe=KEPT) if parts.query else ""
        )
        always = {"User-Agent": AGENT, "Accept-Encoding": "identity", "Connection": "close"}
        sent = self.request
        connection.request(sent.method, path, body=sent.body, headers={**sent.headers, **always})
        self.response = connection.getresponse()
        return self.response

    def _connect(self, addresses: Sequence[str], host: str, port: int) -> None:
        """Open a connection to the first address that answers; the name is not looked up again."""
        for place, address in enumerate(addresses):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            self.sock = socket.socket(family, socket.SOCK_STREAM)
            self.sock.settimeout(max(0.01, self.ends_at - time.monotonic()))
            try:
                self.sock.connect((address, port))
                break
            except OSError:
                self.sock.close()
                if place == len(addresses) - 1:
                    raise
        if self.parts.scheme == "https" and self.sock is not None:
            secured = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=host, do_handshake_on_connect=False
            )
            self.sock = secured
            secured.do_handshake()


def _ascii_host(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError as error:
        raise FetchRefused("host_unknown", _("There is no such host.")) from error


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, looked up once. Raises FetchRefused where one of them may not be visited."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchRefused("host_unknown", _("There is no such host.")) from error
    allowed: Sequence[Network] = settings.FETCH_ALLOWED_NETWORKS
    addresses = list(dict.fromkeys(plain_address(str(row[4][0])) for row in found))
    if not addresses or not all(may_be_visited(address, allowed) for address in addresses):
        raise FetchRefused(
            "address_refused",
            _("The address leads into a private network; who runs this server can allow that network."),
        )
    return [str(address) for address in addresses]


def _content(response: http.client.HTTPResponse, url: str, limits: FetchLimits) -> Fetched:
    """Read the content, never more than the limit and one byte."""
    if response.status != http.client.OK:
        raise FetchRefused("status", _("The server answered %(status)d.") % {"status": response.status})
    if response.getheader("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise FetchRefused("encoded", _("The server sent packed content though none was asked for."))
    declared = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
    if limits.media_types and not any(declared.startswith(wanted) for wanted in limits.media_types):
        raise FetchRefused(
            "media_type",
            _("The server sent %(kind)s, which is not what belongs here.")
            % {"kind": declared[:80] or "nothing"},
        )
    return Fetched(_read(response.read, response.length, limits.most_bytes), declared, url)


def _read(read: Callable[[int], bytes], length: int | None, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= most and (length is None or length <= most) and (part := read(min(BLOCK, most + 1 - size))):
        parts.append(part)
        size += len(part)
    if size > most or (length is not None and length > most):
        raise FetchRefused("too_large", _("The content is larger than %(n)d bytes.") % {"n": most})
    if length is not None and size < length:
        raise http.client.IncompleteRead(b"", length - size)
    return b"".join(parts)
