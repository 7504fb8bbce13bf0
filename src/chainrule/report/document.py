"""A whole page around something that is HTML already, in the style of the report."""

from markupsafe import Markup

from chainrule.report.page import TEMPLATES, environment


def document_html(*, eyebrow: str, heading: str, lead: str, body: Markup) -> str:
    """Return one HTML page that needs nothing else: no network, no script, no font.

    Parameters
    ----------
    eyebrow, heading, lead : str
        The line above the heading, the heading (also the page's title), and what is told below it; shown as text.
    body : Markup
        The rest, taken as HTML.

    Returns
    -------
    str
        HTML, to be written as UTF-8.

    Examples
    --------
    >>> page = document_html(eyebrow="chainrule", heading="<h>", lead="", body=Markup("<p>x</p>"))
    >>> "<title>&lt;h&gt;</title>" in page, "<p>x</p>" in page
    (True, True)
    """
    style = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
    template = environment().get_template("document.html")
    return template.render(eyebrow=eyebrow, heading=heading, lead=lead, body=body, style=style)
