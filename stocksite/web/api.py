'''JSON routes: declare what goes in and out, and everything around it is done here.

    from stocksite.web.api import ApiBlueprint, Body, PageQuery, QuantityIn, Reply, SymbolIn

    blueprint = ApiBlueprint("portfolios_api", __name__, url_prefix="/api")

    class OrderIn(Body):
        symbol: SymbolIn
        side: Literal["buy", "sell"]
        quantity: QuantityIn | None = None

    @blueprint.operation("POST", "/portfolios/<int:portfolio_id>/orders/", summary="Place an order",
                         tag="Orders", body=OrderIn, returns=OrderView, status=201,
                         also={200: OrderView}, errors=(404, 409), creates=True,
                         example={"symbol": "AAPL", "side": "buy", "quantity": "10"})
    def place_order(session: Session, actor: Actor, portfolio_id: int, body: OrderIn) -> Reply:
        """The description in the documentation."""
        order = service.place_order(session, actor, portfolio_id, ...)
        return Reply(order, location=url_for(".get_order", ...))

    @blueprint.operation("GET", "/portfolios/<int:portfolio_id>/orders/", summary="List orders",
                         tag="Orders", query=OrderQuery, returns=Page[OrderView], errors=(404,))
    def list_orders(session: Session, actor: Actor, portfolio_id: int, query: OrderQuery):
        return service.list_orders(session, actor, portfolio_id, query.request(page_size()))

The function is called with what its signature names: `session` (the request's), `actor` (None is
possible with `auth="optional"`), `body`, `query`, and the path's variables. It returns a read
model (a frozen dataclass), a list of them, a `core.paging.Page`, None (204), a `Reply` for another
status, a Location or headers, or a whole flask Response (declare `CsvFile` for a CSV file). It
raises `core.errors`; the request commits when the answer is below 400.

* Auth: session cookie or Bearer. No actor → 401; a cookie on an unsafe method needs X-CSRFToken;
  a `read` token on an unsafe method → 403; `admin=True` → 404 for everybody else.
* `body`/`query`: models of `web/fields.py`. Types, limits and sentences are there.
* `creates=True`, for every POST that creates: `Idempotency-Key` is honored, of strangers too.
* `errors`: statuses the service can answer besides those every such operation has. A status that
  is not documented fails the tests (`TESTING`) with an AssertionError.
* `limit="10 per minute"`: a limit of its own instead of the common one.
* `raw_errors=True`: errors in the simplejwt shapes instead of problem+json (`/api/token/`).
* A path works with and without its last slash. The endpoint is the function's name.
* Codes of problems: explain new ones in `web/problem_codes.py`; `/problems/<code>` shows them.
'''

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.sansio.blueprints import BlueprintSetupState
from pydantic import BaseModel
from werkzeug.exceptions import MethodNotAllowed

from stocksite.core.paging import Page, PageRequest
from stocksite.web import extensions, limits
from stocksite.web.answering import view_of
from stocksite.web.fields import (
    Body,
    CashIn,
    CashOrZeroIn,
    DayIn,
    MomentIn,
    MovePctIn,
    PageQuery,
    PctIn,
    PriceIn,
    QuantityIn,
    Query,
    SymbolIn,
    Text,
    Whole,
    WholeIn,
    ordering,
    refuse,
)
from stocksite.web.operation import Auth, CsvFile, Operation, Reply, literal_paths, operations
from stocksite.web.pagination import page_size

__all__ = [
    "ApiBlueprint",
    "Body",
    "CashIn",
    "CashOrZeroIn",
    "CsvFile",
    "DayIn",
    "MomentIn",
    "MovePctIn",
    "Operation",
    "Page",
    "PageQuery",
    "PageRequest",
    "PctIn",
    "PriceIn",
    "QuantityIn",
    "Query",
    "Reply",
    "SymbolIn",
    "Text",
    "Whole",
    "WholeIn",
    "ordering",
    "page_size",
    "refuse",
]

F = TypeVar("F", bound=Callable[..., Any])


class ApiBlueprint(Blueprint):
    """A blueprint of operations; see the module's text, which is the manual."""

    def __init__(self, name: str, import_name: str, url_prefix: str = "/api") -> None:
        super().__init__(name, import_name, url_prefix=url_prefix)
        self.operations: list[Operation] = []
        extensions.csrf.exempt(self)  # `_authorize` asks for the token, of cookies only
        self.record(self._publish)

    def operation(
        self,
        method: str,
        rule: str,
        *,
        summary: str,
        tag: str,
        returns: Any = None,
        status: int | None = None,
        also: Mapping[int, Any] | None = None,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        errors: tuple[int, ...] = (),
        auth: Auth = True,
        admin: bool = False,
        creates: bool = False,
        raw_errors: bool = False,
        limit: str | None = None,
        example: Any = None,
    ) -> Callable[[F], F]:
        """Declare one operation; see the module's text."""

        def register(function: F) -> F:
            main = status or (204 if returns is None else 200)
            operation = Operation(
                method=method,
                rule=rule,
                endpoint=function.__name__,
                function=function,
                summary=summary,
                description=inspect.getdoc(function) or "",
                tag=tag,
                body=body,
                query=query,
                status=main,
                returns={main: returns, **(also or {})},
                errors=frozenset(errors),
                auth=auth,
                admin=admin,
                creates=creates,
                raw_errors=raw_errors,
                limit=limit,
                example=example,
                arguments=frozenset(inspect.signature(function).parameters),
            )
            self._add(operation)
            return function

        return register

    def _add(self, operation: Operation) -> None:
        self.operations.append(operation)
        view, rule = view_of(operation), operation.rule
        # Two rules, not strict_slashes=False: that answers 404 where 405 is right.
        for path in dict.fromkeys((rule, rule.rstrip("/"))):
            self.add_url_rule(path, operation.endpoint, view, methods=[operation.method])

    def _publish(self, state: BlueprintSetupState) -> None:
        """Tell the app what there is: the OpenAPI document and the tests read it."""
        published = operations(state.app)
        for operation in self.operations:
            path = (state.url_prefix or "") + operation.rule
            published[f"{operation.method} {path}"] = (self.name, operation)
            if "<" not in path:
                methods = literal_paths(state.app).setdefault(path.rstrip("/"), set())
                methods |= {"GET", "HEAD"} if operation.method == "GET" else {operation.method}
            if operation.raw_errors:
                state.app.extensions.setdefault("raw_error_paths", set()).add(path.rstrip("/"))


def _keep_literal_paths() -> Response | None:
    """`/stocks/refresh/` is an address of its own: another method there is 405, not a symbol."""
    methods: set[str] | None = literal_paths(current_app).get(request.path.rstrip("/"))
    if methods is None or request.method in methods:
        return None
    if request.method == "OPTIONS":
        response = Response()
        response.allow.update({*methods, "OPTIONS"})
        return response
    raise MethodNotAllowed(sorted({*methods, "OPTIONS"}))


def hold_to_document(response: Response) -> Response:
    """In tests, fail an answer whose status the operation does not document."""
    operation: Operation | None = g.get("operation")
    if operation is None or not current_app.testing or response.status_code >= 500:
        return response
    if response.status_code not in operation.statuses | {304}:
        raise AssertionError(
            f"{operation.method} {operation.rule} answered {response.status_code}, which is not "
            f"documented: {sorted(operation.statuses)}. Add it to errors=(…) or also={{…}}."
        )
    return response


def init_app(app: Flask) -> None:
    """Hook the checks that need the app."""
    limits.init_app(app)
    app.before_request(_keep_literal_paths)
    app.after_request(hold_to_document)
