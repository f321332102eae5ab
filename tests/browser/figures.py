"""A live figure on a page, in JupyterLab or in Voilà: its sliders, its picture, its line."""

from playwright.sync_api import Locator, Page, expect


class Figure:
    """What ``explore`` or ``watch`` shows; number counts those on the page from 0."""

    def __init__(self, page: Page, number: int = 0):
        self.page = page
        outermost = ".widget-vbox:has([role=status])"
        self.root = page.locator(f"{outermost}:not({outermost} *)").nth(number)
        self.line = self.root.get_by_role("status")
        self.picture = self.root.locator("img.widget-image").first

    def press(self, button: str) -> None:
        """Clicks a button, by its title: its name begins with the glyph of its icon."""
        self.root.get_by_title(button, exact=True).click()

    def slider(self, label: str) -> "SliderOnPage":
        """The slider of that label."""
        row = self.root.locator(".widget-hbox", has=self.page.get_by_text(label, exact=True))
        return SliderOnPage(row.last)

    @property
    def source(self) -> str:
        """Where the picture comes from; another picture has another source."""
        return self.picture.get_attribute("src")

    @property
    def said(self) -> str:
        """The line of numbers."""
        return self.line.text_content()


class SliderOnPage:
    """One slider, in its row."""

    def __init__(self, row: Locator):
        self._row = row
        self.handle = row.locator(".noUi-handle")
        self.readout = row.locator(".widget-readout")

    @property
    def value(self) -> float:
        """What it says beside the slider."""
        return float(self.readout.text_content().replace("−", "-").replace(",", ""))

    def press(self, key: str, times: int = 1) -> None:
        """Presses a key while it has the focus; waits until it has moved."""
        before = self.readout.text_content()
        self.handle.focus()
        for _ in range(times):
            self.handle.press(key)
        expect(self.readout).not_to_have_text(before)

    def reset(self) -> None:
        """Clicks the button beside it."""
        self._row.get_by_role("button").click()
