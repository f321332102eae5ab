"""The course as plain pages, opened from the disk: pages, links, figures without a kernel.

Few settings of each figure stand for many, which take minutes to draw.
"""

import io
import json
import random
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import gymnasium as gym
import html5lib
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from conftest import ROOT, elsewhere
from figures import RULES, Figure
from PIL import Image
from playwright.sync_api import expect
from website import figures
from website.sources import Edition

SIZES = {"phone": (390, 844), "laptop": (1280, 720)}
ENGLISH = Edition("en", "English", ROOT / "notebooks")
PAGES = (*ENGLISH.files, "search")
LESSON = ROOT / "notebooks/02_kl_divergence.ipynb"
MEGABYTE = 1_000_000
PICTURES = 27  # of each figure
MAKE = f"""
import sys
from pathlib import Path
import make_site
from website import figures
from website.runs import write_runs

def draw_here(edition, folder, pool):
    folder.mkdir(parents=True)
    for lesson in filter(figures.has_figure, edition.lessons):
        figures.draw_ahead(lesson, folder)
    write_runs(folder / "runs.js")
    return []

if __name__ == "__main__":
    figures.PICTURES, make_site.drawing = {PICTURES}, draw_here
    make_site.make(Path(sys.argv[1]))
"""
each_lesson = pytest.mark.parametrize("lesson", ENGLISH.lessons, ids=lambda path: path.stem)
LIVE = list(filter(figures.has_figure, ENGLISH.lessons))
each_figure = pytest.mark.parametrize("lesson", LIVE, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def site(browser, tmp_path_factory):
    """The folder of the English pages, in a folder whose name is no plain word."""
    folder = tmp_path_factory.mktemp("a site 课程")
    command = [sys.executable, "-c", MAKE, folder]
    subprocess.run(command, cwd=ROOT / "notebooks/tools", check=True)
    return folder / "en"


@pytest.fixture(params=SIZES)
def device(browser, request):
    """A page on a device, which fails on errors in its console and on requests to a network."""
    width, height = SIZES[request.param]
    phone = request.param == "phone"
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=phone)
    said, outside = [], []
    context.on("console", lambda message: said.append(message.text))
    context.on("weberror", lambda web: said.append(str(web.error)))
    context.on("request", lambda request: outside.extend(elsewhere(request.url)))
    yield context.new_page()
    context.close()
    assert said == []
    assert outside == []


def is_from_disk(url):
    """Whether a URL names a file, of which it is then known that it exists."""
    return urlsplit(url).scheme == "file" and Path(unquote(urlsplit(url).path)).exists()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_window_and_is_accessible(device, site, name):
    device.goto((site / f"{name}.html").as_uri())
    assert device.evaluate("document.documentElement.scrollWidth <= innerWidth")
    options = {"runOnly": RULES, "resultTypes": ["violations"], "preload": False}
    found = Axe().run(device, options=options)
    assert found.violations_count == 0, found.generate_report()


def test_every_link_and_picture_leads_to_a_file_and_every_section_is_there(site):
    soups = {
        path.as_uri(): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in site.rglob("*.html")
    }
    names = {url: {tag["id"] for tag in soup.find_all(id=True)} for url, soup in soups.items()}
    for here, soup in soups.items():
        ways = [a["href"] for a in soup.find_all("a", href=True)]
        ways += [tag["src"] for tag in soup.find_all(src=True)]
        for there, section in (urldefrag(urljoin(here, way)) for way in ways):
            if urlsplit(there).scheme in ("http", "https", "data", "mailto"):
                continue
            assert is_from_disk(there), (here, there)
            assert not section or section in names.get(there, {section}), (here, there, section)


def test_every_page_is_valid_html_with_a_language_ordered_headings_and_named_pictures(site):
    for path in (path for path in site.rglob("*.html") if "_static" not in path.parts):
        text = path.read_text(encoding="utf-8")
        parser = html5lib.HTMLParser()
        parser.parse(text)
        assert parser.errors == [], path
        soup = BeautifulSoup(text, "html.parser")
        assert soup.html["lang"] == "en", path
        names = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(names) == len(set(names)), path
        levels = [int(tag.name[1]) for tag in soup.find_all(re.compile("^h[1-6]$"))]
        assert levels.count(1) == (path.name != "search.html"), path  # whose script writes it
        assert all(deeper - level <= 1 for level, deeper in pairwise([0, *levels])), path
        assert all(picture["alt"] for picture in soup.find_all("img")), path


