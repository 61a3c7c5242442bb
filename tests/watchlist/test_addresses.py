"""Where a webhook may not go: the networks the site itself stands in, in any spelling."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.watchlist.delivery.addresses import AddressRefused, judge, parse, permitted

# What an attacker would rather have the site connect to: (host, why).
CLOSED = [
    ("127.0.0.1", "loopback"),
    ("127.1", "loopback, short"),
    ("127.255.255.254", "loopback, the rest of the network"),
    ("2130706433", "loopback, decimal"),
    ("0x7f000001", "loopback, hexadecimal"),
    ("0x7f.0.0.1", "loopback, partly hexadecimal"),
    ("0177.0.0.1", "loopback, octal"),
    ("017700000001", "loopback, octal in one"),
    ("0", "this host"),
    ("0.0.0.0", "this host"),
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.168.1.1", "private"),
    ("3232235777", "private, decimal"),
    ("169.254.169.254", "link-local: cloud metadata"),
    ("0xa9fea9fe", "link-local, hexadecimal"),
    ("100.64.0.1", "shared address space"),
    ("100.100.100.200", "shared address space: cloud metadata"),
    ("168.63.129.16", "a platform's own address"),
    ("192.0.0.8", "protocol assignments"),
    ("192.0.2.1", "documentation"),
    ("198.18.0.1", "benchmarks"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("0:0:0:0:0:0:0:1", "loopback, long"),
    ("::ffff:127.0.0.1", "IPv4-mapped loopback"),
    ("::ffff:7f00:1", "IPv4-mapped loopback, hexadecimal"),
    ("::ffff:10.0.0.1", "IPv4-mapped private"),
    ("::ffff:169.254.169.254", "IPv4-mapped link-local"),
    ("::127.0.0.1", "IPv4-compatible loopback"),
    ("64:ff9b::7f00:1", "NAT64 of loopback"),
    ("64:ff9b::a9fe:a9fe", "NAT64 of cloud metadata"),
    ("64:ff9b:1::a00:1", "local NAT64"),
    ("2002:7f00:1::", "6to4 of loopback"),
    ("2002:c0a8:101::1", "6to4 of private"),
    ("2001:0:53aa:64c:0:0:80ff:fffe", "Teredo"),
    ("fc00::1", "unique local"),
    ("fd00:ec2::254", "unique local: cloud metadata"),
    ("fe80::1", "link-local"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("2001:db8::1", "documentation"),
    ("100::1", "discard"),
]
OPEN = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "::ffff:8.8.8.8", "2606:4700:4700::1111"]


def url_of(host: str) -> str:
    return f"http://[{host}]/hook" if ":" in host else f"http://{host}/hook"


@pytest.mark.parametrize(("host", "why"), CLOSED)
def test_an_address_that_is_not_public_is_refused_as_it_is_typed(host, why):
    with pytest.raises(AddressRefused):
        parse(url_of(host))


def _is_answer(host: str) -> bool:
    """Whether a resolver would write an address like this."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("host", [host for host, _ in CLOSED if _is_answer(host)])
def test_a_name_that_resolves_to_one_is_refused(host):
    target = parse("https://hook.example.com/x")
    with pytest.raises(AddressRefused):
        permitted(target, lambda name, port: [host])
    with pytest.raises(AddressRefused):
        permitted(target, lambda name, port: ["8.8.8.8", host])
    with pytest.raises(AddressRefused):
        permitted(target, lambda name, port: [host, "8.8.8.8"])


@pytest.mark.parametrize("host", OPEN)
def test_public_addresses_pass(host):
    """The control."""
    assert parse(url_of(host)).host
    target = parse("https://hook.example.com/x")
    assert permitted(target, lambda name, port: [host]) == host


def test_the_zone_of_an_address_hides_nothing():
    target = parse("https://hook.example.com/x")
    with pytest.raises(AddressRefused):
        permitted(target, lambda name, port: ["fe80::1%eth0"])


def test_a_name_without_an_address_is_trouble_that_may_pass():
    target = parse("https://hook.example.com/x")
    with pytest.raises(OSError, match="no address"):
        permitted(target, lambda name, port: [])


@given(st.integers(0, 2**32 - 1))
def test_every_spelling_of_an_address_is_judged_alike(number):
    address = ip_address(number)
    spellings = [str(address), str(number), hex(number), f"::ffff:{address}"]
    verdicts = set()
    for spelling in spellings:
        try:
            parse(url_of(spelling))
        except AddressRefused:
            verdicts.add(False)
        else:
            verdicts.add(True)
    assert len(verdicts) == 1
    try:
        judge(address)
    except AddressRefused:
        assert verdicts == {False}
    else:
        assert verdicts == {True}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "example.com/hook",
        "//example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "http://",
        "http:///hook",
        "http://user:secret@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com:22/",
        "http://example.com:25/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://exa mple.com/",
        "http://example.com/\r\nEvil: 1",
        "http://example.com/\x00",
        "http://example.com\\@evil.example/",
        "http://bücher.example/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://db/",
        "http://db.internal/",
        "http://printer.local/",
        "http://x.localhost/",
        "http://[::1",
        "http://[v1.x]/",
        "https://example.com/" + "x" * 500,
    ],
)
def test_what_is_no_webhooks_address_is_refused_with_a_sentence(url):
    with pytest.raises(AddressRefused) as refused:
        parse(url)
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://example.com", "example.com", "/"),
        ("https://Example.COM/Hook?a=b&c=%20d", "example.com", "/Hook?a=b&c=%20d"),
        ("https://example.com:443/", "example.com", "/"),
        ("http://example.com:8080/x", "example.com:8080", "/x"),
        ("https://example.com:80/x#part", "example.com:80", "/x"),
        ("https://[2606:4700:4700::1111]/x", "[2606:4700:4700::1111]", "/x"),
    ],
)
def test_an_address_is_taken_apart(url, authority, path):
    target = parse(url)
    assert (target.authority, target.path) == (authority, path)
