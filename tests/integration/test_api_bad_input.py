"""What a body that cannot be accepted gets: a problem that points at the fault, and no effect."""

import pytest

from tests.builders.http_client import BASE, Answer, Chunks, Client
from tests.integration.scene import (
    TRANSFER,
    UNKNOWN_WALLET,
    Scene,
    assert_problem,
    faults,
)

MEGABYTE = 2**20
DEEP = b"[" * 50_000 + b"]" * 50_000

MOVING = {
    "/transfers": ('{"fromWalletId":"$rich","toWalletId":"$poor",%s}', ""),
    "/transfers/batch": (
        '{"mode":"atomic","transfers":[{"fromWalletId":"$rich","toWalletId":"$poor",%s}]}',
        "/transfers/0",
    ),
    "/wallets/$rich/credit": ("{%s}", ""),
    "/wallets/$rich/debit": ("{%s}", ""),
    "/payouts": ('{"walletId":"$rich","destination":"ba_paid",%s}', ""),
}


@pytest.mark.parametrize("path", MOVING)
@pytest.mark.parametrize(
    "amount",
    ["0", "-1", "-0", "1.5", "1.0", "1e2", '"100"', "true", "null", "[1]", str(2**53), str(2**64)],
)
def test_what_is_no_amount_is_refused(scene: Scene, path: str, amount: str) -> None:
    form, prefix = MOVING[path]

    with scene.nothing_changes():
        answer = scene.post(path, form % f'"amount":{amount},"currency":"EUR"')

    assert_problem(answer, 400, "invalid_request")
    assert faults(answer) == [f"{prefix}/amount invalid_amount"]


@pytest.mark.parametrize("amount", ["0", "-1", "1.0", '"1"', "true", "null", str(2**53)])
def test_what_is_no_amount_cannot_be_reversed(scene: Scene, amount: str) -> None:
    with scene.nothing_changes():
        answer = scene.post("/transactions/$made/reverse", f'{{"amount":{amount}}}')

    assert_problem(answer, 400, "invalid_request")
    assert faults(answer) == ["/amount invalid_amount"]


@pytest.mark.parametrize("currency", ['"eur"', '"EURO"', '""', "978", "null", '"EU\\u00c5"'])
def test_what_is_no_currency_is_refused(scene: Scene, currency: str) -> None:
    with scene.nothing_changes():
        answer = scene.post("/wallets", f'{{"name":"Anna","currency":{currency}}}')

    assert_problem(answer, 400, "invalid_request")
    assert faults(answer) == ["/currency invalid_currency"]


def test_a_wallet_in_a_currency_that_does_not_exist_is_refused(scene: Scene) -> None:
    with scene.nothing_changes():
        answer = scene.post("/wallets", '{"name":"Anna","currency":"ZZZ"}')

    assert_problem(answer, 422, "unknown_currency")
    assert faults(answer) == ["/currency unknown_currency"]


@pytest.mark.parametrize(
    ("payer", "payee", "currency", "status", "code", "pointer"),
    [
        ("rich", "unknown", "EUR", 404, "wallet_not_found", "/toWalletId"),
        ("unknown", "rich", "EUR", 404, "wallet_not_found", "/fromWalletId"),
        ("rich", "foreign", "EUR", 404, "wallet_not_found", "/toWalletId"),
        ("foreign", "rich", "EUR", 404, "wallet_not_found", "/fromWalletId"),
        ("rich", "made", "EUR", 404, "wallet_not_found", "/toWalletId"),
        ("rich", "rich", "EUR", 422, "same_wallet", "/toWalletId"),
        ("rich", "dollars", "EUR", 422, "currency_mismatch", "/toWalletId"),
        ("dollars", "rich", "EUR", 422, "currency_mismatch", "/fromWalletId"),
        ("rich", "poor", "USD", 422, "currency_mismatch", "/fromWalletId"),
        ("poor", "rich", "EUR", 422, "insufficient_funds", "/fromWalletId"),
    ],
)
@pytest.mark.parametrize("in_batch", [False, True], ids=["alone", "in a batch"])
def test_a_transfer_that_cannot_be_points_at_the_wallet_at_fault(
    scene: Scene,
    payer: str,
    payee: str,
    currency: str,
    status: int,
    code: str,
    pointer: str,
    in_batch: bool,  # noqa: FBT001  # given by the parameters above
) -> None:
    # More than there is: the poor wallet has 100 from the scene's own transfer.
    body = (
        f'{{"fromWalletId":"${payer}","toWalletId":"${payee}",'
        f'"amount":500,"currency":"{currency}"}}'
    )

    with scene.nothing_changes():
        if in_batch:
            batch = f'{{"mode":"atomic","transfers":[{TRANSFER},{body}]}}'
            answer = scene.post("/transfers/batch", batch)
        else:
            answer = scene.post("/transfers", body)

    assert_problem(answer, status, code)
    place = f"/transfers/1{pointer}" if in_batch else pointer
    assert faults(answer) == [f"{place} {code}"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/wallets/{}", None),
        ("GET", "/wallets/{}/balance", None),
        ("GET", "/wallets/{}/balance?at=2026-01-01T00:00:00Z", None),
        ("GET", "/wallets/{}/transactions", None),
        ("PATCH", "/wallets/{}", {"name": "Mine"}),
        ("POST", "/wallets/{}/credit", {"amount": 1, "currency": "EUR"}),
        ("POST", "/wallets/{}/debit", {"amount": 1, "currency": "EUR"}),
    ],
)
def test_another_partners_wallet_is_told_in_the_words_for_an_unknown_one(
    scene: Scene, method: str, path: str, body: object
) -> None:
    def ask(wallet_id: str) -> tuple[Answer, bytes]:
        answer = scene.partner.client.send(method, BASE + path.format(wallet_id), body)
        mark = answer.body.replace(wallet_id.encode(), b"WALLET")
        return answer, mark.replace(answer.json["requestId"].encode(), b"REQUEST")

    with scene.nothing_changes():
        foreign, said_of_foreign = ask(scene.ids["foreign"])
        unknown, said_of_unknown = ask(UNKNOWN_WALLET)

    for answer in (foreign, unknown):
        assert_problem(answer, 404, "wallet_not_found")
    assert said_of_foreign == said_of_unknown


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"{",
        TRANSFER.encode() + b"x",
        b'{"amount":NaN}',
        b'{"amount":Infinity}',
        b'{"amount":-Infinity}',
        b'{"amount":1e400}',
        b'{"description":"\\ud800"}',
        b'{"description":"\xed\xa0\x80"}',
        b'{"description":"\xff"}',
        b'{"description":"\0"}',
        b"\xef\xbb\xbf{}",
        DEEP,
        b'{"metadata":' + DEEP + b"}",
    ],
    ids=lambda body: f"{body[:24]!r} {len(body)}",
)
def test_what_is_not_json_is_refused(scene: Scene, body: bytes) -> None:
    with scene.nothing_changes():
        answer = scene.post("/transfers", body)

    assert_problem(answer, 400, "invalid_request")
    assert faults(answer) == [" invalid_json"]


