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
    from collections.abc import Callable, Sequence

    from singer_sdk.mapper import CustomStreamMap

    from tap_tiktok_ads.extract.pages import Record

    Function = Callable[[Record], t.Any]

#: Methods that change their object. A second evaluation would change the object once more.
MUTATING_METHODS = frozenset(
    {"append", "extend", "insert", "remove", "reverse", "sort"}
    | {"clear", "pop", "popitem", "setdefault", "update"}
)
_COLLECTIONS: dict[type, Callable[..., t.Any]] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}


class CompiledExpressions:
    """Evaluates the expressions of one stream map, in place of the SDK's method. Thread-safe."""

    def __init__(self, stream_map: CustomStreamMap) -> None:
        """Prepare.

        Args:
            stream_map: The SDK's stream map.
        """
        self._stream_map = stream_map
        self._evaluate = stream_map._eval  # noqa: SLF001 - the SDK's own method
        self._lock = threading.Lock()  # the SDK's evaluator keeps the names of one expression
        self._functions: dict[tuple[str, str | None], Function] = {}

    def evaluate(
        self, expr: str, expr_parsed: ast.Expr, record: Record, property_name: str | None
    ) -> t.Any:
        """Return the value of an expression for a record.

        Raises:
            Exception: The SDK's evaluator raises it.
        """
        key = expr, property_name
        try:
            function = self._functions.get(key) or self._compile(key, expr_parsed)
            return function(record)
        except Exception:  # noqa: BLE001 - the SDK's evaluator returns a value or raises its own
            with self._lock:
                return self._evaluate(expr, expr_parsed, record, property_name)

    def _compile(self, key: tuple[str, str | None], node: ast.Expr) -> Function:
        """Return the function of an expression. It raises if the expression is not compiled."""
        try:
            function = _Compiler(self._stream_map, key[1]).compile(node)
        except Exception:  # noqa: BLE001 - an unknown node or operator, or a RecursionError
            function = _raise_uncompiled
        return self._functions.setdefault(key, function)


class UncompiledError(Exception):
    """An expression, or a value in it, that only the SDK's evaluator handles."""


def _raise_uncompiled(record: Record) -> t.Any:
    """Raise `UncompiledError`."""
    raise UncompiledError(record)


class _Compiler:
    """Compiles the nodes of an expression. Each method is one method of the SDK's evaluator."""

    def __init__(self, stream_map: CustomStreamMap, property_name: str | None) -> None:
        """Prepare.

        Args:
            stream_map: The SDK's stream map.
            property_name: The column that is mapped, or None in a filter.
        """
        evaluator = stream_map.expr_evaluator
        self._property_name = property_name
        self._operators: dict[type, Callable[..., t.Any]] = evaluator.operators
        self._functions: dict[str, Callable[..., t.Any]] = evaluator.functions
        self._constants = {
            "config": stream_map.map_config,
            "__stream_name__": stream_map.stream_alias,
            "__original_stream_name__": stream_map.stream_name,
        }

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
        name, functions, property_name = node.id, self._functions, self._property_name
        if name == "fake":
            raise UncompiledError(node)
        if name in {"record", "_"}:
            return lambda record: record
        if name in self._constants:
            value = self._constants[name]
            return lambda _: value
        if name == "self":
            return lambda record: record[property_name if property_name in record else name]

        def look_up(record: Record) -> t.Any:
            try:
                return record[name]
            except KeyError:
                return functions[name]

        return look_up

    def _unaryop(self, node: ast.UnaryOp) -> Function:
        operator, operand = self._operator(node.op), self.compile(node.operand)
        return lambda record: operator(operand(record))

    def _binop(self, node: ast.BinOp) -> Function:
        operator = self._operator(node.op)
        first, second = self._compile_all((node.left, node.right))
        return lambda record: operator(first(record), second(record))

    def _boolop(self, node: ast.BoolOp) -> Function:
        operands, is_or = self._compile_all(node.values), isinstance(node.op, ast.Or)

        def evaluate(record: Record) -> t.Any:
            value = False
            for operand in operands:
                value = operand(record)
                if bool(value) is is_or:
                    break
            return value

        return evaluate

    def _compare(self, node: ast.Compare) -> Function:
        first, *operands = self._compile_all((node.left, *node.comparators))
        steps = list(zip(map(self._operator, node.ops), operands, strict=True))

        def evaluate(record: Record) -> t.Any:
            value, result = first(record), True
            for operator, operand in steps:
                previous_value, value = value, operand(record)
                result = operator(previous_value, value)
                if not result:
                    break
            return result

        return evaluate

    def _ifexp(self, node: ast.IfExp) -> Function:
        test, body, orelse = self._compile_all((node.test, node.body, node.orelse))
        return lambda record: body(record) if test(record) else orelse(record)

    def _subscript(self, node: ast.Subscript) -> Function:
        container, key = self._compile_all((node.value, node.slice))
        return lambda record: container(record)[key(record)]

    def _slice(self, node: ast.Slice) -> Function:
        bounds = [
            self.compile(bound or ast.Constant(None))
            for bound in (node.lower, node.upper, node.step)
        ]
        return lambda record: slice(*(bound(record) for bound in bounds))

    def _attribute(self, node: ast.Attribute) -> Function:
        owner, name = self.compile(node.value), node.attr
        excluded = {*simpleeval.DISALLOW_METHODS, *MUTATING_METHODS}
        if name in excluded or name.startswith(tuple(simpleeval.DISALLOW_PREFIXES)):
            raise UncompiledError(node)

        def evaluate(record: Record) -> t.Any:
            value: t.Any = owner(record)
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
            return lambda record: method(record)(*[argument(record) for argument in arguments])
        function = self._functions.get(getattr(node.func, "id", ""))
        if function is None:
            raise UncompiledError(node)
        return lambda record: function(*[argument(record) for argument in arguments])

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> Function:
        collection, items = _COLLECTIONS[type(node)], self._compile_all(node.elts)
        return lambda record: collection([item(record) for item in items])

    _tuple = _set = _list

    def _dict(self, node: ast.Dict) -> Function:
        pairs = [
            (self.compile(key), self.compile(value))
            for key, value in zip(node.keys, node.values, strict=True)
            if key is not None
        ]
        if len(pairs) < len(node.keys):
            raise UncompiledError(node)
        return lambda record: {key(record): value(record) for key, value in pairs}
