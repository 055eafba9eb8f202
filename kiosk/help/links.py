"""Official links as QR codes for screens. On paper, `kiosk.paper` draws them."""

from __future__ import annotations

import io

import segno

from kiosk.help.rows import Link


def qr_svg(link: Link) -> str:
    """Return the QR code of a link as an SVG element, without size: the page sets that.

    Black on white in every theme: readers of phones need that.
    """
    output = io.BytesIO()
    segno.make(link.address, error="m", micro=False).save(
        output, kind="svg", xmldecl=False, svgns=True, omitsize=True, dark="#000", light="#fff"
    )
    return output.getvalue().decode()


def shown_address(link: Link) -> str:
    """Return the address as people type it: without the scheme."""
    return link.address.removeprefix("https://")
