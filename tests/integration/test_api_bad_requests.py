"""What a request gets whose key, path, headers or query cannot be accepted."""

import gzip
import zlib
from contextlib import closing
from http.client import HTTPConnection

import pytest

from payflow_domain.access.keys import BASE62
from tests.builders.api_server import Partner
from tests.builders.http_client import BASE, HOST, TIMEOUT_S, Answer, Client
from tests.integration.scene import TRANSFER, Scene, assert_problem, query_faults


def with_check_sum(body: str) -> str:
    """Return a well-formed key that nobody was given."""
    number, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, len(BASE62))
        check = BASE62[digit] + check
    return body + check


UNKNOWN_KEY = with_check_sum("sk_test_pf_" + "a" * 30)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Basic {key}",
        "Bearer {key}x",
        "Bearer {key} {key}",
        "Bearer {mistyped}",
        "Bearer {live}",
        f"Bearer {UNKNOWN_KEY}",
        b"Bearer \xff",
        "Bearer " + "x" * 5000,
    ],
    ids=lambda header: repr(header)[:30],
)
def test_a_request_without_a_good_key_is_401(scene: Scene, header: str | bytes | None) -> None:
    key = str(scene.partner.client.key)
    if isinstance(header, str):
        mistyped = key[:-1] + ("0" if key[-1] != "0" else "1")
        live = key.replace("test", "live")
        header = header.format(key=key, mistyped=mistyped, live=live)
    client = scene.api.client()

    with scene.nothing_changes():
        answer = client.send(
            "POST",
            f"{BASE}/transfers",
            scene.fill(TRANSFER).encode(),
            {} if header is None else {"Authorization": header},
        )

    assert_problem(answer, 401, "invalid_api_key")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/wallets", {"GET", "POST"}),
        ("PUT", "/wallets/{rich}", {"GET", "PATCH"}),
        ("POST", "/wallets/{rich}/balance", {"GET"}),
        ("GET", "/transfers", {"POST"}),
        ("GET", "/transfers/batch", {"POST"}),
        ("POST", "/transactions", {"GET"}),
        ("DELETE", "/transactions/{made}", {"GET"}),
        ("GET", "/transactions/{made}/reverse", {"POST"}),
        ("POST", "/events", {"GET"}),
        ("HEAD", "/wallets", {"GET", "POST"}),
    ],
)
def test_a_method_that_a_path_does_not_take_is_405(
    scene: Scene, method: str, path: str, allowed: set[str]
) -> None:
    with scene.nothing_changes():
        answer = scene.partner.client.send(method, BASE + path.format(**scene.ids))

    assert answer.status == 405
    assert set(answer.headers["Allow"].split(", ")) - {"OPTIONS"} == allowed
    if method != "HEAD":
        assert_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/wallets", "/%00", "/%ff"],
)
def test_an_unknown_path_is_404(scene: Scene, path: str) -> None:
    answer = scene.partner.client.send("GET", path)

    assert_problem(answer, 404, "route_not_found")


@pytest.mark.parametrize(
    "path", ["/wallets/nonsense", "/wallets/%00", "/wallets/%ff", "/wallets/wal_", "/wallets/ "]
)
def test_what_cannot_be_an_id_is_404(scene: Scene, path: str) -> None:
    answer = scene.partner.client.get(path.replace(" ", "%20"))

    assert_problem(answer, 404, "wallet_not_found")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "multipart/form-data",
        "",
        "application/json; charset=latin-1",
        'application/json; charset="utf-16"',
        "application/json; charset=",
    ],
)
def test_a_body_that_is_not_called_json_is_415(scene: Scene, content_type: str) -> None:
    with scene.nothing_changes():
        answer = scene.partner.client.send(
            "POST",
            f"{BASE}/transfers",
            scene.fill(TRANSFER).encode(),
            {"Content-Type": content_type},
        )

    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    [
        "Application/JSON",
        "application/json;charset=UTF-8",
        'application/json ; Charset="utf-8"',
        "application/json; profile=x",
    ],
)
def test_a_body_may_be_called_json_in_other_words(partner: Partner, content_type: str) -> None:
    body = b'{"name":"Anna","currency":"EUR"}'

    answer = partner.client.send(
        "POST",
        f"{BASE}/wallets",
        body,
        {"Content-Type": content_type, "Content-Encoding": "Identity"},
    )

    assert answer.status == 201


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "x"])
@pytest.mark.parametrize("path", ["/transfers", "/webhooks/stripe"])
def test_a_body_that_is_called_encoded_is_415(scene: Scene, path: str, encoding: str) -> None:
    content = scene.fill(TRANSFER).encode()
    body = gzip.compress(content) if encoding == "gzip" else content

    with scene.nothing_changes():
        answer = scene.partner.client.send(
            "POST", BASE + path, body, {"Content-Encoding": encoding}
        )

    assert_problem(answer, 415, "unsupported_content_encoding")
    assert answer.headers["Accept-Encoding"] == "identity"


