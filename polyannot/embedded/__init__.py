"""The private PostgreSQL and Valkey that polyannot runs for itself when no others are named.

`addresses` says where they are, `members` joins and leaves them, `keeper` owns them while somebody uses them.
"""

from polyannot.embedded.errors import EmbeddedError
from polyannot.embedded.members import join, leave

__all__ = ["EmbeddedError", "join", "leave"]
