"""What every problem code means: the pages under `/problems/` and a test read this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CodeText:
    """A code for people: its status, what happened, and the way out."""

    status: int
    meaning: str
    way_out: str


_T = CodeText

CODES: Final[dict[str, CodeText]] = {
    # --- the request itself
    "bad-request": _T(
        400,
        "The request could not be read.",
        "Read the detail: it names the part that is wrong.",
    ),
    "bad-json": _T(
        400,
        "The body is not a JSON object that can be read: broken syntax, NaN or Infinity, a name "
        "twice, a NUL character or half of a surrogate pair.",
        "Send a JSON object in UTF-8. The detail says where reading stopped.",
    ),
    "unknown-field": _T(
        400,
        "The body has a field that does not exist here, so it would have been ignored.",
        "Take the fields under errors out, or correct their names.",
    ),
    "invalid-query": _T(
        400,
        "A parameter of the query string is unknown, given twice, or has a value that is not in "
        "its list.",
        "Correct the parameters under errors.",
    ),
    "invalid-idempotency-key": _T(
        400,
        "The Idempotency-Key is empty, too long, or not printable.",
        "Send 1 to 255 visible ASCII characters; a UUID does well.",
    ),
    "method-not-allowed": _T(
        405, "The address exists, but not with this method.", "Use a method of the Allow header."
    ),
    "not-acceptable": _T(406, "There is no such representation.", "Ask for application/json."),
    "request-timeout": _T(408, "The request took too long to arrive.", "Send it again."),
    "length-required": _T(411, "The length of the body is missing.", "Send Content-Length."),
    "too-large": _T(413, "The request is larger than what is read here.", "Send less at once."),
    "unsupported-media-type": _T(
        415, "The body is not JSON.", "Send it with Content-Type: application/json."
    ),
    "invalid-input": _T(
        422, "A value can be read but is wrong.", "Correct the fields under errors."
    ),
    "out-of-range": _T(422, "A number is larger than can be stored.", "Use a smaller number."),
    # --- who asks
    "not-authenticated": _T(
        401,
        "There are no credentials, or nobody is logged in any more.",
        "Log in, or send Authorization: Bearer with a JWT or a personal token.",
    ),
    "invalid-credentials": _T(
        401, "The username and the password do not belong together.", "Try again, or reset it."
    ),
    "token-not-valid": _T(
        401, "The token is expired, revoked, or not one of ours.", "Get a new one."
    ),
    "bad-authorization-header": _T(
        401, "The Authorization header has more than two words.", "Send Bearer and the token."
    ),
    "user-inactive": _T(401, "The account is closed.", "Use another account."),
    "password-changed": _T(
        401,
        "The JWT was issued before the account's password changed.",
        "Get a new one from /api/token/ with the new password.",
    ),
    "user-not-found": _T(401, "The token's account does not exist.", "Use another account."),
    "forbidden": _T(403, "The caller is known and may not do this.", "Read the detail."),
    "csrf-failed": _T(
        403,
        "The browser's session was used to change something without the page's token.",
        "Reload the page and try again; scripts send X-CSRFToken or use a personal token.",
    ),
    "read-only-token": _T(
        403,
        "The personal token may only read.",
        "Make a token with the scope write.",
    ),
    "token-not-enough": _T(
        403,
        "A token cannot do this; it takes a login in the browser or the password.",
        "Do it on the profile pages.",
    ),
    # --- what is asked for
    "not-found": _T(
        404,
        "There is no such thing, or it belongs to someone else: the two look the same on purpose.",
        "Check the address and the account.",
    ),
    "unknown-symbol": _T(
        404, "Nobody knows a stock by this symbol.", "Search for it by name first."
    ),
    "not-tracked": _T(
        404, "The stock exists but its prices are not followed here yet.", "Start tracking it."
    ),
    "not-a-us-listing": _T(
        422, "Only listings in the United States can be traded here.", "Choose the US listing."
    ),
    "decided": _T(
        409, "An administrator has decided on this held day already.", "Nothing is left to do."
    ),
    "not-done": _T(
        409, "The backtest or sweep has no figures yet, or ended without any.", "Read its status."
    ),
    "data-changed": _T(
        409, "The prices were restated since the backtest ran.", "Run the backtest again."
    ),
    "portfolio-not-empty": _T(
        422, "A strategy starts with cash alone.", "Sell and cancel, or open a new portfolio."
    ),
    "attached-already": _T(
        409, "Another strategy trades this portfolio.", "Detach that one, or choose another."
    ),
    "detached": _T(409, "The strategy is detached already.", "Attach it anew."),
    "no-session-yet": _T(
        422, "No session has closed, so nothing can be forecast.", "Try again after a close."
    ),
    "conflict": _T(409, "The thing has moved on since it was read.", "Read it again."),
    "idempotency-key-in-use": _T(
        409, "The first request with this key is still being answered.", "Ask again in a moment."
    ),
    "order-final": _T(
        409, "The order is filled, canceled, expired or rejected already.", "Place a new order."
    ),
    "job-state": _T(
        409,
        "The job is not in a state in which this can be done.",
        "Look at its page: only what failed can be tried again, only what has not ended canceled.",
    ),
    "job-final": _T(409, "The job has ended already.", "Start it again if it is still wanted."),
    "username-taken": _T(409, "Somebody has this username.", "Choose another one."),
    # --- the rules
    "rule-violation": _T(
        422, "The input is fine; a rule of the market or the ledger forbids it.", "Read the detail."
    ),
    "idempotency-key-reused": _T(
        422, "This Idempotency-Key came with another request before.", "Use a new key."
    ),
    "client-order-id-reused": _T(
        422,
        "This client_order_id belongs to another order of the portfolio.",
        "Use a new id for a new order.",
    ),
    "insufficient-funds": _T(
        422,
        "It takes more cash than is free. Members: required, available.",
        "Lower the amount, cancel a waiting order, or deposit.",
    ),
    "insufficient-shares": _T(
        422,
        "More shares are asked for than are free. Members: requested, available.",
        "Sell at most what is available; open sell orders hold shares.",
    ),
    "order-too-small": _T(
        422, "At the last price the order comes to less than a cent.", "Raise it."
    ),
    "no-price": _T(422, "The stock has no price yet.", "Try again once it has traded."),
    "not-listed-yet": _T(
        422, "The stock is not listed yet at the market's date.", "Choose another stock."
    ),
    "not-in-sample-market": _T(
        422, "The sample market has no prices of this stock.", "Choose one that it has."
    ),
    "market-ended": _T(
        422, "The replayed history is over; the market stays closed.", "Start a new data folder."
    ),
    "not-available": _T(422, "This is not possible here yet.", "Use what the detail offers."),
    "too-many-portfolios": _T(422, "The account has as many portfolios as it can.", "Delete one."),
    "too-many-tokens": _T(422, "The account has as many tokens as it can.", "Revoke one."),
    "too-many-reports": _T(422, "The account keeps as many reports as it can.", "Delete some."),
    "too-many-schedules": _T(422, "As many reports are scheduled as may be.", "Stop one."),
    "report-too-large": _T(422, "The report would be larger than one may be.", "Choose less."),
    "pdf-not-there": _T(
        409,
        "The report has no PDF: nobody ordered it, or it is still being printed.",
        "Order it, or look again in a moment. The JSON is there.",
    ),
    "pdf-unavailable": _T(
        503,
        "No PDF can be made on this machine; the detail says what is missing.",
        "Take the JSON, or have the operator install what is named.",
    ),
    "too-many-rows": _T(422, "There are more rows than one download holds.", "Narrow it down."),
    "watchlist-full": _T(422, "The watchlist has as many stocks as it can.", "Remove one."),
    "history-too-short": _T(422, "There is too little history.", "Choose a longer range."),
    "grid-too-large": _T(422, "The sweep has more combinations than run at once.", "Narrow it."),
    # --- corrections in the ledger
    "already-reversed": _T(409, "The entry has been reversed already.", "Leave it as it is."),
    "reversal-of-reversal": _T(
        409, "A reversal itself stands.", "Post the original entry anew instead."
    ),
    "unknown-entry": _T(409, "The reversed entry is not before its reversal.", "Check the id."),
    "malformed-entry": _T(422, "A ledger entry contradicts itself.", "Report the entry's id."),
    # --- how often, and when
    "too-many-requests": _T(
        429, "A limit is reached.", "Wait for the seconds in Retry-After, then go on."
    ),
    "too-many-attempts": _T(
        429, "The password was wrong too often.", "Wait for the seconds in Retry-After."
    ),
    "too-many-registrations": _T(
        429, "Too many accounts were opened from this address.", "Try again later."
    ),
    "internal-error": _T(
        500, "Something went wrong here; nothing was half saved.", "Tell the operator the id."
    ),
    "unavailable": _T(
        503, "A part of the site is out of reach, or busy; nothing was done.", "Try again soon."
    ),
}
