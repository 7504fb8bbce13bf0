"""The scikit-learn classifier: multinomial logistic regression and multilayer perceptrons."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError, ChainruleError, ChainruleWarning
from chainrule.estimators.fit_choices import (
    CALL,
    flag_or_auto,
    hidden_sizes,
    scales,
    seed_of,
    solver_of,
    stops_by_itself,
)
from chainrule.estimators.fit_rows import (
    TrainingRows,
    class_weights,
    eval_set_parts,
    hold_back,
    known_rows,
    labelled_rows,
)
from chainrule.estimators.standardisation import standardisation
from chainrule.functions import log_softmax
from chainrule.network import Network
from chainrule.training import (
    EVERY,
    Callback,
    Checkpoint,
    Examples,
    Outcome,
    Schedule,
    Solver,
    StopReason,
    check_checkpoint,
    check_count,
    digest_of,
    plain,
    train,
)

if TYPE_CHECKING:
    from chainrule.estimators.model import Model

_NOT_OF_THE_MODEL = ("callback", "n_threads", "checkpoint", "checkpoint_every", "log")
"""Parameters that change no bit of a fit."""
_PREDICTION_ROWS = 8192
"""Rows that are predicted at a time, so that the hidden layers of all rows are never held at once."""


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
        "auto", "sgd", "adam", "adamw", "lbfgs", "newton-cholesky", or a value from :mod:`chainrule.training`. "auto"
        is AdamW with hidden layers, and an exact Newton method or L-BFGS without.
    alpha : float
        Strength of the penalty, >= 0. scikit-learn's LogisticRegression has ``C = 1 / (alpha n)`` for n rows of
        weight 1; with two classes, which keep a row of weights each here, its ``C = 2 / (alpha n)``.
    tol : float
        "lbfgs" ends when the Euclidean norm of the objective's gradient is at most this.
    max_epochs : int or "auto"
        The most epochs, or iterations of a full-batch solver.
    batch_size : int or "auto"
        The most rows of a minibatch.
    learning_rate : float, Schedule or "auto"
        Of a minibatch solver given by name. A number is the peak of a warm-up followed by a cosine decay.
    early_stopping : bool or "auto"
        Whether to stop when the validation loss stops falling, and keep the best epoch. Validation rows are those of
        ``eval_set``, or else a stratified share of the training rows. "auto": with hidden layers and a minibatch
        solver, if there is an ``eval_set`` or if there are at least 1,000 rows.
    validation_fraction : float
        Share of the training rows held back to stop by, in (0, 1).
    patience : int
        Epochs without a lower validation loss after which to stop.
    class_weight : None, "balanced" or dict
        Weight of each class by label. "balanced" gives all classes the same total.
    label_smoothing : float
        In 0..1.
    scaling : "auto", "none" or "standard"
        "standard" gives features mean 0 and standard deviation 1, batch by batch inside the network. "auto":
        "standard" with hidden layers, else "none".
    random_state : int, RandomState or None
        Where initial weights, order of rows and validation rows come from. An integer gives equal bits in every fit.
    callback : callable or None
        Called with a :class:`chainrule.training.Progress` after every epoch; returning True ends the fit.
    n_threads : int or None
        At most this many threads; None: as many as the process may use. Changes no bit.
    checkpoint : str, path or None
        A file the fit is written down in every ``checkpoint_every`` seconds, and goes on from if it is there, to the
        same bits as a fit without a break. It needs an integer for ``random_state``.
    log : str, path or None
        A file to append a JSON line to after every epoch.

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
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        patience: int = 20,
        class_weight: dict[Any, float] | str | None = None,
        label_smoothing: float = 0.0,
        scaling: str = "auto",
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
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.scaling = scaling
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
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : array_like or data frame, shape (examples, features)
            Finite numbers.
        y : array_like, shape (examples,)
            Labels: numbers or strings, at least two classes.
        sample_weight : array_like or None, shape (examples,)
            A finite weight >= 0 for each row.
        eval_set : tuple or None
            (X, y) or (X, y, sample_weight): validation rows, which are never trained on. Their loss is in
            ``outcome_.validation_curve``; ``early_stopping`` says whether it decides.

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
            If the fit diverged, never fell below where it began, or was interrupted.
        """
        before = dict(self.__dict__)
        try:
            features, labels = validate_data(self, X, y, dtype=[np.float64, np.float32])
            return self._fit(features, labels, sample_weight, eval_set)
        except ChainruleError as error:
            self.__dict__ = before
            raise type(error)(CALL, error.rule, error.came, error.remedy) from error
        except BaseException:
            self.__dict__ = before  # a fit that fails leaves the estimator as it was
            raise

    def _fit(self, X: Array, y: Array, sample_weight: ArrayLike | None, eval_set: Any) -> Self:
        check_classification_targets(y)
        classes, rows = labelled_rows(X, y, sample_weight)
        hidden = hidden_sizes(self.hidden_layer_sizes)
        seed = seed_of(self.random_state)
        network = Network(
            (X.shape[1], *hidden, len(classes)), self.activation, random_state=seed, dtype=X.dtype
        )
        solver = solver_of(self.solver, self.learning_rate, network, len(rows))
        validation = None if eval_set is None else self._validation_rows(eval_set, classes)
        automatic = stops_by_itself(network, solver, len(rows), validation is not None)
        stops = flag_or_auto("early_stopping", self.early_stopping, automatic)
        class_weight = class_weights(self.class_weight, classes, rows)
        if stops and validation is None:
            rows, validation = hold_back(rows, self.validation_fraction, seed)
        if scales(self.scaling, network):
            network.input_scaling = standardisation(rows.X, rows.sample_weight)
        patience = check_count(CALL, "patience", self.patience, "Pass a number of epochs.")
        prepared = TrainingRows(rows, validation, class_weight, seed)
        outcome = self._train(network, prepared, solver, patience if stops else None, classes)
        self.classes_, self.network_, self.outcome_ = classes, network, outcome
        self.loss_curve_, self.n_iter_, self._seed = list(outcome.loss_curve), outcome.epochs, seed
        _warn(outcome)
        return self

    def _validation_rows(self, eval_set: Any, classes: Array) -> Examples:
        X, y, sample_weight = eval_set_parts(eval_set)
        X, y = validate_data(self, X, y, reset=False, dtype=[np.float64, np.float32])
        return known_rows(X, y, sample_weight, classes)

    def decision_function(self, X: ArrayLike) -> Array:
        """Return the logits, shape (examples, classes); with two classes their difference, shape (examples,)."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict(self, X: ArrayLike) -> Array:
        """Return the label of the largest logit for each row, shape (examples,)."""
        chosen = self._logits(X).argmax(axis=1)
        return np.asarray(self.classes_[chosen])

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each class in the order of ``classes_``, shape (examples, classes)."""
        features = self._features(X)
        return _by_blocks(self.network_.predict_proba, features, self.network_)

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Return the logarithm of each class's probability, exact where the probability underflows."""
        logits = self._logits(X)
        return np.asarray(log_softmax(logits / self.network_.temperature))

    def to_model(self) -> "Model":
        """Return the model that is saved: network, classes, settings and outcome, without an encoder."""
        from chainrule.estimators.model import Model

        check_is_fitted(self)
        classes = tuple(_plain_label(label) for label in self.classes_)
        return Model(
            encoder=None,
            network=self.network_,
            classes=classes,
            settings=self._settings(self._seed),
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
        scaling = self.network_.input_scaling
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
        return network.named_parameters

    def _features(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, reset=False, dtype=[np.float64, np.float32]))

    def _logits(self, X: ArrayLike) -> Array:
        features = self._features(X)
        return _by_blocks(self.network_.predict_logits, features, self.network_)

    def _train(
        self, network: Network, rows: TrainingRows, solver: Solver, patience: int | None, classes: Array
    ) -> Outcome:
        training = rows.training
        return train(
            network,
            training.X,
            training.y,
            solver=solver,
            sample_weight=training.sample_weight,
            class_weight=rows.class_weight,
            label_smoothing=self.label_smoothing,
            alpha=self.alpha,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            tol=self.tol,
            validation=rows.validation_arrays,
            patience=patience,
            callback=self.callback,
            random_state=rows.seed,
            n_threads=self.n_threads,
            checkpoint=self._checkpoint(rows.seed, classes),
            log=self.log,
        )

    def _checkpoint(self, seed: int, classes: Array) -> Checkpoint | None:
        checkpoint = check_checkpoint(CALL, self.checkpoint, self.checkpoint_every)
        if checkpoint is None:
            return None
        if not isinstance(self.random_state, int | np.integer):
            came = f"random_state={self.random_state!r}"
            remedy = "Pass a seed such as 0: a fit that is resumed needs the same one."
            raise ArgumentError(CALL, "checkpoint goes with an integer random_state", came, remedy)
        labels = digest_of(np.array([repr(label) for label in classes.tolist()]))
        return replace(checkpoint, settings={**self._settings(seed), "classes": labels})

    def _settings(self, seed: int) -> dict[str, Any]:
        """Return the parameters as plain values, with the seed that was drawn; none says how fast or who listens."""
        settings = {**self.get_params(deep=False), "random_state": seed}
        settings["hidden_layer_sizes"] = hidden_sizes(self.hidden_layer_sizes)
        return {name: plain(value) for name, value in settings.items() if name not in _NOT_OF_THE_MODEL}


def _plain_label(label: Any) -> str | int | float | bool:
    value = plain(label)
    if isinstance(value, str | int | float | bool) and not isinstance(label, np.datetime64 | np.timedelta64):
        return value
    rule = "labels of a model that is saved are text, numbers, or true and false"
    came = f"{type(label).__name__} {label!r}"
    raise ArgumentTypeError("SoftmaxClassifier.to_model", rule, came, "Fit with the labels as text.")


def _by_blocks(predict: Any, features: Array, network: Network) -> Array:
    results = np.empty((len(features), network.n_outputs), network.dtype)
    for first in range(0, len(features), _PREDICTION_ROWS):
        block = slice(first, first + _PREDICTION_ROWS)
        results[block] = predict(features[block])
    return results


def _warn(outcome: Outcome) -> None:
    if outcome.reason in (StopReason.MAX_EPOCHS, StopReason.STALLED):
        warnings.warn(f"{CALL}: {outcome.message}", ConvergenceWarning, stacklevel=4)
    elif outcome.reason in (StopReason.DIVERGED, StopReason.INTERRUPTED, StopReason.NOT_IMPROVED):
        warnings.warn(f"{CALL}: {outcome.message}", ChainruleWarning, stacklevel=4)
