"""A page asks nobody but its own site, and loads nothing that it does not use.

Jupyter Book brings scripts for kernels in the browser (thebe), for widgets of a running notebook (require.js, embed),
for formulas (MathJax) and for icons, most of them from elsewhere. Our widgets need none of them; `formulas` and `icons`
do the other two at build.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

NAMED = r"(?:thebe|fontawesome|require(?:\.min)?\.js|embed-amd|MathJax|mathjax)"
UNWANTED = re.compile(
    r"\s*(?:"
    r'<script[^>]* src="(?:https?:)?//[^"]*"[^>]*></script>'  # whatever comes from outside
    r'|<link[^>]* rel="(?:stylesheet|preconnect|dns-prefetch)"[^>]* href="(?:https?:)?//[^"]*"[^>]*>'
    rf'|<script[^>]* (?:src|type)="[^"]*{NAMED}[^"]*"[^>]*>[^<]*</script>'
    rf'|<link[^>]* href="[^"]*{NAMED}[^"]*"[^>]*>'
    r"|<script>(?:const THEBE_JS_URL|kernelName|window\.MathJax)\b[^<]*</script>"
    r'|<script type="application/vnd\.jupyter\.widget-(?:state|view)\+json">.*?</script>'
    r'|<div id="ethical-ad-placement".*?</div>'
    r'|<meta name="docsearch:[^>]*>'
    r")",
    re.DOTALL,
)
DEAD = (
    "locales",
    "sbt-webpack-macros.html",
    "webpack-macros.html",
    "scripts/fontawesome.js",
    "scripts/fontawesome.js.LICENSE.txt",
    "sphinx-thebe.css",
    "sphinx-thebe.js",
    "play-solid.svg",  # of the button that starts thebe
    "images/logo_binder.svg",
    "images/logo_deepnote.svg",
    "images/logo_jupyterhub.svg",
    "images/logo_jupyterlite.svg",
)


def only_ours(text: str, place: Path) -> str:
    """The page without what comes from outside, or serves nothing here."""
    return UNWANTED.sub("", text)


def drop_dead_weight(root: Path) -> None:
    """Files that no page asks for, maps from small scripts to large ones among them."""
    static = root / "_static"
    for name in DEAD:
        if (static / name).is_dir():
            shutil.rmtree(static / name)
        else:
            (static / name).unlink(missing_ok=True)
    for path in [*root.rglob("*.map")]:
        path.unlink()
    for path in [*static.rglob("*.js"), *static.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"(?://|/\*)# sourceMappingURL=\S+(?: \*/)?", "", text), encoding="utf-8")
