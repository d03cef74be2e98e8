"""Expressions of stream maps, compiled to functions with the results of the SDK's evaluator.

A function returns the evaluator's value, or it raises an exception. After an exception, the SDK's
evaluator evaluates the expression, so that all errors are its own.
"""

from __future__ import annotations

import ast
import threading
import typing as t

import simpleeval  # type: ignore[import-untyped]

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Names = Mapping[str, t.Any]
    Function = Callable[[Names], t.Any]

#: Methods that change their object. A second evaluation would change the object once more.
MUTATING_METHODS = frozenset(
    {"append", "extend", "insert", "remove", "reverse", "sort"}
    | {"clear", "pop", "popitem", "setdefault", "update"}
)
_COLLECTIONS: dict[type, Callable[..., t.Any]] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}


class CompiledEvaluator(threading.local):
    """Evaluates the expressions of one stream map, in place of the SDK's evaluator.

    Attributes:
        names: Values by name, for the next expression. Each thread has its own values.
    """

    def __init__(
        self,
        evaluator_class: type[simpleeval.SimpleEval],
        functions: Mapping[str, Callable[..., t.Any]],
    ) -> None:
        """Prepare the evaluation in one thread.

        Args:
            evaluator_class: The class of the SDK's evaluator.
            functions: Functions by name.
        """
        self.names: Names = {}
        self._evaluator = evaluator_class(functions={**functions})
        self._functions: dict[str, Function | None] = {}

    def eval(self, expression: str, previously_parsed: ast.AST) -> t.Any:
        """Return the value of an expression.

        Raises:
            Exception: The SDK's evaluator raises it.
        """
        if expression not in self._functions:
            self._functions[expression] = self._compile(previously_parsed)
        function = self._functions[expression]
        if function is not None:
            try:
                return function(self.names)
            except Exception:  # noqa: BLE001, S110 - the SDK's evaluator raises its own
                pass
        self._evaluator.names = self.names
        return self._evaluator.eval(expression, previously_parsed=previously_parsed)

    def _compile(self, node: ast.AST) -> Function | None:
        """Return the function of an expression, or None if it cannot be compiled."""
        try:
            return _Compiler(self._evaluator).compile(node)
        except (UncompiledError, KeyError, RecursionError):
            return None


class UncompiledError(Exception):
    """An expression, or a value in it, that only the SDK's evaluator handles."""


class _Compiler:
    """Compiles the nodes of an expression. Each method is one method of the SDK's evaluator."""

    def __init__(self, evaluator: simpleeval.SimpleEval) -> None:
        self._operators: dict[type, Callable[..., t.Any]] = evaluator.operators
        self._functions: dict[str, Callable[..., t.Any]] = evaluator.functions

    def compile(self, node: ast.AST) -> Function:
        """Return the function of a node.

        Raises:
            UncompiledError: Only the SDK's evaluator handles the node.
        """
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise UncompiledError(node)
        function: Function = method(node)
        return function

    def _compile_all(self, nodes: Sequence[ast.AST]) -> list[Function]:
        return [self.compile(node) for node in nodes]

    def _operator(self, node: ast.AST) -> Callable[..., t.Any]:
        return self._operators[type(node)]

    def _expr(self, node: ast.Expr) -> Function:
        return self.compile(node.value)

    def _constant(self, node: ast.Constant) -> Function:
        value = node.value
        if isinstance(value, (str, bytes)) and len(value) > simpleeval.MAX_STRING_LENGTH:
            raise UncompiledError(node)
        return lambda _: value

    def _name(self, node: ast.Name) -> Function:
        name, functions = node.id, self._functions

        def look_up(names: Names) -> t.Any:
            try:
                return names[name]
            except KeyError:
                return functions[name]

        return look_up

    def _unaryop(self, node: ast.UnaryOp) -> Function:
        operator, operand = self._operator(node.op), self.compile(node.operand)
        return lambda names: operator(operand(names))

    def _binop(self, node: ast.BinOp) -> Function:
        operator = self._operator(node.op)
        left, right = self._compile_all((node.left, node.right))
        return lambda names: operator(left(names), right(names))

    def _boolop(self, node: ast.BoolOp) -> Function:
        operands, is_or = self._compile_all(node.values), isinstance(node.op, ast.Or)

        def evaluate(names: Names) -> t.Any:
            value = False
            for operand in operands:
                value = operand(names)
                if bool(value) is is_or:
                    break
            return value

        return evaluate

    def _compare(self, node: ast.Compare) -> Function:
        first, *others = self._compile_all((node.left, *node.comparators))
        steps = list(zip(map(self._operator, node.ops), others, strict=True))

        def evaluate(names: Names) -> t.Any:
            right, result = first(names), True
            for operator, operand in steps:
                left, right = right, operand(names)
                result = operator(left, right)
                if not result:
                    break
            return result

        return evaluate

    def _ifexp(self, node: ast.IfExp) -> Function:
        test, body, orelse = self._compile_all((node.test, node.body, node.orelse))
        return lambda names: body(names) if test(names) else orelse(names)

    def _subscript(self, node: ast.Subscript) -> Function:
        container, key = self._compile_all((node.value, node.slice))
        return lambda names: container(names)[key(names)]

    def _slice(self, node: ast.Slice) -> Function:
        bounds = [
            self.compile(bound or ast.Constant(None))
            for bound in (node.lower, node.upper, node.step)
        ]
        return lambda names: slice(*(bound(names) for bound in bounds))

    def _attribute(self, node: ast.Attribute) -> Function:
        owner, name = self.compile(node.value), node.attr
        excluded = {*simpleeval.DISALLOW_METHODS, *MUTATING_METHODS}
        if name in excluded or name.startswith(tuple(simpleeval.DISALLOW_PREFIXES)):
            raise UncompiledError(node)

        def evaluate(names: Names) -> t.Any:
            value: t.Any = owner(names)
            if not isinstance(value, (str, dict, list)):
                raise UncompiledError(value)
            try:
                return getattr(value, name)
            except AttributeError:
                return t.cast("t.Any", value)[name]

        return evaluate

    def _call(self, node: ast.Call) -> Function:
        arguments = self._compile_all(node.args)
        if node.keywords:
            raise UncompiledError(node)
        if isinstance(node.func, ast.Attribute):
            method = self.compile(node.func)
            return lambda names: method(names)(*[argument(names) for argument in arguments])
        function = self._functions.get(getattr(node.func, "id", ""))
        if function is None:
            raise UncompiledError(node)
        return lambda names: function(*[argument(names) for argument in arguments])

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> Function:
        collection, items = _COLLECTIONS[type(node)], self._compile_all(node.elts)
        return lambda names: collection([item(names) for item in items])

    _tuple = _set = _list

    def _dict(self, node: ast.Dict) -> Function:
        pairs = [
            (self.compile(key), self.compile(value))
            for key, value in zip(node.keys, node.values, strict=True)
            if key is not None
        ]
        if len(pairs) < len(node.keys):
            raise UncompiledError(node)
        return lambda names: {key(names): value(names) for key, value in pairs}
