"""Conditions: which are offered, where each is met, and which is the weakest."""

from chainrule.check.claim_conditions import Judged, closed_list, holds, weakest
from chainrule.derive import Relation, context_of, random_point

CLASS = frozenset({1})


def test_only_what_the_context_leaves_open_is_offered():
    offered = [str(each) for each in closed_list(context_of(targets="any"), {}, {})]
    assert offered == ["sum(Y) = 1", "one-hot", "K = 2"]
    assert [str(each) for each in closed_list(context_of(targets=[1, 0]), {}, {})] == []
    options = {"temperature": "T", "label_smoothing": "eps", "reduction": "sum", "classes": 3}
    assert [str(each) for each in closed_list(context_of(**options), {}, {})] == ["N = 1", "T = 1", "eps = 0"]


def test_letters_stand_in_alphabetical_order_and_c_and_numbers_last():
    letters = {"k": CLASS, "i": CLASS}
    offered = [str(each) for each in closed_list(context_of(classes=3), letters, {1: frozenset({2})})]
    assert [each for each in offered if "!=" not in each] == [
        "i = k",
        "i = c",
        "k = c",
        "i = 2",
        "k = 2",
        "c = 2",
    ]


def test_the_weakest_condition_is_the_one_that_allows_most():
    point = random_point(context_of(targets="any"), 0, classes=3)
    one_hot = random_point(context_of(), 0, classes=3)
    soft = random_point(context_of(targets="soft"), 0, classes=3)
    judged = [Judged(point, {}, False), Judged(soft, {}, True), Judged(one_hot, {}, True)]
    assert weakest(["one-hot", "sum(Y) = 1"], judged) == "sum(Y) = 1"
    assert weakest(["one-hot", "sum(Y) = 1"], [judged[0], Judged(soft, {}, False), judged[2]]) == "one-hot"
    assert weakest(["one-hot"], [judged[0]]) is None


def test_a_relation_is_met_where_the_indices_are_equal():
    point = random_point(context_of(), 0, classes=3)
    (true,) = point.classes_of
    assert holds(Relation("k", "c", True), point, {"k": true})
    assert holds(Relation("j", "k", False), point, {"j": 1, "k": 2})
    assert not holds(Relation("c", true, False), point, {})
