"""Which management commands need the embedded servers."""

from collections.abc import Sequence

from polyannot.embedded.members import join

# Everything else may ask the database, if only to check that no migration is missing.
WITHOUT_SERVERS = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "evaluate",
        "findstatic",
        "healthcheck",
        "help",
        "makemessages",
        "startapp",
        "train_heads",
        "verify_release",
        "version",
    }
)


def needs_servers(arguments: Sequence[str]) -> bool:
    """Say whether `manage.py ARGUMENTS` needs a database or broker (`check` does with --database only)."""
    if not arguments or "--help" in arguments or "-h" in arguments or arguments[0].startswith("-"):
        return False
    if arguments[0] == "check":
        return any(argument.startswith("--database") for argument in arguments)
    return arguments[0] not in WITHOUT_SERVERS


def join_for(arguments: Sequence[str]) -> None:
    """Start or join the embedded servers if `manage.py ARGUMENTS` needs them; raises EmbeddedError."""
    if needs_servers(arguments):
        join()