REPEATED = [
    ("Idempotency-Key", "a1", "a2", "invalid_idempotency_key"),
    ("Idempotency-Key", "a1", "a1", "invalid_idempotency_key"),
    ("idempotency-key", "", "a1", "invalid_idempotency_key"),
    ("Authorization", "Bearer x", "Bearer $key", "repeated_header"),
    ("Content-Type", "text/plain", "application/json", "repeated_header"),
    ("Cookie", "a=b", "payflow_session=x", "repeated_header"),
    ("X-CSRF-Token", "x", "x", "repeated_header"),
]


@pytest.mark.parametrize(("name", "first", "second", "code"), REPEATED)
def test_a_header_that_decides_something_is_there_once_or_refused(
    scene: Scene, name: str, first: str, second: str, code: str
) -> None:
    own = {
        "authorization": f"Bearer {scene.partner.client.key}",
        "content-type": "application/json",
    }
    own.pop(name.lower(), None)
    second = second.replace("$key", str(scene.partner.client.key))
    connection = HTTPConnection(HOST, scene.api.port, timeout=TIMEOUT_S)
    content = scene.fill(TRANSFER).encode()

    with closing(connection), scene.nothing_changes():
        connection.putrequest("POST", f"{BASE}/transfers")
        for header, value in [*own.items(), (name, first), (name, second)]:
            connection.putheader(header, value)
        connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())

    assert_problem(answer, 400, code)


def test_a_bare_key_may_have_a_comma(partner: Partner) -> None:
    body = {"name": "Anna", "currency": "EUR"}

    first = partner.client.post("/wallets", body, "a1,a2")
    again = partner.client.post("/wallets", body, '"a1,a2"')

    assert again.is_replayed
    assert again.body == first.body


@pytest.mark.parametrize(
    "key",
    [b"", b" ", b'""', b"a" * 256, b'"' + b"a" * 256 + b'"', b"\xc3\xa9", b'"a', b'a"b', b"a\tb"],
    ids=lambda key: repr(key)[:20],
)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/transfers", TRANSFER),
        ("/wallets", '{"name":"Anna","currency":"EUR"}'),
        ("/transactions/$made/reverse", "{}"),
    ],
)
def test_a_malformed_idempotency_key_is_refused(
    scene: Scene, key: bytes, path: str, body: str
) -> None:
    with scene.nothing_changes():
        answer = scene.partner.client.send(
            "POST",
            BASE + scene.fill(path),
            scene.fill(body).encode(),
            {"Idempotency-Key": key},
        )

    assert_problem(answer, 400, "invalid_idempotency_key")