@pytest.mark.usefixtures("left_as_it_was")
def test_the_whole_site_is_small(site):
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    for lesson in LIVE:  # of its pictures, all that `make site` draws
        drawn = [path.stat().st_size for path in (site / "live" / lesson.stem).iterdir()]
        settings = len(list(figures.offered(figures.explorer_of(lesson)).settings()))
        size += np.mean(drawn) * (settings - len(drawn))
    assert size < 60 * MEGABYTE


@each_lesson
def test_a_lesson_with_its_first_pictures_is_small(site, page, lesson):
    page.set_viewport_size({"width": 1280, "height": 720})
    asked = set()
    page.on("request", lambda request: asked.add(request.url))
    page.goto((site / f"{lesson.stem}.html").as_uri(), wait_until="networkidle")
    files = [Path(unquote(urlsplit(url).path)) for url in asked if url.startswith("file:")]
    assert sum(file.stat().st_size for file in files) < 1.5 * MEGABYTE, files


@each_figure
@pytest.mark.usefixtures("left_as_it_was")
def test_a_figure_shows_what_a_kernel_would(page, site, monkeypatch, lesson):
    monkeypatch.setattr(figures, "PICTURES", PICTURES)
    explorer = figures.explorer_of(lesson)
    offer = figures.offered(explorer)
    page.goto((site / f"{lesson.stem}.html").as_uri())
    figure, choose = Figure(page), random.Random(0)
    for _ in range(10):
        setting = {slider["name"]: choose.choice(slider["stops"]) for slider in offer.sliders}
        for slider in offer.sliders:
            on_page = figure.slider(slider["label"])
            on_page.type(repr(setting[slider["name"]]))
            assert on_page.value == setting[slider["name"]]
        png, line = explorer.picture_at(setting)
        assert figure.said == line
        shown = Image.open(site / figure.source).convert("RGB")
        np.testing.assert_array_equal(shown, Image.open(io.BytesIO(png)).convert("RGB"))


@each_figure
def test_a_figure_follows_keys_and_fingers(device, site, lesson):
    device.goto((site / f"{lesson.stem}.html").as_uri())
    figure = Figure(device)
    for label in device.locator(".trpo-figure .trpo-slider label").all_text_contents():
        slider = figure.slider(label)
        before = slider.value
        key, way = ("ArrowRight", 1) if slider.track.input_value() == "0" else ("ArrowLeft", -1)
        slider.press(key)
        assert way * (slider.value - before) > 0
        slider.reset()
        assert slider.value == before
        tap = device.touchscreen.tap if device.viewport_size["width"] < 500 else device.mouse.click
        slider.track.scroll_into_view_if_needed()
        box = slider.track.bounding_box()
        middle = box["y"] + box["height"] / 2
        tap(box["x"] + box["width"] - 3, middle)
        expect(slider.track).to_have_js_property("value", slider.track.get_attribute("max"))
    assert (site / figure.source).is_file()
    assert f"This page has {len(list((site / 'live' / lesson.stem).iterdir()))} settings" in (
        device.locator(".trpo-offer").text_content()
    )


def test_answers_are_folded_where_the_lesson_asks_for_a_guess(page, site):
    page.goto((site / f"{LESSON.stem}.html").as_uri())
    first = page.locator("details.hide").first
    expect(first.locator("pre").last).to_be_hidden()
    first.locator("summary").click()
    expect(first.locator("pre").last).to_be_visible()


def test_solutions_are_folded(page, site):
    page.goto((site / f"solutions/{LESSON.stem}.html").as_uri())
    folded = page.locator("details.solution")
    assert folded.count() >= 3
    expect(folded.first.locator("p").first).to_be_hidden()


def test_the_search_finds_a_word_offline(page, site):
    page.goto(f"{(site / 'search.html').as_uri()}?q=Pinsker")
    expect(page.locator("#search-results a").first).to_contain_text("KL divergence")


def test_a_page_without_scripts_has_text_pictures_and_formulas(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / f"{LESSON.stem}.html").as_uri())
    expect(page.locator("h1")).to_contain_text("KL divergence")
    expect(page.locator("math").first).to_be_visible()
    picture = page.locator(".cell_output img").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    context.close()


def test_the_cart_obeys_gymnasium_for_500_steps(page, site):
    page.goto((site / "cartpole.html").as_uri())
    actions = np.random.default_rng(0).integers(2, size=500).tolist()
    env = gym.make("CartPole-v1").unwrapped
    env.reset(seed=0)
    start, states, falls = env.state.tolist(), [], []
    for action in actions:
        *_, terminated, _, _ = env.step(action)
        states.append(env.state.tolist())
        falls.append(terminated)
        if terminated:
            env.steps_beyond_terminated = None  # it goes on: a falling cart obeys it too
    script = """([state, actions]) => actions.map((action) => {
        state = stepCartPole(state, action);
        return [state, hasFallen(state)];
    })"""
    found = page.evaluate(script, [start, actions])
    np.testing.assert_allclose([state for state, _ in found], states, rtol=1e-9, atol=1e-9)
    assert [fallen for _, fallen in found] == falls


