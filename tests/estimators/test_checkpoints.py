"""Checkpoints, logs and diagnoses of the estimator and of tables."""

import numpy as np
import pytest
from sklearn.base import clone

import chainrule as cr
from chainrule.errors import ArgumentError, ChainruleWarning, CheckpointError, CheckpointWarning
from chainrule.training import checkpoint as checkpoint_module

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 5)).astype(np.float32)
Y = np.where(X[:, 0] + 0.5 * RANDOM.normal(size=300) > 0, "yes", "no")
TABLE = {**{f"x{k}": X[:, k] for k in range(5)}, "y": Y}


class Killed(BaseException):
    pass


@pytest.fixture
def killed(monkeypatch):
    """Kill a fit after its ninth checkpoint, and let it go on."""

    def kill(fit):
        whole, written = checkpoint_module.write_checkpoint, 0

        def write(*arguments):
            nonlocal written
            whole(*arguments)
            written += 1
            if written == 9:
                raise Killed

        monkeypatch.setattr(checkpoint_module, "write_checkpoint", write)
        with pytest.raises(Killed):
            fit()
        monkeypatch.setattr(checkpoint_module, "write_checkpoint", whole)
        return fit()

    return kill


def model_bytes(model, folder):
    model.save(folder / "model")
    return (folder / "model").read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"hidden_layer_sizes": (6,), "early_stopping": True, "dropout": 0.2},
        {"hidden_layer_sizes": (6,), "solver": "lbfgs", "max_epochs": 15},
        {"solver": "sgd", "class_weight": "balanced", "label_smoothing": 0.1},
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_classifier_that_was_killed_is_fitted_to_the_same_bytes(options, killed, tmp_path):
    def classifier(**more):
        return cr.SoftmaxClassifier(random_state=3, **{"max_epochs": 8, **options}, **more)

    whole = model_bytes(classifier().fit(X, Y).to_model(), tmp_path)
    checkpointed = classifier(checkpoint=tmp_path / "a", checkpoint_every=0, log=tmp_path / "log")
    assert model_bytes(killed(lambda: checkpointed.fit(X, Y)).to_model(), tmp_path) == whole


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"alpha": 0.5}, "alpha"),
        ({"hidden_layer_sizes": (7,)}, "hidden_layer_sizes"),
        ({"random_state": 4}, "random_state"),
    ],
)
def test_a_changed_parameter_is_refused_by_name_and_leaves_the_estimator(changed, named, tmp_path):
    classifier = cr.SoftmaxClassifier((6,), random_state=3, max_epochs=3, checkpoint=tmp_path / "a")
    classifier.fit(X, Y)
    other = clone(classifier).set_params(**changed)
    with pytest.raises(CheckpointError, match=rf"SoftmaxClassifier.fit: .*{named} \(was"):
        other.fit(X, Y)
    assert not hasattr(other, "network_")
    with pytest.raises(CheckpointError, match=r"y \(was|classes \(was"):
        clone(classifier).fit(X, np.where(Y == "no", "nein", "ja"))


def test_a_complete_fit_is_given_again(tmp_path):
    classifier = cr.SoftmaxClassifier((6,), random_state=3, max_epochs=3, checkpoint=tmp_path / "a").fit(X, Y)
    with pytest.warns(CheckpointWarning, match="is complete"):
        again = clone(classifier).fit(X, Y)
    assert model_bytes(again.to_model(), tmp_path) == model_bytes(classifier.to_model(), tmp_path)


def test_a_checkpoint_needs_a_seed(tmp_path):
    with pytest.raises(
        ArgumentError, match="checkpoint goes with an integer random_state; got random_state=None"
    ):
        cr.SoftmaxClassifier(checkpoint=tmp_path / "a").fit(X, Y)


def test_a_table_that_was_killed_is_fitted_to_the_same_bytes(killed, tmp_path):
    options = {"hidden": (6,), "max_epochs": 8, "random_state": 5}
    whole = model_bytes(cr.fit_table(TABLE, "y", **options), tmp_path)
    more = {"checkpoint": tmp_path / "a", "checkpoint_every": 0}
    assert model_bytes(killed(lambda: cr.fit_table(TABLE, "y", **options, **more)), tmp_path) == whole


@pytest.mark.parametrize(
    ("table", "options", "named"),
    [
        (TABLE, {"hidden": (7,)}, "hidden"),
        (TABLE, {"test_fraction": 0.3}, "test_fraction"),
        ({**TABLE, "x0": X[:, 0] * 2}, {}, "encoder"),
        ({**TABLE, "y": np.where(Y == "no", "nein", "ja")}, {}, "classes"),
    ],
)
def test_a_changed_table_or_setting_is_refused_by_name(table, options, named, tmp_path):
    cr.fit_table(TABLE, "y", max_epochs=3, checkpoint=tmp_path / "a")
    with pytest.raises(CheckpointError, match=rf"{named} \(was"):
        cr.fit_table(table, "y", max_epochs=3, checkpoint=tmp_path / "a", **options)


def test_a_callback_sees_the_same_in_estimator_and_network():
    seen = {"estimator": [], "table": [], "network": []}
    cr.SoftmaxClassifier(max_epochs=3, solver="adam", callback=seen["estimator"].append).fit(X, Y)
    cr.fit_table(TABLE, "y", max_epochs=3, solver="adam", callback=seen["table"].append)
    targets = (Y == "yes").astype(int)
    cr.train(cr.Network((5, 2)), X, targets, max_epochs=3, solver="adam", callback=seen["network"].append)
    for progress in seen.values():
        assert [one.epoch for one in progress] == [1, 2, 3]
        assert all(one.step % one.epoch == 0 and one.gradient_norm > 0 for one in progress)


def test_a_classifier_that_learned_nothing_warns_with_what_was_measured():
    noise = np.random.default_rng(1).integers(0, 3, 2000)
    features = np.random.default_rng(2).normal(size=(2000, 4))
    with pytest.warns(ChainruleWarning, match="The labels seem unrelated to the features"):
        classifier = cr.SoftmaxClassifier(random_state=0).fit(features, noise)
    assert classifier.outcome_.diagnosis[-1].startswith("The labels seem unrelated")
    with pytest.warns(ChainruleWarning, match=r"The learning rate is too high: .* Use at most about"):
        cr.SoftmaxClassifier((8,), solver="sgd", learning_rate=1e5, random_state=0).fit(X, Y)


def test_a_diagnosis_is_kept_by_the_model_file(tmp_path):
    noise = np.random.default_rng(1).integers(0, 3, 2000)
    table = {"x": np.random.default_rng(2).normal(size=2000), "y": noise}
    model = cr.fit_table(table, "y")
    model.save(tmp_path / "a")
    assert model.outcome.diagnosis
    assert cr.load(tmp_path / "a").outcome == model.outcome


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_scores_do_not_depend_on_the_threads_of_the_linear_algebra_libraries(threads):
    import threadpoolctl

    from chainrule.estimators import judge

    features = np.random.default_rng(0).normal(size=(3000, 400)).astype(np.float32)
    network = cr.Network((400, 300, 10), random_state=0)
    targets = np.arange(3000) % 10
    with threadpoolctl.threadpool_limits(threads, user_api="blas"):
        scores, _ = judge(network, features, targets)
        seen = []
        plain = network.predict_logits

        def look(rows):
            seen.extend(
                pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"
            )
            return plain(rows)

        network.predict_logits = look
        assert judge(network, features, targets)[0] == scores
    assert set(seen) == {1}