LISTS = ["/wallets", "/transactions", "/wallets/$rich/transactions"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=0", ["limit invalid_integer"]),
        ("limit=101", ["limit invalid_integer"]),
        ("limit=x", ["limit invalid_integer"]),
        ("limit=", ["limit invalid_integer"]),
        ("limit=-1", ["limit invalid_integer"]),
        ("limit=1.0", ["limit invalid_integer"]),
        ("limit=1&limit=2", ["limit repeated_parameter"]),
        ("page=2", ["page unknown_parameter"]),
        ("page=2&limit=0", ["limit invalid_integer", "page unknown_parameter"]),
    ],
)
def test_a_query_that_a_list_does_not_take_is_told_every_fault(
    scene: Scene, path: str, query: str, expected: list[str]
) -> None:
    answer = scene.partner.client.get(scene.fill(f"{path}?{query}"))

    assert_problem(answer, 400, "invalid_request")
    assert sorted(query_faults(answer)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/wallets?currency=eur", "currency invalid_currency"),
        ("/wallets?status=gone", "status invalid_choice"),
        ("/wallets?externalUserId=", "externalUserId invalid_text"),
        ("/wallets?externalUserId=%ff", "externalUserId invalid_text"),
        ("/wallets?externalUserId=a%c3", "externalUserId invalid_text"),
        ("/wallets?%ff=1", "\ufffd unknown_parameter"),
        ("/wallets?cursor=%ff", "cursor invalid_text"),
        ("/transactions?status=gone", "status invalid_choice"),
        ("/transactions?type=gift", "type invalid_choice"),
        ("/transactions?walletId=nonsense", "walletId invalid_id"),
        ("/events?after=-1", "after invalid_integer"),
        ("/events?after=9223372036854775808", "after invalid_integer"),
        ("/events?limit=101", "limit invalid_integer"),
        ("/wallets/$rich?full=1", "full unknown_parameter"),
        ("/wallets/external/poor?full=1", "full unknown_parameter"),
        ("/transactions/$made?full=1", "full unknown_parameter"),
        ("/wallets/$rich/balance?when=now", "when unknown_parameter"),
        ("/wallets/$rich/balance?at=2026-01-01", "at invalid_time"),
        ("/wallets/$rich/balance?at=2026-02-30T00:00:00Z", "at invalid_time"),
        ("/wallets/$rich/balance?at=9999-01-01T00:00:00Z", "at time_in_future"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(scene: Scene, path: str, expected: str) -> None:
    answer = scene.partner.client.get(scene.fill(path))

    assert_problem(answer, 400, "invalid_request")
    assert query_faults(answer) == [expected]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["", "x", "nonsense", "%00", "a" * 2000, "%C3%A9"])
def test_a_cursor_that_nobody_was_given_is_refused(scene: Scene, path: str, cursor: str) -> None:
    answer = scene.partner.client.get(scene.fill(f"{path}?cursor={cursor}"))

    assert_problem(answer, 400, "invalid_cursor")
    assert query_faults(answer) == ["cursor invalid_cursor"]


def test_what_is_not_utf8_finds_no_wallet_that_is_called_by_what_stands_for_it(
    partner: Partner,
) -> None:
    mark = "\ufffd"
    partner.wallet(externalWalletId=mark, externalUserId=mark)

    found = partner.client.get("/wallets/external/%EF%BF%BD")
    by_query = partner.client.get("/wallets?externalUserId=%EF%BF%BD")
    missing = partner.client.get("/wallets/external/%ff")

    assert found.json["externalWalletId"] == mark
    assert len(by_query.json["data"]) == 1
    assert_problem(missing, 404, "wallet_not_found")


def cursor_of(client: Client, path: str) -> str:
    return str(client.get(f"{path}?limit=1").json["nextCursor"])


@pytest.mark.parametrize(
    "path",
    [
        "/transactions",
        "/wallets/$poor/transactions",
        "/wallets?currency=EUR",
        "/wallets?limit=1&status=active",
    ],
)
def test_a_cursor_of_another_list_is_refused(scene: Scene, path: str) -> None:
    client = scene.partner.client
    cursor = cursor_of(client, "/wallets")

    answer = client.get(scene.fill(path + ("&" if "?" in path else "?") + f"cursor={cursor}"))

    assert_problem(answer, 400, "invalid_cursor")


def test_a_cursor_of_another_partner_is_refused(scene: Scene) -> None:
    cursor = cursor_of(scene.stranger.client, "/wallets")

    theirs = scene.stranger.client.get(f"/wallets?cursor={cursor}")
    mine = scene.partner.client.get(f"/wallets?cursor={cursor}")

    assert theirs.status == 200
    assert_problem(mine, 400, "invalid_cursor")


def test_a_cursor_with_a_bit_changed_is_refused(scene: Scene) -> None:
    cursor = cursor_of(scene.partner.client, "/wallets")
    changed = cursor[:-4] + ("A" if cursor[-4] != "A" else "B") + cursor[-3:]

    answer = scene.partner.client.get(f"/wallets?cursor={changed}")

    assert_problem(answer, 400, "invalid_cursor")
