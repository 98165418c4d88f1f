import pytest

from piepowder.rooms.appstore.rules.addresses import page_problem, redirect_problem, webhook_problem

GOOD = ["https://apps.example.com/return", "https://apps.example.com:8443/a?b=%2Fc", "https://xn--bcher-kva.example/"]


@pytest.mark.parametrize("uri", GOOD)
def test_an_open_https_address_is_taken(uri: str) -> None:
    """A name in the open, a port and a query are fine everywhere."""
    assert (redirect_problem(uri), webhook_problem(uri), page_problem(uri)) == ("", "", "")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9000/cb", "http://[::1]/cb"])
def test_loopback_is_for_redirects_only(uri: str) -> None:
    """A program on a developer's desk can be returned to; we never call inward ourselves."""
    assert redirect_problem(uri) == ""
    assert webhook_problem(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "apps.example.com/return",
        "//apps.example.com/return",
        "http://apps.example.com/return",
        "http://localhost:9000/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "app://return",
        "ftp://apps.example.com/",
        "https:///return",
        "https://user@apps.example.com/",
        "https://user:word@apps.example.com/",
        "https://apps.example.com@evil.example/",
        "https://apps.example.com/#part",
        "https://apps.example.com/#",
        "https://*.example.com/",
        "https://apps.example.com/a b",
        "https://apps.example.com/\nX: y",
        "https://apps.example.com/\t",
        "https://apps.example.com\\@evil.example/",
        "https://apps.example.com/\u202ereturn",
        "https://\u0430pps.example.com/",
        "https://apps.example.com/\0",
        "https://apps.example.com/<script>",
        "https://apps.example.com:0/",
        "https://apps.example.com:/",
        "https://apps.example.com:99999/",
        "https://apps.example.com:port/",
        "https://apps.example.com/a/../b",
        "https://apps.example.com/a/%2e%2e/b",
        "https://apps.example.com/%00",
        "https://apps.example.com/%0d%0aX:y",
        "https://apps.example.com/%zz",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1/",
        "https://apps..example.com/",
        "https://-apps.example.com/",
        "https://apps/",
        "https://apps.example.com/" + "a" * 2000,
    ],
)
def test_addresses_of_every_nasty_kind_are_refused(uri: str) -> None:
    """Wherever it would be used, the refusal is half a sentence about the address."""
    assert redirect_problem(uri)
    assert webhook_problem(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://127.0.0.1/",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://192.168.1.1/",
        "https://203.0.113.9/hook",
        "https://[fd00::1]/hook",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/hook",
        "https://localhost./hook",
        "https://db.internal/hook",
        "https://printer.local/hook",
        "https://a.home.arpa/hook",
    ],
)
def test_nobody_points_us_inward(uri: str) -> None:
    """An address that we would call is a name in the open, never a number and never of somebody's own network."""
    assert webhook_problem(uri)
