"""Which member of a body an error of the domain is about."""

from collections.abc import Mapping

from payflow_domain.errors import PayFlowError
from payflow_http.codec import pointer_to

_MEMBER_OF_CODE = {
    "external_id_taken": "externalWalletId",
    "unknown_currency": "currency",
    "invalid_expiry": "expiresAt",
    "reason_missing": "reason",
    "unsafe_url": "url",
    "invalid_overlap": "overlapSeconds",
    "reversal_exceeds_original": "amount",
}
# Where a body names one wallet twice, the second time is the one at fault.
_ID_MEMBERS = ("toWalletId", "fromWalletId", "walletId")


def locate(error: PayFlowError, document: Mapping[str, object] | None) -> str | None:
    """Point to the member of ``document`` that ``error`` is about, where it is about one."""
    if document is None:
        return None
    member = _MEMBER_OF_CODE.get(error.code)
    if member in document:
        return pointer_to("", str(member))
    if error.subject is not None:
        for name in _ID_MEMBERS:
            if document.get(name) == error.subject:
                return pointer_to("", name)
    return None
