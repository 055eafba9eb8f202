"""The site of the documents, made by Sphinx with MyST: `python -m sphinx -W docs FOLDER`."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path
from typing import Any

_setup = ConfigParser()
_setup.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")

project = "Tiếp Đón"
version = release = _setup["metadata"]["version"]
extensions = ["myst_parser"]
exclude_patterns = ["conf.py"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4  # headings get the same addresses as on GitHub
myst_links_external_new_tab = True
html_theme = "furo"
html_title = f"Tiếp Đón {version}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_last_updated_fmt = None  # the same sources make the same site
templates_path: list[str] = []
smartquotes = False  # commands and settings are copied from the pages


def _among_the_pages(_app: Any, path: Path, _page: str, content: list[str]) -> None:
    """Let the pages that lie at the top of the checkout link to one another in the site too."""
    if path.suffix == ".md":
        for name in ("CHANGELOG", "CONTRIBUTING", "README", "README.vi", "SECURITY"):
            content[0] = content[0].replace(f"]({name}.md)", f"]({name.lower()}.md)")
        for name in ("LICENSE", "config/kiosk.toml"):
            content[0] = content[0].replace(f"]({name})", f"](../../{name})")


def setup(app: Any) -> None:
    """Join this configuration to Sphinx."""
    app.connect("include-read", _among_the_pages)
