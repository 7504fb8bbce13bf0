"""Values in, one self-contained HTML page out: how a model was trained and how well it does."""

from chainrule.report.document import document_html
from chainrule.report.page import report_html
from chainrule.report.values import Column, Described, Example, Influence, Judged, Report, Trained

__all__ = [
    "Column",
    "Described",
    "Example",
    "Influence",
    "Judged",
    "Report",
    "Trained",
    "document_html",
    "report_html",
]
