"""Browsers by the names that people know them by."""

import pytest

from dashboard.accounts.browser_names import MOST_SHOWN, browser_name

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Windows NT 10.0; Win64; x64"
MAC = "Macintosh; Intel Mac OS X 10_15_7"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (f"Mozilla/5.0 ({WINDOWS}) {WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome 140 on Windows"),
        (
            f"Mozilla/5.0 ({WINDOWS}) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.1.2",
            "Edge 140 on Windows",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/139.0 Mobile Safari/537.36",
            "Chrome 139 on Android",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; SM-S928B) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
            "Samsung Internet 28 on Android",
        ),
        (
            f"Mozilla/5.0 ({MAC}) AppleWebKit/605.1.15 (KHTML) Version/18.4 Safari/605.1.15",
            "Safari 18 on macOS",
        ),
        (f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1", "Safari 18 on iPhone"),
        (f"{IPHONE} CriOS/138.0.1 Mobile/15E148 Safari/604.1", "Chrome 138 on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128 on Linux"),
        (f"Mozilla/5.0 ({MAC}) {WEBKIT} Chrome/137.0 Safari/537.36 OPR/122.0.0.0", "Opera 122 on macOS"),
        (
            f"Mozilla/5.0 (X11; CrOS x86_64) {WEBKIT} Chrome/136.0 Safari/537.36",
            "Chrome 136 on ChromeOS",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_browser_and_system_are_named(said: str, name: str) -> None:
    assert browser_name(said) == name


def test_long_unknown_words_are_cut() -> None:
    assert browser_name("x" * 10_000) == "x" * MOST_SHOWN
