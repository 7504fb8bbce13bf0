"""Unicode signs and what they are in ASCII."""

import unicodedata

SIGNS = {
    **dict.fromkeys("−–—‒﹣－", "-"),
    **dict.fromkeys("·⋅∙•×∗⊙⊗∘⨯", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("≈≡≔≃", "="),
    **dict.fromkeys("\u00a0\u2009\u200a\u202f\u2002\u2003\u205f", " "),
    **dict.fromkeys("\u200b\u2061\u2062\ufeff", ""),
    **dict.fromkeys("⇒⟹→\u2028\u2029", "\n"),
    **dict.fromkeys("∂𝜕𝛛𝝏", " d"),
    **dict.fromkeys("Σ∑", " sum"),
    **dict.fromkeys("εϵ", " eps"),
    **dict.fromkeys("δ𝛿", " delta"),
    **dict.fromkeys("σ𝜎", " sigma"),
    "≠": "!=",
    "√": " sqrt ",
    "ŷ": "O",
    "ℒ": "L",
    "ℓ": "l",
    "⊤": "T",
    "ᵀ": "^T",
}
SUBSCRIPTS = {
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    **dict(zip("ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "aehijklmnoprstuvx", strict=True)),
    "،": ",",
}
SUPERSCRIPTS = {
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)),
    **dict(zip("⁻⁺⁽⁾ⁿ", "-+()n", strict=True)),
}
HAT = "\u0302"


def sign(character: str) -> str:
    r"""Return a character in ASCII; one that has no such form stays what it is.

    Examples
    --------
    >>> sign("\u2212"), sign("\u2211")
    ('-', ' sum')
    """
    if character in SIGNS:
        return SIGNS[character]
    plain = unicodedata.normalize("NFKC", character)
    return SIGNS.get(plain, plain) if len(plain) == 1 else character