def test_the_policies_on_the_page_do_what_their_tests_say(page, site):
    page.goto((site / "cartpole.html").as_uri())
    episode = """([bound, update, starts]) => {
        const run = runs.find((one) => one.bound === bound);
        return starts.map((state) => {
            for (let steps = 1; steps <= 500; steps++) {
                state = stepCartPole(state, greedyAction(run.weights[update], state));
                if (hasFallen(state)) return steps;
            }
            return 500;
        });
    }"""
    starts = np.random.default_rng(0).uniform(-0.05, 0.05, (200, 4)).tolist()
    for bound, update in ((0.01, 0), (0.01, 1), (0.01, 30), (3.0, 2)):
        run = json.loads(
            page.evaluate(f"JSON.stringify(runs.find((one) => one.bound === {bound}))")
        )
        steps = np.array(page.evaluate(episode, [bound, update, starts]))
        error = steps.std() / 200**0.5 + 1
        assert abs(steps.mean() - run["returns"][update]) < 5 * error


def test_a_reader_chooses_a_policy_and_pushes_the_cart(device, site):
    device.goto((site / "cartpole.html").as_uri())
    line = device.locator(".trpo-cartpole [role=status]")
    expect(line).to_contain_text("untrained")
    track = device.get_by_role("slider", name="updates made")
    track.focus()
    device.keyboard.press("End")
    expect(line).to_contain_text("after 30 updates: 500 steps")
    device.get_by_role("button", name="Pause").click()
    before = device.evaluate("trpoStage.state[1]")
    device.get_by_role("button", name="Push →").click()
    assert device.evaluate("trpoStage.state[1]") - before == pytest.approx(0.7)
    device.locator("canvas").focus()
    device.keyboard.press("ArrowLeft")
    assert device.evaluate("trpoStage.state[1]") == pytest.approx(before)


PLACE = "slide => { const { h, v } = Reveal.getIndices(slide); return [h, v]; }"
FITS = "slide => slide.scrollHeight <= 720 && slide.scrollWidth <= 1280"


@pytest.fixture
def slides(device, site):
    """Opens the slides of a lesson."""

    def slides(lesson):
        device.goto((site / f"slides/{lesson.stem}.html").as_uri())
        device.wait_for_function("window.Reveal && Reveal.isReady()")
        return device

    return slides


@each_lesson
def test_each_slide_fits_and_is_accessible(slides, lesson):
    slides = slides(lesson)
    for place in slides.evaluate(f"Reveal.getSlides().map({PLACE})"):
        slides.evaluate("place => Reveal.slide(...place)", place)
        pictures = slides.locator("section.present:not(.stack) img")
        pictures.evaluate_all("pictures => Promise.all(pictures.map(one => one.decode()))")
        assert slides.evaluate(f"({FITS})(Reveal.getCurrentSlide())"), place
    options = {"runOnly": RULES, "resultTypes": ["violations"], "preload": False}
    found = Axe().run(slides, options=options)
    assert found.violations_count == 0, found.generate_report()


@each_lesson
def test_each_question_has_a_slide_and_below_it_an_answer_and_notes(slides, lesson):
    slides, text = slides(lesson), lesson.read_text(encoding="utf-8")
    questions = slides.locator("section", has=slides.locator("> blockquote"))
    assert questions.count() == text.count("> **Predict.**") > 0
    for question in questions.all():
        answer = question.locator("xpath=following-sibling::section[1]")
        assert answer.locator("> h3").text_content() == "Answer"
        assert answer.locator("pre, img").count() + answer.locator("> p").count() > 1
    assert slides.locator("aside.notes p").count() > questions.count()


def test_a_figure_on_a_slide_takes_the_keys_that_would_turn_the_slide(slides):
    slides = slides(LESSON)
    figure = Figure(slides)
    place = figure.root.evaluate(f"figure => ({PLACE})(figure.closest('section'))")
    slides.evaluate("place => Reveal.slide(...place)", place)
    slider = figure.slider("logit of action 1")
    before, picture = slider.value, figure.source
    slider.track.focus()
    slider.track.press("ArrowRight")
    assert slider.value > before
    expect(figure.picture).not_to_have_attribute("src", picture)
    figure.picture.evaluate("picture => picture.decode()")
    assert slides.evaluate(f"({PLACE})(Reveal.getCurrentSlide())") == place
