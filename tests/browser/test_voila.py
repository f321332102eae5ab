"""The lessons as a site: its pages and links, its figures without code, its kernels."""

import json
import re
import shutil
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import DEMO, elsewhere
from exploring import move_every_slider, sliders_of
from figures import Figure
from jupyterlab_page import write_notebook
from oracles import ORACLES
from playwright.sync_api import expect
from servers import SECONDS_OF_PATIENCE, serve
from tiny import tiny_notebook, tiny_oracle

LESSONS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
CODE = ".jp-CodeMirrorEditor, .jp-InputArea-editor, .highlight"
WAITING = ".voila-skeleton-container"  # stands where a cell has not run yet
SHEET = re.compile(rb"/Type\s*/Page\b")


def ask(url, method="GET", **headers):
    """The status, the text and the headers of an answer; a redirection is not followed."""
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=SECONDS_OF_PATIENCE)) as connection:
        connection.request(method, urlsplit(url).path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers


def lesson_of(path, *sources):
    """A lesson with these cells of code -> its path."""
    path.parent.mkdir(exist_ok=True)
    notebook = nbformat.read(write_notebook(path, *sources), 4)
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# A lesson"))
    nbformat.write(notebook, path)
    return path


def links(url, soup):
    """Where the links of a page lead."""
    return {urldefrag(urljoin(url, a["href"])).url for a in soup.find_all("a", href=True)}


def kernel(page):
    """The address of the kernel of a lesson's page, which is given as text."""
    config = BeautifulSoup(page, "html.parser").find(id="jupyter-config-data")
    return f"/api/kernels/{json.loads(config.string)['kernelId']}"


def kernels_started(log):
    return re.findall("Kernel started: (.*)", log.read_text())


def wait_until(holds):
    end_of_patience = time.monotonic() + SECONDS_OF_PATIENCE
    while not (result := holds()):
        assert time.monotonic() < end_of_patience
        time.sleep(0.1)
    return result


@pytest.fixture(scope="module")
def site(demo):
    """Every page that can be reached from the title page, by its address."""
    pages, to_ask = {}, {f"{demo}/"}
    while to_ask:
        url = to_ask.pop()
        status, text, _ = ask(url)
        assert status == 200, url
        pages[url] = BeautifulSoup(text, "html.parser")
        to_ask |= {link for link in links(url, pages[url]) if not elsewhere(link)} - pages.keys()
    return pages


@pytest.fixture
def visit(page, demo, folder):
    """Opens the page of a notebook on the site, and waits until every cell has run."""

    def visit(path):
        (folder / path.name).write_bytes(path.read_bytes())
        page.goto(f"{demo}/voila/render/{path.name}")
        figure = Figure(page)
        expect(figure.line).to_be_visible()
        expect(page.locator(WAITING)).to_have_count(0)
        expect(page.locator(CODE)).to_have_count(0)
        return figure

    return visit


def test_the_title_page_lists_the_lessons_with_their_questions(demo, folder):
    tiny_notebook(folder)
    _, text, _ = ask(f"{demo}/")
    items = [item.a for item in BeautifulSoup(text, "html.parser").find_all("li")]
    *lessons, glossary = items
    assert [lesson["href"] for lesson in lessons] == [f"voila/render/{name}" for name in LESSONS]
    assert all(re.fullmatch(r"\d\d · .+\?", lesson.text) for lesson in lessons)
    assert glossary.text == "Glossary"


def test_no_link_on_the_site_is_dead(demo, site):
    assert {f"{demo}/voila/render/{name}" for name in LESSONS} < site.keys()
    assert f"{demo}/voila/trpo_lib/trpo.py" in site


def test_every_page_has_a_language_a_title_and_a_way_back(demo, site):
    for url, soup in site.items():
        assert soup.html["lang"] == "en", url
        assert soup.title.text == soup.h1.text.removesuffix("¶"), url
        assert f"{demo}/" in links(url, soup) | {url}


def test_no_page_loads_anything_from_elsewhere(site):
    for url, soup in site.items():
        loaded = [tag.get("src") or tag["href"] for tag in soup.select("[src], link[href]")]
        assert [place for place in loaded if elsewhere(urljoin(url, place))] == [], url


def test_a_lesson_leads_to_the_next_one(demo, site):
    for name, following in zip(LESSONS, [*LESSONS[1:], "/"], strict=True):
        last = site[f"{demo}/voila/render/{name}"].select("nav a")[-1]
        assert last["href"] == following


def test_an_explorer_follows_its_sliders(tmp_path, visit):
    path = tiny_notebook(tmp_path)
    move_every_slider(visit(path), sliders_of(path), tiny_oracle)


def test_a_lesson_whose_reader_writes_a_function_shows_its_figure(visit, folder):
    path = folder / LESSONS[2]  # its figure needs that function
    move_every_slider(visit(path), sliders_of(path), ORACLES[path.stem])


def test_lesson_00_trains_and_shows_no_checker_without_code(page, visit, folder):
    figure = visit(folder / LESSONS[0])
    expect(figure.line).to_contain_text("Nothing yet")
    before = figure.source
    figure.press("Start")
    expect(figure.line).to_contain_text("Update")
    expect(figure.picture).not_to_have_attribute("src", before)
    expect(page.get_by_text("Not yet: replace")).to_have_count(0)


def test_the_map_and_the_formulas_of_a_lesson_are_drawn_and_all_of_it_is_printed(page, demo):
    page.goto(f"{demo}/voila/render/06_trpo_on_cartpole.ipynb")
    expect(page.locator("mjx-container").first).to_be_visible()
    drawing = page.locator("figure img")
    expect(drawing).to_have_attribute("alt", "One iteration of TRPO")
    expect(drawing).to_have_attribute("src", re.compile("^data:image/svg"))
    assert drawing.evaluate("drawing => drawing.decode().then(() => drawing.naturalWidth > 0)")
    assert len(SHEET.findall(page.pdf())) > 2


def test_the_formulas_of_the_glossary_are_drawn(page, demo):
    page.goto(f"{demo}/voila/render/glossary.md")
    expect(page.locator("mjx-container svg").first).to_be_visible()


def test_what_a_lesson_refers_to_opens_beside_it(page, demo):
    page.goto(f"{demo}/voila/render/{LESSONS[1]}")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Glossary").click()
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("Glossary")
    assert ask(demo + kernel(page.content()))[0] == 200


@pytest.mark.parametrize("door", ["the title page", "its address"])
def test_a_kernel_ends_with_its_page(door, page, demo):
    tab = page.context.new_page()
    if door == "its address":
        tab.goto(f"{demo}/voila/render/{LESSONS[2]}")
    else:
        tab.goto(demo)
        tab.locator(f"a[href$='{LESSONS[2]}']").click()
    expect(tab.locator(".jp-OutputArea-output").first).to_be_attached()  # it has begun to run
    url = demo + kernel(tab.content())
    assert ask(url)[0] == 200
    tab.close(run_before_unload=True)
    wait_until(lambda: ask(url)[0] == 404)


def test_no_other_site_can_end_a_kernel(demo, folder):
    tiny_notebook(folder)
    _, text, headers = ask(f"{demo}/voila/render/tiny.ipynb")
    url = demo + kernel(text)
    farewell = url.replace("/api/kernels", "/voila/api/shutdown")
    (token,) = re.findall(r"_xsrf=([^;]+)", "\n".join(headers.get_all("Set-Cookie")))
    cookie, field = {"Cookie": f"_xsrf={token}"}, {"X-XSRFToken": token}
    proof = cookie | field
    assert ask(farewell, "POST", **cookie)[0] == 403
    assert ask(farewell, "POST", **field)[0] == 403
    assert ask(farewell, "POST", Origin="http://example.org", **proof)[0] == 404
    assert ask(url)[0] == 200
    assert ask(farewell, "POST", **proof)[0] == 204
    wait_until(lambda: ask(url)[0] == 404)


def test_a_kernel_without_a_page_is_ended(tmp_path):
    tiny_notebook(tmp_path)
    seconds = [f"--MappingKernelManager.cull_{name}=1" for name in ("idle_timeout", "interval")]
    with (
        serve(DEMO, str(tmp_path), *seconds, home=tmp_path / "home") as site,
        closing(HTTPConnection(urlsplit(site).netloc)) as connection,
    ):
        connection.request("GET", "/voila/render/tiny.ipynb")
        log = tmp_path / "home/log.txt"
        (started,) = wait_until(lambda: kernels_started(log))
        wait_until(lambda: ask(f"{site}/api/kernels/{started}")[0] == 404)


@pytest.fixture
def today(page, tmp_path):
    """Serves copies of notebooks, of which lesson 02 runs ahead -> the URL, and the log."""
    with ExitStack() as stack:

        def today(*paths):
            for path in paths:
                shutil.copy(path, tmp_path)
            home = tmp_path / "home"
            site = stack.enter_context(serve(DEMO, str(tmp_path), "--today=02", home=home))
            return site, home / "log.txt"

        yield today
        page.goto("about:blank")


def test_a_lesson_of_today_has_run_when_its_page_is_opened(page, today):
    path = Path(__file__).parents[2] / "notebooks" / LESSONS[2]
    site, log = today(path)
    wait_until(lambda: "(ready)" in ask(f"{site}/")[1])
    (ahead,) = kernels_started(log)
    page.goto(f"{site}/voila/render/{path.name}")
    assert kernel(page.content()).endswith(ahead)
    figure = Figure(page)
    expect(figure.line).to_be_visible()
    expect(page.locator(WAITING)).to_have_count(0)
    move_every_slider(figure, sliders_of(path), ORACLES[path.stem])


def test_a_page_that_is_opened_before_its_lesson_has_run_starts_at_once(page, today, tmp_path):
    gate = tmp_path / "gate"
    cells = "print('before')", f"while not __import__('os').path.exists({str(gate)!r}): pass"
    path = lesson_of(tmp_path / "src/02_slow.ipynb", *cells, "1 / 0", "print('after')")
    site, log = today(path)
    wait_until(lambda: kernels_started(log))
    page.goto(f"{site}/voila/render/{path.name}")
    expect(page.get_by_text("before", exact=True)).to_be_visible()
    expect(page.get_by_text("after", exact=True)).to_have_count(0)
    gate.touch()
    expect(page.get_by_text("after", exact=True)).to_be_visible()
    expect(page.get_by_text("There was an error when executing cell")).to_be_visible()


def test_a_lesson_that_was_changed_since_it_ran_runs_again(page, today, tmp_path):
    path = lesson_of(tmp_path / "src/02_old.ipynb", "print('old')")
    site, _ = today(path)
    wait_until(lambda: "(ready)" in ask(f"{site}/")[1])
    lesson_of(tmp_path / path.name, "print('new')")
    page.goto(f"{site}/voila/render/{path.name}")
    expect(page.get_by_text("new", exact=True)).to_be_visible()
    expect(page.get_by_text("old", exact=True)).to_have_count(0)


def test_a_number_that_no_lesson_has_is_refused(tmp_path):
    tiny_notebook(tmp_path)
    refusal = r"today must be numbers of lessons \(\), got '12'"
    with (
        pytest.raises(RuntimeError, match=refusal),
        serve(DEMO, str(tmp_path), "--today=12", home=tmp_path / "home"),
    ):
        pass
