"""Which addresses may be called, in every form in which one can be written."""

import pytest

from introeval.outbox.addresses import refusal

PUBLIC = (
    "93.184.216.34",
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "192.169.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82b::200e",
    "64:ff9b::8.8.8.8",
    "::ffff:8.8.8.8",
)
PRIVATE = (
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fc00::1",
    "fdff:ffff::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::192.168.0.1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2".replace("3fff:fdd2", "f5ff:fffe"),
)
NEVER = (
    "0.0.0.0",
    "0.1.2.3",
    "169.254.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    "100::1",
    "5f00::1",
    "",
    "localhost",
    "2130706433",
    "0x7f000001",
    "127.1",
    "0177.0.0.1",
    "127.0.0.1 ",
    "127.0.0.1:80",
    "[::1]",
)


@pytest.mark.parametrize("text", PUBLIC)
def test_the_internet_may_be_called(text: str) -> None:
    """Also next to a private range, and when carried by an IPv6 address."""
    assert refusal(text, allow_private=False) is None
    assert refusal(text, allow_private=True) is None


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_need_leave(text: str) -> None:
    """Loopback and private networks, in every dress."""
    assert refusal(text, allow_private=False) in ("private", "loopback")
    assert refusal(text, allow_private=True) is None


@pytest.mark.parametrize("text", NEVER)
def test_some_are_never_called(text: str) -> None:
    """Metadata services, link-local, multicast, reserved, and what is no address: no setting allows them."""
    assert refusal(text, allow_private=False) is not None
    assert refusal(text, allow_private=True) is not None
