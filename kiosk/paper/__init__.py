"""Paper: documents as PDF, with all Vietnamese letters, in a font that comes as a package.

A caller describes a document (`Paper`) in words of its own language, and `to_pdf` lays it out.
This room knows nothing of visits, cards or insurers.
"""

from kiosk.paper.document import Block, Facts, Grid, Heading, Paper, Passage, Tone
from kiosk.paper.pdf import to_pdf

__all__ = ["Block", "Facts", "Grid", "Heading", "Paper", "Passage", "Tone", "to_pdf"]
