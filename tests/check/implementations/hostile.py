"""Functions that misbehave."""

import os
import sys
import time

import numpy as np


def raises(logits, targets):
    raise ValueError("not today")


def loops(logits, targets):
    while True:
        pass


def sleeps(logits, targets):
    time.sleep(3600)


def exits(logits, targets):
    sys.exit(3)


def interrupts(logits, targets):
    raise KeyboardInterrupt


def ends_the_process(logits, targets):
    os._exit(7)


def returns_nothing(logits, targets):
    print("computing " * 1000)


def returns_text(logits, targets):
    return "0.5"


def returns_the_wrong_shape(logits, targets):
    return np.zeros((2, 2, 2, 2, 2))


def prints_much(logits, targets):
    print("x" * 10_000_000)
    z = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return -z[np.arange(len(z)), targets].mean()


def catches_everything(logits, targets):
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            continue


def eats_memory(logits, targets):
    kept = []
    while True:
        kept.append(np.ones(50_000_000))


def draws_at_random(logits, targets):
    return float(np.random.default_rng().normal())


def wants_more(logits, targets, schedule):
    return schedule(logits)


def returns_not_a_number(logits, targets):
    return float("nan")
