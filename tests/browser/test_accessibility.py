"""What a reader needs who cannot see the page, or not well, or does not use a mouse."""

import re
from itertools import pairwise
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

# The markup is the same on each stack: once is enough.
pytestmark = pytest.mark.parametrize("site", ["embedded"], indirect=True)

ENDS = 20_000

# WCAG's contrast of each visible text with the background that lies behind it
LOW_CONTRAST = """() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    throw new Error("the page has no background");
  };
  const texts = [...document.body.querySelectorAll("*")].filter((e) =>
    e.checkVisibility() && (e.value || [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())));
  return texts.map((e) => {
    const [light, dark] = [luminance(parse(getComputedStyle(e).color)), luminance(behind(e))].sort((a, b) => b - a);
    return [e.className || e.tagName, e.textContent.trim().slice(0, 40), (light + 0.05) / (dark + 0.05)];
  }).filter(([, , contrast]) => contrast < 4.5);
}"""

# One row per status, so that all their colours are on the page
ALL_STATUSES = """() => {
  const body = document.querySelector("#tasks tbody");
  for (const status of ["created", "pending", "success", "failed", "cancelled"]) {
    const row = body.rows[0].cloneNode(true);
    row.dataset.status = status;
    row.querySelector(".status-word").textContent = status;
    row.querySelector(".result").innerHTML = '<span class="task-error">a sentence</span>';
    body.append(row);
  }
}"""


@pytest.fixture
def page(browser_page: Page, site: str) -> Page:
    browser_page.goto(site)
    return browser_page


def make_task(page: Page) -> None:
    page.get_by_label("First number").fill("0.1")
    page.get_by_label("Second number").fill("0.2")
    page.get_by_role("button", name="Calculate").click()
    expect(page.locator("#made .made").first).to_have_text(re.compile(r"Task \d+\s+0\.1 \+ 0\.2 = 0\.3"), timeout=ENDS)


def test_the_page_tells_its_language_and_title(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("lang", re.compile(r"^[a-z]{2}"))
    expect(page).to_have_title(re.compile("Abacus"))


def test_headings_form_an_outline(page: Page) -> None:
    levels = [
        int(level) for level in page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => h.tagName[1])")
    ]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_controls_have_names(page: Page) -> None:
    expect(page.get_by_role("textbox", name="First number", exact=True)).to_be_visible()
    expect(page.locator("#task-form").get_by_role("combobox", name="Operation", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name="Second number", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Calculate", exact=True)).to_be_visible()


def test_ids_are_unique_and_references_lead_somewhere(page: Page) -> None:
    ids: list[str] = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.getAttribute('id'))")
    references: list[str] = page.evaluate(
        "[...document.querySelectorAll('[aria-describedby],[aria-labelledby],label[for]')].flatMap(e =>"
        " [e.getAttribute('aria-describedby'), e.getAttribute('aria-labelledby'), e.getAttribute('for')])"
        ".filter(Boolean).flatMap(r => r.split(' '))"
    )
    assert len(ids) == len(set(ids))
    assert set(references) <= set(ids)


def test_the_list_is_a_table_with_a_caption_and_headers(page: Page) -> None:
    make_task(page)
    table = page.get_by_role("table", name=re.compile("Newest first"))
    expect(table).to_be_visible()
    assert table.get_by_role("columnheader").count() == table.locator("tbody tr").first.locator("th, td").count()
    assert table.locator("tbody tr").first.get_by_role("rowheader").count() == 1


def test_the_end_of_ones_own_task_is_announced(page: Page) -> None:
    expect(page.locator("#made")).to_have_attribute("role", "status")
    make_task(page)


def test_an_error_is_tied_to_its_field_which_gets_the_focus(page: Page) -> None:
    page.get_by_label("First number").fill("1")
    page.get_by_label("Second number").fill("two")
    page.get_by_role("button", name="Calculate").click()

    field = page.get_by_label("Second number")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("Type a number"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_text_has_enough_contrast(page: Page, scheme: Literal["light", "dark"], width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    make_task(page)
    page.get_by_label("Second number").fill("two")
    page.get_by_role("button", name="Calculate").click()
    expect(page.locator("#id_y-error")).not_to_be_empty()
    page.locator("#hindrance").evaluate("hint => { hint.textContent = 'Redis is away.' }")
    page.evaluate(ALL_STATUSES)

    assert page.evaluate(LOW_CONTRAST) == []


def test_what_takes_the_focus_shows_it(page: Page) -> None:
    for _ in range(9):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")


def test_controls_are_large_enough_for_a_finger(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for control in page.locator("form input:visible, form select:visible, form button:visible").all():
        box = control.bounding_box()
        assert box
        assert box["height"] >= 44


def test_nothing_moves_for_readers_who_asked_for_that(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    make_task(page)
    page.evaluate(ALL_STATUSES)

    moving = page.evaluate("document.getAnimations().length")

    assert moving == 0
