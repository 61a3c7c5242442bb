"""A report's tables as CSV: the digits of the page, all rows, no text that could be a formula."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from stocksite.core.errors import NotFound
from stocksite.portfolios.csv import cell
from stocksite.reports.content import Report, Table
from stocksite.reports.values import Scalar, is_number


def table(report: Report, key: str) -> str:
    """One table, every row. Raises NotFound for a key the report does not have."""
    found = next((each for each in report.tables if each.key == key), None)
    if found is None:
        raise NotFound(
            f"This report has no table {key[:40]!r}; it has "
            f"{', '.join(each.key for each in report.tables)}."
        )
    return _write(found)


def _write(found: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.key for column in found.columns])
    kinds = [column.kind for column in found.columns]
    for row in found.rows:
        writer.writerow([_cell(kind, value) for kind, value in zip(kinds, row, strict=True)])
    return out.getvalue()


def _cell(kind: str, value: Scalar) -> str:
    """Numbers plain, as they are kept; text safe for a spreadsheet."""
    if value is None:
        return ""
    if is_number(kind):
        return str(Decimal(value)) if isinstance(value, str) else cell(value)
    return str(value) if kind in ("day", "moment") else cell(value)
