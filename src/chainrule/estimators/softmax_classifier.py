"""The scikit-learn classifier: multinomial logistic regression and multilayer perceptrons."""

import os
import warnings
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentTypeError, ChainruleError, ChainruleWarning
from chainrule.estimators.classifier_training import (
    CHANGE_NOTHING,
    FIT,
    PARTIAL_FIT,
    Fitted,
    GivenRows,
    fitted_on,
    fitted_on_portion,
)
from chainrule.estimators.conversion import memory_of_conversion
from chainrule.estimators.fit_choices import hidden_sizes
from chainrule.estimators.fit_rows import eval_set_parts, holds_probabilities
from chainrule.estimators.prediction import by_blocks, chosen_classes, log_probabilities, logit_differences
from chainrule.estimators.validation import refusals_of, validated
from chainrule.functions import Features, is_sparse, sparse_features
from chainrule.network import InputScaling, Network
from chainrule.training import (
    EVERY,
    Callback,
    MinibatchSolver,
    Outcome,
    Schedule,
    Solver,
    StopReason,
    plain,
    require_memory,
)

if TYPE_CHECKING:
    from chainrule.estimators.model import Model

_DTYPES = [np.float64, np.float32]
_FULL_BATCH = ("lbfgs", "lbfgs-diagonal", "newton-cg", "newton-cholesky")


def _takes_portions(classifier: "SoftmaxClassifier") -> bool:
    """Return whether there is a ``partial_fit``: not for solvers that look at all rows in every iteration."""
    solver = classifier.solver
    return isinstance(solver, MinibatchSolver) if not isinstance(solver, str) else solver not in _FULL_BATCH


class SoftmaxClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A softmax network with the interface of scikit-learn.

    Without hidden layers it is multinomial logistic regression, fitted to its minimum; with them a multilayer
    perceptron. The objective is the weighted mean cross-entropy plus ``alpha`` / 2 times the sum of the squared
    weights (biases are free).

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Units of each hidden layer.
    activation : str or sequence of str
        "relu", "tanh", "sigmoid" or "identity": one for all hidden layers, or one for each.
    solver : str or Solver
        "auto", "sgd", "adam", "adamw", "lbfgs", "newton-cg", "newton-cholesky", with sparse features also "lazy-adam"
        and "lbfgs-diagonal", or a value from :mod:`chainrule.training`. "auto" is AdamW with hidden layers (lazy Adam
        with sparse features); without, Newton's method: "newton-cholesky", which is exact, where rows and parameters
        are few, else "newton-cg" ("lbfgs-diagonal" with sparse features). ``outcome_.solver`` says which it was.
    alpha : float
        Strength of the penalty, >= 0. scikit-learn's LogisticRegression has ``C = 1 / (alpha n)`` for n rows of
        weight 1; with two classes, which keep a row of weights each here, its ``C = 2 / (alpha n)``.
    tol : float
        "newton-cg" and "lbfgs-diagonal" end when the objective is certainly at most this much above its minimum
        (``outcome_.gap``), "lbfgs" when the Euclidean norm of its gradient is at most this. "newton-cholesky" is exact
        whatever it is.
    max_epochs : int or "auto"
        The most epochs, or iterations of a full-batch solver.
    batch_size : int or "auto"
        The most rows of a minibatch.
    learning_rate : float, Schedule or "auto"
        Of a minibatch solver given by name. A number is the highest of the schedule.
    schedule : "auto", "constant", "cosine" or "one-cycle"
        How the learning rate of a minibatch solver given by name changes over the run. "auto" is a short warm-up
        followed by a cosine decay.
    weight_decay : float or "auto"
        Of solver "adamw", >= 0: what it takes off the weights in every step, apart from ``alpha``.
    dropout : float or sequence of float
        Share of the units of hidden layers that each minibatch leaves out, in [0, 1): one for all layers, or one for
        each. Prediction leaves nothing out.
    max_gradient_norm : float or None
        Longer gradients of minibatches are scaled to this Euclidean length; None: none is.
    early_stopping : bool or "auto"
        Whether to stop when the validation loss stops falling, and keep the best epoch. Validation rows are those of
        ``eval_set``, or else a stratified share of the training rows. "auto": with hidden layers and a minibatch
        solver, if there is an ``eval_set`` or if there are at least 500 rows.
    validation_fraction : float
        Share of the training rows held back to stop by, in (0, 1).
    patience : int
        Epochs without a lower validation loss after which to stop.
    class_weight : None, "balanced" or dict
        Weight of each class by label. "balanced" gives all classes the same total.
    label_smoothing : float
        In 0..1.
    calibrate : bool or "auto"
        Whether one temperature is fitted to the validation rows at the end; it divides the logits of predicted
        probabilities and is in ``outcome_.temperature``. "auto": with hidden layers, where early stopping holds rows
        back or is given an ``eval_set``.
    scaling : "auto", "none", "standard" or "robust"
        "robust": by median and interquartile range, clipped smoothly to -3..3; "standard": to mean 0 and standard
        deviation 1; both batch by batch inside the network. "auto": "robust" with hidden layers, else "none".
        Sparse features: "auto" is "none", and "standard" does not centre.
    warm_start : bool
        Whether ``fit`` begins at the weights and the scaling of the fit before, which had the same classes and layers.
    random_state : int, RandomState or None
        Where initial weights, order of rows and validation rows come from. An integer gives equal bits in every fit.
    callback : callable or None
        Called with a :class:`chainrule.training.Progress` after every epoch; returning True ends the fit.
    n_threads : int or None
        At most this many threads; None: as many as the process may use. Changes no bit.
    checkpoint : str, path or None
        A file that :meth:`fit` is written down in every ``checkpoint_every`` seconds, and goes on from if it is there,
        to the same bits as a fit without a break. It needs an integer for ``random_state``.
    log : str, path or None
        A file to which :meth:`fit` appends a JSON line after every epoch.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        The labels, sorted.
    network_ : Network
        The network.
    outcome_ : Outcome
        Why the fit ended, with advice, and its curves.
    coefs_, intercepts_ : list of ndarray
        Weights (in, out) and biases (out,) of each layer, for scaled features.
    coef_, intercept_ : ndarray, shapes (classes, features) and (classes,)
        Without hidden layers: of the logits, for features as they are passed. Two classes have two rows.
    loss_curve_ : list of float
        As ``outcome_.loss_curve``.
    n_iter_ : int
        Epochs, or iterations of a full-batch solver.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        By :meth:`fit`, if a parameter is outside its domain; the constructor checks nothing, as scikit-learn asks.

    Notes
    -----
    float32 features are computed in float32 (by full-batch solvers in float64, block by block), all others in
    float64. Rows of weight 0 are left out of the fit, as if they were not there.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = SoftmaxClassifier().fit(X, y)
    >>> classifier.outcome_.reason.name, classifier.coef_.shape
    ('CONVERGED', (3, 4))
    >>> round(classifier.score(X, y), 2)
    0.98
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str | Solver = "auto",
        alpha: float = 1e-4,
        tol: float = 1e-4,
        max_epochs: int | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: float | str | Schedule = "auto",
        schedule: str = "auto",
        weight_decay: float | str = "auto",
        dropout: float | Sequence[float] = 0.0,
        max_gradient_norm: float | None = None,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        patience: int = 20,
        class_weight: dict[Any, float] | str | None = None,
        label_smoothing: float = 0.0,
        calibrate: bool | str = "auto",
        scaling: str = "auto",
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        callback: Callback | None = None,
        n_threads: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: float = EVERY,
        log: str | os.PathLike[str] | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.tol = tol
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.max_gradient_norm = max_gradient_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.calibrate = calibrate
        self.scaling = scaling
        self.warm_start = warm_start
        self.random_state = random_state
        self.callback = callback
        self.n_threads = n_threads
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.log = log

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        eval_set: Any = None,
        *,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : array_like, data frame or scipy.sparse, shape (examples, features)
            Finite numbers. A sparse matrix or array of any format is never made dense.
        y : array_like, shape (examples,) or (examples, classes)
            Labels: numbers or strings, at least two classes. Or the probability of each class, in rows of sum 1.
        sample_weight : array_like or None, shape (examples,)
            A finite weight >= 0 for each row.
        eval_set : tuple or None
            (X, y) or (X, y, sample_weight): validation rows, which are never trained on. Their loss is in
            ``outcome_.validation_curve``; ``early_stopping`` says whether it decides.
        classes : array_like or None, shape (classes,)
            The labels of the columns, where y holds probabilities; None: 0, 1, ...

        Returns
        -------
        SoftmaxClassifier
            The fitted estimator itself. After Ctrl-C it holds the best parameters so far, and a warning says so.

        Raises
        ------
        ValueError, TypeError
            If data or a parameter cannot be used; chainrule's own errors are both its own and one of these.

        Warns
        -----
        ConvergenceWarning
            If a full-batch solver was cut off by ``max_epochs``, or found no lower point away from a minimum.
        ChainruleWarning
            If the fit diverged, never fell below where it began, learned nothing, or was interrupted; with what was
            measured of the cause.
        """
        before = dict(self.__dict__)
        try:
            features, targets = self._validated(X, y, reset=True)
            given = GivenRows(features, targets, sample_weight, classes)
            held_out = None if eval_set is None else self._eval_rows(eval_set)
            previous = self._fitted() if self.warm_start and hasattr(self, "network_") else None
            return self._accept(fitted_on(self._parameters(), given, held_out, previous), FIT)
        except ChainruleError as error:
            self.__dict__ = before
            raise type(error)(FIT, error.rule, error.came, error.remedy) from error
        except BaseException:
            self.__dict__ = before  # a fit that fails leaves the estimator as it was
            raise

    @available_if(_takes_portions)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Take one pass over a portion of the rows, and go on from there with the next call.

        Parameters
        ----------
        X : array_like, data frame or scipy.sparse, shape (examples, features)
            Finite numbers. The first portion decides how features are scaled.
        y : array_like, shape (examples,) or (examples, classes)
            Labels among ``classes``, or their probabilities, as for :meth:`fit`.
        classes : array_like or None, shape (classes,)
            Every label that will ever come; needed on the first call only.
        sample_weight : array_like or None, shape (examples,)
            A finite weight >= 0 for each row, relative to the mean weight of all rows so far.

        Returns
        -------
        SoftmaxClassifier
            The estimator itself. A pass that diverges leaves it as it was, and a warning says so.

        Raises
        ------
        ValueError, TypeError
            As :meth:`fit`; if ``classes`` are not given at first, or change; if the solver needs all rows at once,
            there is no such method.

        Warns
        -----
        ChainruleWarning
            If the pass diverged.

        Notes
        -----
        The learning rate is constant, 0.001 for Adam and AdamW and 0.01 for SGD if left at "auto", since no end is in
        sight. Nothing is held back, stopped early or calibrated. After :meth:`fit`, the fitted network goes on.
        """
        before = dict(self.__dict__)
        try:
            previous = self._fitted() if hasattr(self, "network_") else None
            features, targets = self._validated(X, y, reset=previous is None)
            given = GivenRows(features, targets, sample_weight, classes)
            fitted = fitted_on_portion(self._parameters(), given, previous)
        except ChainruleError as error:
            self.__dict__ = before
            raise type(error)(PARTIAL_FIT, error.rule, error.came, error.remedy) from error
        except BaseException:
            self.__dict__ = before
            raise
        if fitted.outcome.reason is StopReason.DIVERGED and previous is not None:
            _warn(fitted.outcome, PARTIAL_FIT)
            return self
        return self._accept(fitted, PARTIAL_FIT)

    def _validated(
        self, X: ArrayLike, y: ArrayLike, *, reset: bool, prefix: str = ""
    ) -> tuple[Features, Array]:
        """Return features, and labels or probabilities, as scikit-learn checks them."""
        require_memory(FIT, memory_of_conversion(X))
        several = holds_probabilities(y)
        with refusals_of(FIT, X, prefix):
            checks = {"dtype": _DTYPES, "multi_output": several, "accept_sparse": "csr"}
            features, targets = validated(self, X, y, reset=reset, **checks)
            if reset and not several:  # later labels are held to the classes, which says more
                check_classification_targets(targets)
        if is_sparse(features):
            features = sparse_features(FIT, f"{prefix}X", features)
        return features, targets

    def _eval_rows(self, eval_set: Any) -> GivenRows:
        X, y, sample_weight = eval_set_parts(eval_set)
        return GivenRows(*self._validated(X, y, reset=False, prefix="eval_set "), sample_weight)

    def _parameters(self) -> dict[str, Any]:
        """Return the parameters of the constructor, without looking for estimators among them."""
        kind: Any = type(self)
        return {name: getattr(self, name) for name in _parameter_names(kind)}

    def _fitted(self) -> Fitted:
        return Fitted(self.classes_, self.network_, self.outcome_, self._seed, self._stream)

    def _accept(self, fitted: Fitted, call: str) -> Self:
        """Take over what a fit has come to."""
        self.classes_, self.network_, self.outcome_ = fitted.classes, fitted.network, fitted.outcome
        self.loss_curve_, self.n_iter_ = list(fitted.outcome.loss_curve), fitted.outcome.epochs
        self._seed, self._stream = fitted.seed, fitted.stream
        _warn(fitted.outcome, call)
        return self

    def decision_function(self, X: ArrayLike) -> Array:
        """Return the logits, shape (examples, classes); with two classes their difference, shape (examples,)."""
        check_is_fitted(self)
        given = logit_differences if len(self.classes_) == 2 else Network.predict_logits
        return self._predicted(X, "decision_function", given)

    def predict(self, X: ArrayLike) -> Array:
        """Return the label of the largest logit for each row, shape (examples,)."""
        return np.asarray(self._predicted(X, "predict", lambda *rows: self.classes_[chosen_classes(*rows)]))

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each class in the order of ``classes_``, shape (examples, classes)."""
        return self._predicted(X, "predict_proba", Network.predict_proba)

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Return the logarithm of each class's probability, exact where the probability underflows."""
        return self._predicted(X, "predict_log_proba", log_probabilities)

    def _predicted(self, X: ArrayLike, method: str, predict: Any) -> Array:
        features = self._features(X, method)
        return by_blocks(self.network_, features, predict)

    def to_model(self) -> "Model":
        """Return the model that is saved: network, classes, settings and outcome, without an encoder."""
        from chainrule.estimators.model import Model

        check_is_fitted(self)
        classes = tuple(_plain_label(label) for label in self.classes_)
        return Model(
            encoder=None,
            network=self.network_,
            classes=classes,
            settings=self._settings(),
            outcome=self.outcome_,
        )

    @property
    def coefs_(self) -> list[Array]:
        """Weights of each layer, (in, out), for scaled features."""
        named = self.network_.named_parameters
        return [named[f"W{layer}"].T for layer in range(1, len(self.network_.layer_sizes))]

    @property
    def intercepts_(self) -> list[Array]:
        """Biases of each layer, (out,), for scaled features."""
        named = self.network_.named_parameters
        return [named[f"b{layer}"] for layer in range(1, len(self.network_.layer_sizes))]

    @property
    def coef_(self) -> Array:
        """Weights of the logits, (classes, features), without hidden layers."""
        weights = self._linear("coef_")["W1"]
        scaling: InputScaling | None = self.network_.input_scaling
        return weights if scaling is None else np.asarray(weights * scaling.scale).astype(weights.dtype)

    @property
    def intercept_(self) -> Array:
        """Biases of the logits, (classes,), without hidden layers."""
        biases = self._linear("intercept_")["b1"]
        scaling = self.network_.input_scaling
        if scaling is None:
            return biases
        weights = self.network_.named_parameters["W1"] * scaling.scale
        return np.asarray(biases - weights @ scaling.center).astype(biases.dtype)

    def _linear(self, name: str) -> dict[str, Array]:
        network: Network = self.network_
        if len(network.layer_sizes) > 2:
            raise AttributeError(
                f"{name} exists without hidden layers only; coefs_ and intercepts_ hold every layer"
            )
        if network.input_scaling is not None and network.input_scaling.limit is not None:
            raise AttributeError(
                f"{name} does not exist with scaling='robust', which clips features; coefs_ and intercepts_ do"
            )
        return network.named_parameters

    def _features(self, X: Any, method: str) -> Features:
        check_is_fitted(self)
        with refusals_of(call := f"SoftmaxClassifier.{method}", X):
            features = validate_data(self, X, reset=False, dtype=_DTYPES, accept_sparse="csr")
        return sparse_features(call, "X", features) if is_sparse(features) else np.asarray(features)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _settings(self) -> dict[str, Any]:
        """Return the parameters as plain values, with the seed that was drawn; none says how fast or who listens."""
        settings = {**self._parameters(), "random_state": self._seed}
        settings["hidden_layer_sizes"] = hidden_sizes(self.hidden_layer_sizes)
        return {name: plain(value) for name, value in settings.items() if name not in CHANGE_NOTHING}


@cache
def _parameter_names(kind: Any) -> tuple[str, ...]:
    """Return the names of the constructor's parameters; to find them takes as long as a small step of training."""
    return tuple(kind._get_param_names())


def _plain_label(label: Any) -> str | int | float | bool:
    value = plain(label)
    if isinstance(value, str | int | float | bool) and not isinstance(label, np.datetime64 | np.timedelta64):
        return value
    rule = "labels of a model that is saved are text, numbers, or true and false"
    came = f"{type(label).__name__} {label!r}"
    raise ArgumentTypeError("SoftmaxClassifier.to_model", rule, came, "Fit with the labels as text.")


def _warn(outcome: Outcome, call: str) -> None:
    if outcome.reason in (StopReason.MAX_EPOCHS, StopReason.STALLED):
        warnings.warn(f"{call}: {outcome.message}", ConvergenceWarning, stacklevel=4)
    elif outcome.diagnosis or outcome.reason in (
        StopReason.DIVERGED,
        StopReason.INTERRUPTED,
        StopReason.NOT_IMPROVED,
    ):
        warnings.warn(f"{call}: {outcome.message}", ChainruleWarning, stacklevel=4)
