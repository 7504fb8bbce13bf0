"""A headless browser that opens a file, and tells what it said and asked for."""

import base64
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def programs() -> tuple[str, str]:
    """Return the paths of the browser and its driver; without them the test is skipped, save where CI runs it."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        message = (
            "chromium and chromedriver are not installed (Debian: apt-get install chromium chromium-driver)"
        )
        if os.environ.get("CHAINRULE_BROWSER") == "required":
            pytest.fail(message)
        pytest.skip(message)
    return browser, driver


class Browser:
    """One window."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def show(self, page: Path, *, width: int, media: dict[str, str]) -> None:
        """Open a file in a window of a width, with media features such as prefers-color-scheme."""
        features = [{"name": name, "value": value} for name, value in media.items() if name != "type"]
        emulated = {"media": media.get("type", ""), "features": features}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", emulated)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.requests()  # those of the page before
        self.driver.get(page.as_uri())

    def run(self, code: str) -> Any:
        """Return the value of an expression of JavaScript."""
        return self.driver.execute_script(f"return {code}")

    def requests(self) -> list[str]:
        """Return the addresses asked for since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def console(self) -> list[str]:
        """Return what the console said since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def printed(self) -> bytes:
        """Return the page as a PDF."""
        done = self.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
        return base64.b64decode(done["data"])


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Yield a browser with an empty profile, and close it."""
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    browser, driver_path = programs()
    options = selenium.ChromeOptions()
    options.binary_location = browser
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = selenium.Chrome(options=options, service=Service(driver_path))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
