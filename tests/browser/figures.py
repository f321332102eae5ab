"""A live figure on a page, in JupyterLab or in Voilà, found by the names that a reader hears."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

FIGURE = ".trpo-figure"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]  # all of A and AA


class Figure:
    """What ``explore`` or ``watch`` shows; number counts those on the page from 0."""

    def __init__(self, page: Page, number: int = 0):
        self.page = page
        self.root = page.locator(FIGURE).nth(number)
        self.line = self.root.get_by_role("status")
        self.picture = self.root.get_by_role("img").first
        self.progress = self.root.get_by_role("progressbar")
        self.state = self.root.locator("label", has=page.get_by_role("progressbar"))
        self.film = self.root.get_by_role("img").last

    def button(self, name: str) -> Locator:
        """The button of that name."""
        return self.root.get_by_role("button", name=name, exact=True)

    def press(self, button: str) -> None:
        """Clicks a button."""
        self.button(button).click()

    def slider(self, label: str) -> "SliderOnPage":
        """The slider of that label."""
        return SliderOnPage(self.root, label)

    @property
    def source(self) -> str:
        """Where the picture comes from; another picture has another source."""
        return self.picture.get_attribute("src")

    @property
    def said(self) -> str:
        """The line of numbers."""
        return self.line.text_content()


class SliderOnPage:
    """One slider: its track, the field to type into, and its button."""

    def __init__(self, root: Locator, label: str):
        self.track = root.get_by_role("slider", name=label, exact=True)
        self.field = root.get_by_role("spinbutton", name=f"Value of {label}", exact=True)
        self._reset = root.get_by_role("button", name=f"Reset {label}", exact=True)

    @property
    def value(self) -> float:
        """The number in its field."""
        return float(self.field.input_value())

    @property
    def heard(self) -> str:
        """What a screen reader says of where it stands."""
        return self.track.get_attribute("aria-valuetext")

    def press(self, key: str, times: int = 1) -> None:
        """Presses a key while it has the focus; waits until it has moved."""
        before = self.heard
        for _ in range(times):
            self.track.press(key)
        expect(self.track).not_to_have_attribute("aria-valuetext", before)

    def type(self, text: str) -> None:
        """Types a number into its field."""
        self.field.fill(text)
        self.field.press("Enter")

    def reset(self) -> None:
        """Clicks the button beside it."""
        self._reset.click()


def assert_accessible(page: Page) -> None:
    """Fails on what axe-core finds wrong inside of our figures, and on pictures without a name."""
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    results = Axe().run(page, context=FIGURE, options=options)
    assert results.violations_count == 0, results.generate_report()
    pictures = page.locator(".jp-OutputArea-output img")
    assert pictures.evaluate_all("pictures => pictures.filter(one => !one.alt.trim())") == []