BATCH_FAULTS = ["/mode invalid_choice", "/transfers/0 invalid_type"]


def with_member(member: str) -> str:
    return f"{TRANSFER[:-1]},{member}}}"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/transfers", "[]", [" invalid_type"]),
        ("/transfers", "null", [" invalid_type"]),
        ("/transfers", '"text"', [" invalid_type"]),
        ("/transfers", with_member('"amount":5'), ["/amount duplicate_member"]),
        ("/transfers", with_member('"am\\u006funt":5'), ["/amount duplicate_member"]),
        ("/transfers", with_member('"fee":5'), ["/fee unknown_member"]),
        ("/transfers", with_member('"to/Fee":5'), ["/to~1Fee unknown_member"]),
        ("/transfers", with_member('"description":"a\\u0000"'), ["/description invalid_text"]),
        ("/transfers", with_member('"description":""'), ["/description invalid_text"]),
        ("/transfers", with_member('"metadata":{"k":1}'), ["/metadata/k invalid_type"]),
        ("/transfers", with_member('"metadata":{"k":"\\u0000"}'), ["/metadata/k invalid_text"]),
        ("/transfers", TRANSFER.replace(',"amount":100', ""), ["/amount missing_member"]),
        ("/transfers", TRANSFER.replace('"$rich"', "1"), ["/fromWalletId invalid_type"]),
        ("/transfers/batch", '{"mode":"atomic"}', ["/transfers missing_member"]),
        ("/transfers/batch", '{"mode":"all","transfers":[1]}', BATCH_FAULTS),
        ("/transfers/batch", '{"mode":"atomic","transfers":[]}', ["/transfers invalid_length"]),
        ("/wallets", '{"name":"a\\u0000","currency":"EUR"}', ["/name invalid_text"]),
        ("/wallets", '{"name":true,"currency":"EUR"}', ["/name invalid_type"]),
        (
            "/wallets",
            '{"currency":"EUR","user":"a"}',
            ["/name missing_member", "/user unknown_member"],
        ),
        ("/wallets/$rich/credit", '{"amount":1}', ["/currency missing_member"]),
        (
            "/wallets/$rich/credit",
            '{"amount":1,"currency":"EUR","paymentMethod":null}',
            ["/paymentMethod invalid_type"],
        ),
        ("/wallets/$rich/debit", '{"amount":1,"currency":"EUR","to":1}', ["/to unknown_member"]),
        ("/transactions/$made/reverse", '{"all":true}', ["/all unknown_member"]),
    ],
)
def test_a_body_that_is_not_as_asked_is_told_every_fault(
    scene: Scene, path: str, body: str, expected: list[str]
) -> None:
    with scene.nothing_changes():
        answer = scene.post(path, body)

    assert_problem(answer, 400, "invalid_request")
    assert sorted(faults(answer)) == expected


@pytest.mark.parametrize("size", [MEGABYTE + 1, 4 * MEGABYTE])
@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
def test_a_body_over_a_megabyte_is_refused(
    scene: Scene,
    size: int,
    chunked: bool,  # noqa: FBT001  # given by the parameters above
) -> None:
    piece = b" " * 2**16
    pieces = [piece] * (size // len(piece)) + [b" " * (size % len(piece))]
    client = Client(scene.api.port, scene.partner.client.key)

    with scene.nothing_changes():
        answer = client.post("/transfers", Chunks(pieces) if chunked else b"".join(pieces))
    client.close()

    assert_problem(answer, 413, "body_too_large")


def test_a_body_of_a_megabyte_is_read(scene: Scene) -> None:
    answer = scene.post("/wallets", b" " * (MEGABYTE - 32) + b'{"name":"Anna","currency":"EUR"}')

    assert answer.status == 201
