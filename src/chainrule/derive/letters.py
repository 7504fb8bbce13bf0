"""The letters and words that the grammar knows, and the other ways in which people write them."""

from chainrule.derive.expressions import FUNCTIONS

CLASS_VECTORS = ("O", "Z", "Y", "b", "w", "V")
"""Entries with one index, over classes: outputs, logits, targets, biases, class weights, an upstream vector."""

FEATURE_VECTORS = ("X",)
HIDDEN_VECTORS = ("U", "A")
VECTORS = CLASS_VECTORS + FEATURE_VECTORS + HIDDEN_VECTORS
LAYERED = ("W", "b", "U", "A")
"""Entries of which each layer has its own: ``W2_kj``."""

VARIABLES = ("O", "Z", "W", "b", "X", "U", "A", "Y")
"""Entries by which a derivative can be taken."""

SYMBOLS = {"K": "K", "H": "K", "D": "D", "N": "N", "n": "N", "eps": "eps", "epsilon": "eps"}
"""Numbers of the context; a bare T is one more."""

ENTRIES = {
    **{name: name for name in (*VECTORS, "W", "E")},
    **dict.fromkeys(("o", "p", "P", "S", "s", "yhat"), "O"),
    **dict.fromkeys(("L", "J", "C", "l", "loss"), "E"),
    **dict.fromkeys(("y", "t", "T"), "Y"),
    **{letter: letter.upper() for letter in "zxuave"},
}
"""How entries are written, and which they are; what w, T and e are depends on what follows them."""

SOFTMAX = ("softmax", "S", "sigma")
"""Words for the output as a function of the logits."""

CONDITION_WORDS = ("if", "for", "when", "where", "given", "assuming")
QUANTIFIERS = ("all", "every", "each", "any")
KEYWORDS = ("and", *CONDITION_WORDS, *QUANTIFIERS)
WORDS = tuple(
    sorted(
        (*FUNCTIONS, "softmax", "sigma", "sum", "delta", "eps", "epsilon", "loss", "yhat"),
        key=len,
        reverse=True,
    )
)
"""Words of several letters, longer ones first."""

KNOWN = (*sorted({*ENTRIES, *SYMBOLS, "T"}), *WORDS, *KEYWORDS, "one-hot")

WHAT_EXISTS = (
    "The letters are E O Z Y X W b U A (of layers), V, w_k, delta_ik, K D N T eps, "
    "and the functions " + " ".join(FUNCTIONS) + " and sum_i."
)
