"""Which machines an address that somebody gave may lead to: public ones, and those that the settings allow.

Pure: addresses in, answers out. Held by tests/kernel/test_fetching.py.
"""

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Addresses that stand for another one: what they lead to is decided elsewhere, by a gateway.
TRANSLATED = tuple(
    ipaddress.ip_network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)


def plain_address(given: str) -> Address:
    """Return the address without its zone, an IPv4 address that is written as IPv6 as IPv4. Raises ValueError."""
    address = ipaddress.ip_address(given.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def may_be_visited(address: Address, allowed: Sequence[Network]) -> bool:
    """Say whether a fetch may connect to this address.

    Private, shared, loopback, link-local, multicast, reserved and unspecified addresses are refused, and IPv6
    addresses that a gateway turns into IPv4 ones (NAT64, 6to4, Teredo), unless a network of `allowed` holds them.
    """
    if any(address.version == network.version and address in network for network in allowed):
        return True
    if any(address.version == network.version and address in network for network in TRANSLATED):
        return False
    unusual = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_private
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not unusual and not site_local
