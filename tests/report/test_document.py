"""A page around HTML that is there already."""

import re

from markupsafe import Markup

from chainrule.report import document_html

HOSTILE = "<script>alert(1)</script>"


def test_words_are_text_and_the_body_is_html() -> None:
    page = document_html(eyebrow=HOSTILE, heading=HOSTILE, lead=HOSTILE, body=Markup("<p id='x'>body</p>"))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 4
    assert "<p id='x'>body</p>" in page


def test_the_page_asks_for_nothing_and_has_the_style_of_the_report() -> None:
    page = document_html(eyebrow="", heading="h", lead="", body=Markup())
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"""(src|href)=["']?(?!data:,)""", page.split("</style>")[1])
