"""What is checked on a page that a browser shows: axe, sideways scrolling, enlarged text, size of targets."""

from __future__ import annotations

from collections.abc import Iterator

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDTHS = (1280, 820, 320)
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: The themes differ in colour alone (the tokens of one style sheet), so the second is read by the rules of colour.
_RULES = {
    "light": {"type": "tag", "values": _TAGS},
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
_RUN = """async rules => {
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    // A mail in its frame is a page of another make.
    const ask = async only => (await axe.run(document,
        {runOnly: only, resultTypes: ["violations"], iframes: false, preload: false}))
        .violations.flatMap(rule => rule.nodes.map(node => ({rule: rule.id, ...node})));
    const said = [];
    for (const node of await ask(rules)) {
        if (node.rule === "target-size" && node.failureSummary.includes("obscured")) {
            // Under a bar that stays in view lies whatever happens to be there: it counts where scrolling does not help.
            const place = scrollY;
            document.querySelector(node.target[0]).scrollIntoView({block: "center", behavior: "instant"});
            const still = (await ask({type: "rule", values: ["target-size"]})).some(each => `${each.target}` === `${node.target}`);
            scrollTo({top: place, behavior: "instant"});
            if (!still) continue;
        }
        said.push(`${node.rule} at ${node.target}: ${node.html.slice(0, 160)}: ${node.failureSummary.slice(0, 300)}`);
    }
    return said;
}"""
_OVERFLOW = """() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll("body *")]
        .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5)
        .slice(0, 4).map(element => element.outerHTML.slice(0, 120))"""
_CLIPPED = """() => [...document.querySelectorAll("main *")].filter(element => {
    const style = getComputedStyle(element);
    const hides = ["hidden", "clip"].some(way => [style.overflowX, style.overflowY].includes(way));
    return hides && element.innerText?.trim() && element.clientWidth > 1 && style.clipPath === "none"
        && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
}).map(element => element.outerHTML.slice(0, 160))"""
#: A target is what can be pressed for a control: its label belongs to it. Links within a sentence are let be.
_SMALL = """least => {
    const said = element => element.outerHTML.slice(0, 160).replace(/\\s+/g, " ");
    const size = box => [Math.round(box.width), Math.round(box.height)];
    const inSentence = link => getComputedStyle(link).display === "inline" && [...link.parentElement.childNodes]
        .some(node => node !== link && node.nodeType === 3 && /[\\p{L}\\p{N}]{2}/u.test(node.data));
    return [...document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")]
        .filter(target => target.checkVisibility({checkVisibilityCSS: true, checkOpacity: true}))
        .filter(target => !target.closest("[inert]") && !target.matches(".skip"))
        .map(target => [target, [target, ...(target.labels ?? [])].map(each => each.getBoundingClientRect())])
        .filter(([target, boxes]) => !boxes.some(box => box.width >= least && box.height >= least))
        .filter(([target]) => !inSentence(target))
        .map(([target, boxes]) => `${size(boxes[0]).join(" x ")}: ${said(target)}`);
}"""


def inject(page: Page) -> None:
    page.evaluate(AXE_SCRIPT)


def violations(page: Page, theme: str) -> list[str]:
    """What axe finds on the page in a theme; `inject` first."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    return list(page.evaluate(_RUN, _RULES[theme]))


def overflow(page: Page) -> list[str]:
    """What sticks out, where the page scrolls sideways."""
    return [f"scrolls sideways: {element}" for element in page.evaluate(_OVERFLOW)]


def in_every_theme_and_width(page: Page) -> Iterator[str]:
    """One load, every look of it: axe in each, and no sideways scrolling."""
    inject(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in _RULES:
            yield from (f"{width} px, {theme}: {told}" for told in violations(page, theme))
        yield from (f"{width} px: {told}" for told in overflow(page))


def enlarged(page: Page) -> Iterator[str]:
    """What breaks where the reader's own setting makes every text twice as large."""
    wire = page.context.new_cdp_session(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    wire.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    page.wait_for_function("getComputedStyle(document.documentElement).fontSize === '32px'")
    yield from (f"text at 200 %: {told}" for told in overflow(page))
    yield from (f"text at 200 % is cut off: {told}" for told in page.evaluate(_CLIPPED))
    wire.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    page.wait_for_function("getComputedStyle(document.documentElement).fontSize === '16px'")
    wire.detach()


def small_targets(page: Page, least: int = 44) -> Iterator[str]:
    """What is smaller to press than so many pixels."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        yield from (f"{width} px, small target {told}" for told in page.evaluate(_SMALL, least))
