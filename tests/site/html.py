"""Reading pages: what a test wants to know of their HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Form:
    """A form as a browser would send it untouched."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where it goes, without the query."""
        return urlsplit(self.action).path


@dataclass
class Document:
    """What was found on a page."""

    title: str = ""
    headings: list[str] = field(default_factory=list)
    """Texts of the h1 elements."""
    forms: list[Form] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    """Addresses that htmx asks for with GET."""
    forbidden: list[str] = field(default_factory=list)
    """What the content security policy refuses."""
    ids: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Document()
        self._text: list[str] | None = None
        self._form: Form | None = None
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._judge(tag, values)
        if "id" in values:
            self.found.ids.append(values["id"])
        if tag == "a" and "href" in values:
            self.found.links.add(values["href"])
        if "hx-get" in values:
            self.found.fetched.add(values["hx-get"])
        if tag in ("h1", "title", "textarea"):
            self._text = []
            self._area = values.get("name", "")
        if tag == "form":
            self._form = Form(values.get("method", "get").upper(), values.get("action", ""))
            self.found.forms.append(self._form)
        elif self._form is not None:
            self._control(tag, values)

    def _control(self, tag: str, values: dict[str, str]) -> None:
        assert self._form is not None
        name, sent = values.get("name", ""), self._form.fields
        if tag == "select":
            self._select = name
            sent.setdefault(name, "")
        elif tag == "option" and self._select and ("selected" in values or not sent[self._select]):
            sent[self._select] = values.get("value", "")
        elif tag == "button" and name:
            sent.setdefault(name, values.get("value", ""))
        elif tag == "input" and name:
            if values.get("type") in ("radio", "checkbox"):
                if "checked" in values:
                    sent[name] = values.get("value", "on")
                else:
                    sent.setdefault(name, "")
            else:
                sent[name] = values.get("value", "")

    def _judge(self, tag: str, values: dict[str, str]) -> None:
        data = values.get("type") in ("application/json", "application/ld+json")
        if tag == "script" and "src" not in values and not data:
            self.found.forbidden.append("an inline script")
        for name, value in values.items():
            if name == "style":
                self.found.forbidden.append(f'<{tag} style="{value[:60]}">')
            if name.startswith(("on", "hx-on")):
                self.found.forbidden.append(f"<{tag} {name}>")
            if value.strip().lower().startswith("javascript:"):
                self.found.forbidden.append(f"<{tag} {name}={value[:60]!r}>")
        if tag == "style" and "nonce" not in values:
            self.found.forbidden.append("<style> without the page's nonce")

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "title", "textarea") and self._text is not None:
            text, self._text = "".join(self._text).strip(), None
            if tag == "h1":
                self.found.headings.append(text)
            elif tag == "title":
                self.found.title = self.found.title or text  # an svg may have one of its own
            elif self._form is not None:
                self._form.fields[self._area] = text
        if tag == "select":
            self._select = ""
        if tag == "form":
            self._form = None


def read(answer: Any) -> Document:
    """Parse a response's HTML."""
    reader = _Reader()
    reader.feed(answer.get_data(as_text=True))
    reader.close()
    return reader.found
