"""The phone in the browser as a person uses it."""

from __future__ import annotations

from playwright.sync_api import FrameLocator, Page, expect

CARD = "2018080616290001"
LINES = "#log li:not([data-what^=push])"  # messages come when they like


class Phone:
    """What a person does with the phone and sees on it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def switch_on(self) -> None:
        self.page.goto(self.url)
        self.page.locator("body[data-ready=yes]").wait_for()

    def get(self, program: str = CARD) -> FrameLocator:
        """Opens a program from the home grid."""
        self.page.locator(f"[data-program='{program}']").click()
        return self.program

    @property
    def program(self) -> FrameLocator:
        return self.page.frame_locator("#stage iframe")

    def shows(self, text: str) -> None:
        expect(self.program.locator("h1")).to_have_text(text)

    def check_in(self) -> None:
        """Presses “Check in now” and waits until the phone has done all that follows."""
        before = self.lines()
        self.page.locator("#check-in").click()
        expect(self.page.locator(LINES)).not_to_have_count(before)

    def lines(self) -> int:
        return self.page.locator(LINES).count()

    def home(self) -> None:
        self.page.locator("#close").click()

    def logged(self, what: str) -> None:
        expect(self.page.locator(f"#log li[data-what={what}]").first).to_be_visible()

    def packages(self) -> int:
        """How many packages the phone keeps."""
        return self.page.evaluate(
            """() => new Promise((done) => {
                 indexedDB.open("ferry-host").onsuccess = ({ target: { result } }) => {
                   const count = result.transaction("packages").objectStore("packages").count();
                   count.onsuccess = () => done(count.result);
                 };
               })"""
        )

    def agrees(self, *purposes: str) -> None:
        """Answers the question about data: yes to these, no to the rest."""
        for name in ("analytics", "marketing", "profiling"):
            self.page.locator(f"#consent-{name}").set_checked(name in purposes)
        self.page.locator("#consent-save").click()
        self.logged("consentTold")
