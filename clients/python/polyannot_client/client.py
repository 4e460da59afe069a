"""The server, with one token."""

from collections.abc import Iterator

from polyannot_client.project import Project
from polyannot_client.transport import Transport


class Polyannot:
    """A polyannot server, asked with one token."""

    def __init__(self, url: str, token: str, *, timeout: float = 60.0) -> None:
        """Ask the server at `url` (without a path) with this token; `timeout` is in seconds for each request."""
        self._transport = Transport(url, token, timeout=timeout)

    def project(self, slug: str) -> Project:
        """Return the project that the token is for; raises ApiError where it is not."""
        self._transport.get(f"projects/{slug}/")
        return Project(self._transport, slug)

    def projects(self) -> Iterator[str]:
        """Yield the short names of the projects that the token reaches."""
        for row in self._transport.rows("projects/"):
            yield str(row["slug"])

    def create_project(self, *, name: str, slug: str, description: str = "") -> Project:
        """Make a project with a site admin's token; what comes back has a token of its own (`Project.token`)."""
        made = self._transport.post("projects/", {"name": name, "slug": slug, "description": description})
        return Project(Transport(self._transport.url, made["token"], timeout=self._transport.timeout), slug)
