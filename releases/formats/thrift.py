"""Thrift's compact protocol, as much of it as the footer of a Parquet file needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
SHORT_LIST = 15


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is written already, with the number of its type."""

    type: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Struct:
    """Fields by their numbers, which must rise."""

    fields: "Mapping[int, Value | Struct]"


def i32(number: int) -> Value:
    """Return a number of 32 bits."""
    return Value(I32, _zigzag(number))


def i64(number: int) -> Value:
    """Return a number of 64 bits."""
    return Value(I64, _zigzag(number))


def text(value: str) -> Value:
    """Return a text in UTF-8."""
    content = value.encode()
    return Value(BINARY, varint(len(content)) + content)


def list_of(items: Sequence[Value | Struct]) -> Value:
    """Return a list; all items are of the type of the first."""
    kind = _type(items[0]) if items else STRUCT
    head = (
        bytes([len(items) << 4 | kind])
        if len(items) < SHORT_LIST
        else bytes([240 | kind]) + varint(len(items))
    )
    return Value(LIST, head + b"".join(_content(item) for item in items))


def encode(struct: Struct) -> bytes:
    """Return the bytes of a struct."""
    out = bytearray()
    last = 0
    for number, value in struct.fields.items():
        out.append((number - last) << 4 | _type(value))
        out += _content(value)
        last = number
    out.append(0)
    return bytes(out)


def varint(number: int) -> bytes:
    """Return a number from 0 up in groups of seven bits, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _zigzag(number: int) -> bytes:
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _type(value: Value | Struct) -> int:
    return STRUCT if isinstance(value, Struct) else value.type


def _content(value: Value | Struct) -> bytes:
    return encode(value) if isinstance(value, Struct) else value.content
