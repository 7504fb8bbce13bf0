"""The classifier on sparse features: what it does on the dense array, wherever it reads X."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.model_selection import cross_val_score

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.estimators import SoftmaxClassifier
from chainrule.estimators.standardisation import sparse_standardisation, standardisation
from chainrule.functions import SparseFeatures


def _rows(n_rows=300, n_features=30, seed=0, dtype=np.float64):
    random = np.random.default_rng(seed)
    x = (random.poisson(0.3, (n_rows, n_features)) * random.gamma(2.0, 1.0, n_features)).astype(dtype)
    logits = x @ random.normal(size=(n_features, 3))
    return x, np.array(["a", "b", "c"])[(logits + random.gumbel(size=logits.shape)).argmax(axis=1)]


SETTINGS = [
    {},
    {"solver": "lbfgs", "tol": 1e-8},
    {"solver": "sgd", "max_epochs": 5},
    {"solver": "adamw", "max_epochs": 5},
    {"hidden_layer_sizes": (8,), "solver": "sgd", "max_epochs": 5, "scaling": "none"},
    {"class_weight": "balanced", "label_smoothing": 0.1},
    {"solver": "sgd", "max_epochs": 6, "early_stopping": True, "patience": 2},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_equals_dense(settings, dtype):
    x, y = _rows(dtype=dtype)
    weight = np.random.default_rng(1).random(len(y))
    dense = SoftmaxClassifier(random_state=0, **settings).fit(x, y, weight)
    sparse = SoftmaxClassifier(random_state=0, **settings).fit(sp.csr_array(x), y, weight)
    close = 1e-6 if dtype == np.float64 else 2e-3 if "hidden_layer_sizes" in settings else 1e-4
    np.testing.assert_allclose(sparse.predict_proba(x), dense.predict_proba(x), atol=close)
    np.testing.assert_allclose(sparse.predict_proba(sp.coo_matrix(x)), sparse.predict_proba(x), atol=close)
    assert sparse.score(sp.csc_array(x), y) == sparse.score(x, y)
    assert sparse.decision_function(sp.csr_array(x)).dtype == dtype


def test_many_parameters_have_the_solver_for_sparse_features():
    x, y = _rows(400, 500)
    dense = SoftmaxClassifier(tol=1e-9).fit(x, y)
    sparse = SoftmaxClassifier(tol=1e-9).fit(sp.csr_array(x), y)
    assert (dense.outcome_.solver, sparse.outcome_.solver) == ("newton-cg", "lbfgs-diagonal")
    np.testing.assert_allclose(sparse.predict_proba(sp.csr_array(x)), dense.predict_proba(x), atol=1e-4)


def test_hidden_layers_have_lazy_adam_without_scaling():
    x, y = _rows()
    fitted = SoftmaxClassifier((8,), random_state=0, max_epochs=3).fit(sp.csr_array(x), y)
    assert fitted.outcome_.solver == "lazy-adam"
    assert fitted.network_.input_scaling is None


def test_scaling_is_to_standard_deviation_one_without_a_centre():
    x, y = _rows()
    weight = np.random.default_rng(1).random(len(y))
    found = sparse_standardisation(SparseFeatures.from_dense(x), weight)
    expected = standardisation(x, weight)
    assert not found.center.any()
    np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-12)
    scaled = SoftmaxClassifier(scaling="standard", alpha=0.01).fit(sp.csr_array(x), y, weight)
    by_hand = SoftmaxClassifier(alpha=0.01).fit(x * found.scale, y, weight)
    np.testing.assert_allclose(scaled.predict_proba(x), by_hand.predict_proba(x * found.scale), atol=1e-9)


def test_features_that_do_not_vary_keep_their_unit_and_large_ones_do_not_overflow():
    features = SparseFeatures.from_dense(np.array([[5.0, 0.0, 1e300], [5.0, 0.0, 0.0], [5.0, 0.0, 1e300]]))
    scale = sparse_standardisation(features).scale
    assert scale[:2].tolist() == [1.0, 1.0]
    np.testing.assert_allclose(scale[2], 1.0 / (1e300 * np.sqrt(2) / 3), rtol=1e-12)


def test_robust_scaling_is_refused_with_a_remedy():
    x, y = _rows()
    message = (
        r"scaling='robust' goes with dense features: it centres them; got sparse features. Use 'standard'"
    )
    with pytest.raises(ArgumentError, match=message):
        SoftmaxClassifier(scaling="robust").fit(sp.csr_array(x), y)


def test_a_network_that_centres_refuses_sparse_rows():
    x, y = _rows()
    fitted = SoftmaxClassifier(scaling="standard").fit(x, y)
    with pytest.raises(ArgumentError, match="neither centres nor clips them"):
        fitted.predict(sp.csr_array(x))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_entries_that_are_not_finite_are_refused(bad):
    x, y = _rows()
    rows = sp.csr_array(x)
    rows.data[7] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        SoftmaxClassifier().fit(rows, y)
    row = int(np.searchsorted(rows.indptr, 7, side="right")) - 1
    network = cr.Network((30, 3))
    with pytest.raises(ArgumentError, match=rf"X is finite; got X\[{row}, {rows.indices[7]}\] = {bad}"):
        cr.train(network, rows, np.zeros(len(y), np.int64))


def test_entries_that_overflow_in_the_network_are_refused():
    rows = sp.csr_array(np.array([[1e300, 0.0], [0.0, 1.0]]))
    with pytest.raises(ArgumentError, match=r"finite in the network's float32; got X\[0, 0\] = 1e\+300"):
        cr.train(cr.Network((2, 2)), rows, np.array([0, 1]))


def test_another_number_of_features_is_refused():
    x, y = _rows()
    fitted = SoftmaxClassifier().fit(sp.csr_array(x), y)
    with pytest.raises(ValueError, match="30 features"):
        fitted.predict(sp.csr_array(x[:, :20]))
    with pytest.raises(ArgumentError, match=r"features have shape \(examples, 30\); got shape \(300, 20\)"):
        fitted.network_.predict_proba(sp.csr_array(x[:, :20]))


def test_validation_rows_may_be_sparse_or_dense():
    x, y = _rows()
    curves = [
        SoftmaxClassifier(solver="sgd", max_epochs=4, random_state=0)
        .fit(sp.csr_array(x), y, eval_set=(rows, y))
        .outcome_.validation_curve
        for rows in (x, sp.csr_array(x))
    ]
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-12)


@pytest.mark.parametrize("settings", [{"solver": "sgd"}, {}, {"hidden_layer_sizes": (6,), "scaling": "none"}])
def test_portions_may_be_sparse(settings):
    x, y = _rows()
    classifier = SoftmaxClassifier(random_state=0, **settings)
    for part in range(3):
        rows = slice(part * 100, (part + 1) * 100)
        classifier.partial_fit(sp.csr_array(x[rows]), y[rows], classes=["a", "b", "c"] if part == 0 else None)
    assert classifier.outcome_.solver == settings.get("solver", "lazy-adam")
    if "solver" in settings:
        dense = SoftmaxClassifier(random_state=0, **settings)
        for part in range(3):
            rows = slice(part * 100, (part + 1) * 100)
            dense.partial_fit(x[rows], y[rows], classes=["a", "b", "c"] if part == 0 else None)
        np.testing.assert_allclose(classifier.predict_proba(x), dense.predict_proba(x), atol=1e-12)


def test_cross_validation_takes_sparse_rows():
    x, y = _rows()
    dense, sparse = (cross_val_score(SoftmaxClassifier(), rows, y, cv=3) for rows in (x, sp.csr_array(x)))
    np.testing.assert_array_equal(dense, sparse)


def test_rows_of_weight_zero_are_left_out():
    x, y = _rows()
    weight = np.arange(len(y)) % 3 > 0
    kept = SoftmaxClassifier().fit(sp.csr_array(x[weight]), y[weight])
    weighted = SoftmaxClassifier().fit(sp.csr_array(x), y, weight.astype(float))
    np.testing.assert_allclose(weighted.coef_, kept.coef_, atol=1e-9)


def test_a_run_that_learns_nothing_is_diagnosed_as_on_dense_rows():
    random = np.random.default_rng(0)
    x = random.poisson(0.3, (3000, 4)).astype(float)
    y = random.integers(0, 2, 3000)
    said = []
    for rows in (x, sp.csr_array(x)):
        network = cr.Network((4, 2), dtype=np.float64)
        said.append(cr.train(network, rows, y, solver="sgd", alpha=1e-3, max_epochs=6).diagnosis)
    assert said[0] == said[1]
    assert "labels seem unrelated" in " ".join(said[0])
