"""Unicode and pasted LaTeX are read as the formulas they show."""

import pytest
from hypothesis import given

from chainrule.derive import GrammarError, read_claim, read_expression
from chainrule.derive.ascii_text import ascii_text
from derive.formulas import FORMULAS


def _readings(typed):
    return [part.read_as for part in read_claim(typed)]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("∂E/∂Zₖ = Oₖ − Yₖ", "dE/dZ_k = O_k - Y_k"),
        ("∂E/∂Z₁ = O₁ – 1", "dE/dZ_1 = O_1 - 1"),
        ("∂²E/∂Zₖ∂Zⱼ = Oₖ·(δₖⱼ − Oⱼ)", "d2E/dZ_k dZ_j = O_k*(delta_kj - O_j)"),
        ("∂²E/∂Zₖ² = Oₖ × (1 − Oₖ)", "d2E/dZ_k^2 = O_k*(1 - O_k)"),
        ("d²E/dZₖ² = Oₖ⋅(1 − Oₖ)", "d2E/dZ_k^2 = O_k*(1 - O_k)"),
        ("Σᵢ Oᵢ = ∑_{i≠k} Oᵢ + Oₖ", "sum_i O_i = sum_{i != k} O_i + O_k"),
        ("Oₖ⁻¹ = 1 ÷ Oₖ", "O_k^(-1) = 1/O_k"),
        ("σ(Zₖ) = ŷₖ", "O_k = O_k"),
        ("y\u0302_k = p_k", "O_k = O_k"),
        ("W2ₖⱼ = W⁽²⁾ₖⱼ", "W2_kj = W2_kj"),
        ("E ≈ 1.6094", "E = 1.6094"),
        ("∂E/∂Zₖ = Oₖ − (1 − ε)Yₖ − ε/K", "dE/dZ_k = O_k - (1 - eps)*Y_k - eps/K"),
        ("𝜕𝐸/𝜕𝑍ₖ\u00a0= √4", "dE/dZ_k = sqrt(4)"),
        ("∂E/∂W = (O − Y)Xᵀ", "dE/dW_kj = (O_k - Y_k)*X_j"),
    ],
)
def test_unicode_is_read(typed, read):
    assert _readings(typed) == _readings(read)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (r"\frac{\partial E}{\partial Z_k} = O_k - Y_k", "dE/dZ_k = O_k - Y_k"),
        (r"$\frac{\partial L}{\partial z_k} = \hat{y}_k - y_k$", "dE/dZ_k = O_k - Y_k"),
        (r"$$\dfrac{dE}{dZ_k} = \hat y_k - y_k$$", "dE/dZ_k = O_k - Y_k"),
        (r"\[ \frac{\partial E}{\partial Z_k} = p_k - t_k. \]", "dE/dZ_k = O_k - Y_k"),
        (r"\frac{\mathrm{d} E}{\mathrm{d} Z_{1}} = O_{1} - 1", "dE/dZ_1 = O_1 - 1"),
        (
            r"\frac{\partial^2 E}{\partial Z_k \partial Z_j} = O_k \left( \delta_{kj} - O_j \right)",
            "d2E/dZ_k dZ_j = O_k*(delta_kj - O_j)",
        ),
        (r"\frac{\partial^{2} E}{\partial Z_k^{2}} = O_k (1 - O_k)", "d2E/dZ_k^2 = O_k*(1 - O_k)"),
        (r"\partial E / \partial Z_k = -\frac{1}{O_k}", "dE/dZ_k = -(1/O_k)"),
        (r"\sum_{i \neq k} O_i = 1 - O_k", "sum_{i != k} O_i = 1 - O_k"),
        (r"\sum\limits_{i=1}^{K} O_i = 1", "sum_i O_i = 1"),
        (r"\sum_{\substack{i \\ i \ne k}} O_i = 1 - O_k", "sum_{i != k} O_i = 1 - O_k"),
        (r"O_k^{2} = O_k \cdot O_k = O_k \times O_k", "O_k^2 = O_k*O_k = O_k*O_k"),
        (r"O_k = \frac{e^{Z_k}}{\sum_j e^{Z_j}}", "O_k = exp(Z_k)/(sum_j exp(Z_j))"),
        (r"O_k = \frac{\exp(Z_k)}{\sum_j \exp(Z_j)}", "O_k = exp(Z_k)/(sum_j exp(Z_j))"),
        (r"E = -\ln \hat{\mathbf{y}}_c", "E = -ln(O_c)"),
        (r"\mathcal{L} = -\sum_i Y_i \log\left(O_i\right)", "E = -sum_i Y_i*log(O_i)"),
        (r"E = -\frac1N \sum_{n=1}^N \sum_i Y_{ni} \ln O_{ni}", "E = -(1/N)*sum_n sum_i Y_ni*ln(O_ni)"),
        (r"\frac{\partial}{\partial Z_k} \ln O_i = \delta_{ik} - O_k", "d(ln(O_i))/dZ_k = delta_ik - O_k"),
        (r"\frac{\partial \ln O_i}{\partial Z_k} = \delta_{ik} - O_k", "d(ln(O_i))/dZ_k = delta_ik - O_k"),
        (r"\frac{\partial (O_i Y_i)}{\partial Z_k} = 0", "d(O_i*Y_i)/dZ_k = 0"),
        (r"\frac{\partial E}{\partial W^{(2)}_{kj}} = A^{[1]}_j", "dE/dW2_kj = A1_j"),
        (r"\frac{\partial E}{\partial W_{kj}^{(2)}} = A_j^{[1]}", "dE/dW2_kj = A1_j"),
        (r"\frac{\partial E}{\partial W} = (\hat{y} - y)\, x^{\top}", "dE/dW_kj = (O_k - Y_k)*X_j"),
        (
            r"\frac{\partial O_i}{\partial Z_k} = -O_i O_k \quad \text{if } i \neq k",
            "dO_i/dZ_k = -O_i*O_k if i != k",
        ),
        (r"\operatorname{softmax}(Z)_k = \mathrm{O}_k", "O_k = O_k"),
        (r"\frac{O_k - Y_k}{N + 1} = 0", "(O_k - Y_k)/(N + 1) = 0"),
        (r"\sum^{K}_{i=1} O_i^2 = \sum\nolimits_i O^{2}_{i} = O^2_k", "sum_i O_i^2 = sum_i O_i^2 = O_k^2"),
        (r"e^Z_k = 2^Z_k", "exp(Z_k) = 2^Z_k"),
        (r"\sqrt{O_k} = \max(0, O_k)^{1/2}", "sqrt(O_k) = max(0, O_k)^(1/2)"),
    ],
)
def test_latex_is_read(typed, read):
    assert _readings(typed) == _readings(read)


