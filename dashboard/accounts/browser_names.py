"""What a browser and its system are called, as far as they say so themselves: a claim of theirs, never a proof.

Every browser names others that it is like, so the most particular name counts; an unknown one is shown as it says.
"""

import re

# In this order: Edge and Opera say Chrome, Chrome says Safari.
BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"(?:OPR|Opera)/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Chrome|Chromium|CriOS|HeadlessChrome)/(\d+)"),
    ("Safari", r"Version/(\d+)[\d.]* (?:Mobile/\w+ )?Safari/"),
)
# In this order: Android says Linux, an iPhone says Mac OS X.
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("ChromeOS", "CrOS"),
    ("Windows", "Windows NT"),
    ("macOS", "Macintosh|Mac OS X"),
    ("Linux", "Linux|X11"),
)
MOST_SHOWN = 80


def browser_name(user_agent: str) -> str:
    """Return "Firefox 128 on Windows" for a User-Agent header; its beginning where it names no browser we know."""
    system = next((name for name, pattern in SYSTEMS if re.search(pattern, user_agent)), "")
    for name, pattern in BROWSERS:
        found = re.search(pattern, user_agent)
        if found:
            return f"{name} {found[1]}" + (f" on {system}" if system else "")
    return user_agent.strip()[:MOST_SHOWN]
