"""One project's addresses: reading rows page after page, alone or as a data frame, and sending."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from polyannot_client.rows import Row
from polyannot_client.transport import Transport

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


class Place:
    """A project, asked with one token; paths are those of the OpenAPI document below the project."""

    def __init__(self, transport: Transport, slug: str) -> None:
        self._transport = transport
        self.slug = slug

    def _at(self, path: str) -> str:
        return f"projects/{self.slug}/{path}"

    def get(self, path: str, /, **query: object) -> Row:
        """Return what is at an address, for example `progress/`."""
        return self._transport.get(self._at(path), **query)

    def post(self, path: str, given: object = None) -> Row:
        """Send something, under a key of its own, and return the answer."""
        return self._transport.post(self._at(path), given)

    @overload
    def pages(self, path: str, /, **filters: object) -> Iterator[Row]: ...

    @overload
    def pages(self, path: str, read: Callable[[Row], T], /, **filters: object) -> Iterator[T]: ...

    def pages(self, path: str, read: Callable[[Row], Any] = dict, /, **filters: object) -> Iterator[Any]:
        """Yield the rows of any list, page after page, each through `read`; filters as the document names them."""
        return map(read, self._transport.rows(self._at(path), **filters))

    def frame(self, path: str, /, **filters: object) -> "pd.DataFrame":
        """Return any list as a data frame, values inside values as columns `outer.inner`; needs pandas."""
        import pandas as pd  # noqa: PLC0415  only who wants a frame needs it

        return pd.json_normalize(list(self.pages(path, **filters)))