def test_aligned_lines_are_a_chain():
    typed = r"""\begin{aligned}
      \frac{\partial E}{\partial Z_k} &= -\sum_i \frac{Y_i}{O_i} \frac{\partial O_i}{\partial Z_k} \\[2pt]
      &= -\sum_{i} \frac{Y_i}{O_i} \cdot O_i (\delta_{ik} - O_k) \\
      &= O_k \sum_i Y_i - Y_k
    \end{aligned}"""
    (part,) = read_claim(typed)
    assert [str(side) for side in part.expressions] == [
        "dE/dZ_k",
        "-sum_i Y_i/O_i*dO_i/dZ_k",
        "-sum_i Y_i/O_i*O_i*(delta_ik - O_k)",
        "O_k*sum_i Y_i - Y_k",
    ]
    assert [place.line for place in part.places] == [2, 2, 3, 4]


@given(FORMULAS)
def test_other_minus_and_multiplication_signs_change_nothing(formula):
    text = ascii_text(formula)
    other = text.replace("e-", "E−").replace("-", "−").replace("*", " · ").replace("!=", "≠")
    assert ascii_text(read_expression(other.replace("E−", "e-"))) == text


@pytest.mark.parametrize(
    ("typed", "position", "message"),
    [
        (r"O_k = \foo{1}", 6, "a LaTeX command is one of formulas; got \\foo at position 6"),
        (r"\begin{cases} 1 \end{cases}", 0, "Write each case as an equation of its own"),
        (r"E = \frac{1", 9, "every { is closed by }"),
        (r"E = \hat{z}_k", 4, "a hat stands above y or p, for the output"),
        ("E = Ж", 4, "a formula is made of letters, numbers and"),
        ("E = O_k − ∂Z_k", 10, "a d belongs to a derivative"),
    ],
)
def test_what_is_no_sign_of_a_formula_is_refused_at_its_place(typed, position, message):
    with pytest.raises(GrammarError) as refused:
        read_claim(typed)
    assert message in str(refused.value)
    assert refused.value.position == position
