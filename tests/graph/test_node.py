import pytest

from mlpcli.engine import constant, matmul, parameter, placeholder, reduce_sum, where
from mlpcli.errors import GraphError, ShapeError
from mlpcli.graph.check import check
from mlpcli.graph.node import Node, topological
from mlpcli.graph.show import as_dot, as_text


def test_nodes_are_immutable():
    node = parameter("w", (2,))
    with pytest.raises(AttributeError, match="immutable"):
        node.name = "v"


def test_a_mismatch_names_both_operands_and_the_op():
    x, w = placeholder("x", (None, 3)), parameter("w", (2, 4))
    with pytest.raises(ShapeError, match=r"matmul(.|\n)*'x' \(batch, 3\) and parameter 'w' \(2, 4\)"):
        matmul(x, w, transpose_a=False, transpose_b=False)
    with pytest.raises(ShapeError, match=r"add(.|\n)*'a'(.|\n)*'b'"):
        parameter("a", (2,)) + parameter("b", (3,))


def test_the_batch_axis_fits_itself_and_one_only():
    x = placeholder("x", (None, 3))
    assert (x + placeholder("y", (None, 3))).shape == (None, 3)
    assert (x + parameter("b", (3,))).shape == (None, 3)
    with pytest.raises(ShapeError):
        x + parameter("c", (5, 3))
    with pytest.raises(ShapeError, match="batch"):
        placeholder("x", (3, None))


def test_numbers_take_the_dtype_of_the_node_beside_them():
    x = placeholder("x", (None, 3), "float32")
    assert (2.0 * x).dtype == "float32"
    assert (constant(2.0) * x).dtype == "float32"
    with pytest.raises(GraphError, match="precision"):
        x + placeholder("y", (None, 3), "float64")


def test_a_node_has_no_truth_value():
    with pytest.raises(GraphError, match="where"):
        bool(parameter("w", ()))


def test_where_wants_a_comparison():
    w = parameter("w", (2,))
    with pytest.raises(ShapeError, match="greater"):
        where(w, w, w)


def test_topological_order_is_deep_safe_and_has_each_node_once():
    node = parameter("w", ())
    for _ in range(5000):
        node = node + node
    order = topological([node])
    assert len(order) == len(set(order)) == 5001


def test_the_verifier_names_the_pass_that_broke_a_node():
    x = parameter("x", (2, 3))
    broken = Node(reduce_sum(x).op, (x,), (7,), "float64", reduce_sum(x).attributes)
    with pytest.raises(GraphError, match=r"graph after some_pass(.|\n)*\(7,\)"):
        check([broken], after="some_pass")
    with pytest.raises(GraphError, match="two sources"):
        check([parameter("w", ()) + parameter("w", ())], after="some_pass")


def test_show_has_a_line_per_node_and_dot_an_edge_per_input():
    x, w = placeholder("x", (None, 2)), parameter('w"1', (2, 1))
    cost = reduce_sum(x @ w)
    text, dot = as_text({"cost": cost}), as_dot({"cost": cost})
    assert len(text.splitlines()) == 4
    assert "(batch, 2)  # x" in text
    assert dot.count("->") == 3 + 1
    assert 'w\\"1' in dot


def test_a_number_beside_constants_alone_takes_their_precision():
    x = constant(2.0, "float32")
    assert (x - 1.0).dtype == ((1.0 - x) * 3.0).dtype == "float32"
    assert (x * constant(1.0)).dtype == "float32"
    assert (placeholder("y", (2,)) * x).dtype == "float64"
