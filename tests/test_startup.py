"""What production refuses to start with, and that it says how to mend it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stocksite import startup
from stocksite.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parents[1]
KEY = "q8Jt2vLm5Xw9Zr4Kd7Np1Hb6Yc3Fs0Ga"
SAFE = Settings(
    app_env="production",
    secret_key=KEY,
    jwt_key=KEY[::-1],
    trusted_hosts=("stocksite.example",),
    demo=False,
)


def test_a_safe_site_starts() -> None:
    startup.check(SAFE, debug=False)


@pytest.mark.parametrize(
    ("change", "words", "mend"),
    [
        ({"secret_key": ""}, "SECRET_KEY is not set", "secrets.token_urlsafe"),
        ({"secret_key": "short"}, "SECRET_KEY has 5 characters", "secrets.token_urlsafe"),
        ({"secret_key": "a" * 64}, "only 1 different", "secrets.token_urlsafe"),
        ({"secret_key": "0123" * 16}, "only 4 different", "secrets.token_urlsafe"),
        ({"secret_key": "changeme-" + KEY}, "example", "secrets.token_urlsafe"),
        ({"jwt_key": ""}, "JWT_KEY is not set", "secrets.token_urlsafe"),
        ({"jwt_key": KEY}, "JWT_KEY equals SECRET_KEY", "secrets.token_urlsafe"),
        ({"demo": True}, "stocksite.example", "DEMO=0"),
        ({"demo": True, "trusted_hosts": ()}, "any host", "DEMO=0"),
        (
            {"demo": True, "trusted_hosts": ("localhost", "stocksite.example")},
            "demo account",
            "TRUSTED_HOSTS=localhost",
        ),
    ],
)
def test_what_is_not_safe_is_told_with_the_way_to_mend_it(
    change: dict[str, object], words: str, mend: str
) -> None:
    wrong = replace(SAFE, **change)  # type: ignore[arg-type]
    with pytest.raises(SettingsError) as caught:
        startup.check(wrong, debug=False)
    assert words in str(caught.value)
    assert mend in str(caught.value)
    for secret in (KEY, KEY[::-1]):
        assert secret not in str(caught.value)
    startup.check(replace(wrong, app_env="development"), debug=False)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "localhost:8000", ".localhost"]
)
def test_the_demo_may_run_where_nobody_else_gets(host: str) -> None:
    startup.check(replace(SAFE, demo=True, trusted_hosts=(host,)), debug=False)


@pytest.mark.parametrize("host", ["10.0.0.4", "localhost.example", "127.0.0.1.example", "::2"])
def test_what_only_looks_local_is_public(host: str) -> None:
    with pytest.raises(SettingsError, match="demo account"):
        startup.check(replace(SAFE, demo=True, trusted_hosts=(host,)), debug=False)


def test_debug_is_refused() -> None:
    with pytest.raises(SettingsError, match="Unset FLASK_DEBUG"):
        startup.check(SAFE, debug=True)


def test_every_reason_is_told_at_once() -> None:
    wrong = replace(SAFE, secret_key="", demo=True)
    with pytest.raises(SettingsError) as caught:
        startup.check(wrong, debug=True)
    for word in ("SECRET_KEY", "Debug", "demo account"):
        assert word in str(caught.value)


def _start(**env: str) -> subprocess.CompletedProcess[str]:
    here = {"PATH": os.environ["PATH"], "APP_ENV": "production", "SECRET_KEY": KEY}
    here |= {"JWT_KEY": KEY[::-1], "TRUSTED_HOSTS": "stocksite.example", **env}
    return subprocess.run(
        [sys.executable, "-c", "import wsgi; print('started')"],
        cwd=ROOT,
        env=here,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_process_itself_refuses() -> None:
    good = _start()
    assert (good.returncode, good.stdout) == (0, "started\n")
    for wrong, word in (({"FLASK_DEBUG": "1"}, "Debug"), ({"DEMO": "1"}, "DEMO=0")):
        ended = _start(**wrong)
        assert ended.returncode != 0
        assert word in ended.stderr
        assert "Traceback" not in ended.stderr
        assert ended.stdout == ""
