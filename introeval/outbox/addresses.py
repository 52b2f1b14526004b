"""Which addresses a webhook may call. Pure.

The rules:

1. Only addresses that the whole Internet shares may be called, unless the settings allow private ones: loopback, the
   private ranges of IPv4 and IPv6, and a carrier's.
2. No setting allows what is never a college's receiver: link-local addresses and the machines' own metadata services,
   multicast, the unspecified address, broadcast, reserved and documentation ranges.
3. An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4, Teredo, compatible) is that IPv4 address.
4. What is not an address, or of no known range, is refused.

Ranges: https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/
iana-ipv6-special-registry (Python's ``is_private`` and ``is_global`` changed their meaning between 3.11 and 3.13).
Metadata: 169.254.169.254 and fd00:ec2::254 (AWS, also Azure's and Google's), 100.100.100.200 (Alibaba),
168.63.129.16 (Azure's host, a public address).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _v4(*texts: str) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(text) for text in texts)


def _v6(*texts: str) -> tuple[IPv6Network, ...]:
    return tuple(IPv6Network(text) for text in texts)


_METADATA: tuple[Network, ...] = (
    *_v4("169.254.169.254/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),
    *_v6("fd00:ec2::254/128", "fd20:ce::254/128"),
)
_NEVER: tuple[tuple[str, tuple[Network, ...]], ...] = (
    ("a metadata service of a cloud", _METADATA),
    ("unspecified", (*_v4("0.0.0.0/8"), *_v6("::/128"))),
    ("link-local", (*_v4("169.254.0.0/16"), *_v6("fe80::/10", "fec0::/10"))),
    ("multicast", (*_v4("224.0.0.0/4"), *_v6("ff00::/8"))),
    (
        "reserved",
        (
            *_v4("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24"),
            *_v4("203.0.113.0/24", "240.0.0.0/4"),
            *_v6("2001::/23", "2001:db8::/32", "3fff::/20"),
        ),
    ),
)
_PRIVATE: tuple[tuple[str, tuple[Network, ...]], ...] = (
    ("loopback", (*_v4("127.0.0.0/8"), *_v6("::1/128"))),
    (
        "private",
        (*_v4("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"), *_v6("fc00::/7")),
    ),
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = _v6("64:ff9b::/96", "64:ff9b:1::/48")
_COMPATIBLE = IPv6Network("::/96")


def refusal(text: str, allow_private: bool) -> str | None:
    """What kind of address this is when it must not be called, in a word or two; ``None`` when it may be."""
    try:
        address = carried(ip_address(text.partition("%")[0]))
    except ValueError:
        return "not an address"
    kinds = _NEVER if allow_private else _NEVER + _PRIVATE
    for kind, networks in kinds:
        if _within(address, networks):
            return kind
    known = isinstance(address, IPv4Address) or address in _GLOBAL_V6
    known = known or any(_within(address, networks) for _, networks in _PRIVATE)
    return None if known else "reserved"


def carried(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries (rule 3), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if _within(address, _NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _COMPATIBLE and int(address) > 1:
        return IPv4Address(int(address))
    return address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
