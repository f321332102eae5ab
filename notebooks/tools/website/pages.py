"""What pages have besides what Sphinx makes of their sources: a Sphinx extension.

Solutions are folded, and diagrams are drawn in the page.
"""

import html

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

OPENING = '<details class="solution"><summary>Show the solution</summary>'


class Mermaid(Directive):
    """A diagram, drawn in the page by mermaid."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Makes the element that mermaid looks for."""
        text = html.escape("\n".join(self.content), quote=False)
        return [nodes.raw("", f'<pre class="mermaid">{text}</pre>', format="html")]


def fold_solutions(app: Sphinx, doctree: nodes.document) -> None:
    """Folds each section of a page with solutions, but for its heading."""
    if not app.env.docname.startswith("solutions/"):
        return
    for section in list(doctree.findall(nodes.section))[1:]:
        title, *inside = section.children
        opening, closing = (nodes.raw("", text, format="html") for text in (OPENING, "</details>"))
        section.children = []
        section += [title, opening, *inside, closing]


def choose_dark_code(app: Sphinx) -> None:
    """Sets the theme's own option, which Sphinx does not know before the theme is loaded."""
    app.config.pygments_dark_style = "a11y-high-contrast-dark"


def give_captions_a_level(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Says how deep the headings of the list of pages are, which Sphinx leaves out."""
    tree = context.get("furo_navigation_tree", "")
    level = 'role="heading" aria-level="2"'
    context["furo_navigation_tree"] = tree.replace('role="heading"', level)


def setup(app: Sphinx) -> dict:
    """Registers all of it."""
    app.add_directive("mermaid", Mermaid)
    app.connect("builder-inited", choose_dark_code)
    app.connect("html-page-context", give_captions_a_level, priority=900)  # after the theme
    app.connect("doctree-read", fold_solutions)
    return {"parallel_read_safe": True}
