"""Print the path of a Chromium for the browser tests: one that is here, else one installed now."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
REMEDY = (
    "There is no Chromium for the browser tests. Type: apt-get install chromium"
    " (or set CHROMIUM to the path of one)"
)


def find() -> str | None:
    """Look at $CHROMIUM and PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named) or sys.exit(
            f"CHROMIUM={named} cannot be run. Type: unset CHROMIUM (or set it to a Chromium)"
        )
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def quietly(*command: str) -> bool:
    """Run a command with its output on stderr; say whether it worked."""
    try:
        return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0
    except OSError:
        return False


def from_debian() -> str | None:
    """Install Debian's Chromium where apt may be used."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return None
    packages = ("chromium", "fonts-dejavu-core")
    install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)
    return find() if quietly("apt-get", "update", "-qq") and quietly(*install) else None


def from_playwright() -> str | None:
    """Let Playwright download its own."""
    if not quietly(sys.executable, "-m", "playwright", "install", "chromium"):
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


if __name__ == "__main__":
    print(find() or from_debian() or from_playwright() or sys.exit(REMEDY))
