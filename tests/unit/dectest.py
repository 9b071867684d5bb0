"""Reads decTest files, the public test suite of decimal arithmetic: https://speleotrove.com/decimal/dectest.html"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|\S+")
DIRECTIVE = re.compile(r"(\w+)\s*:\s*(\S+)")


@dataclass(frozen=True)
class Case:
    """One line `id operation operand... -> result condition...` and the directives above it."""

    id: str
    operation: str
    operands: tuple[str, ...]
    result: str
    conditions: frozenset[str]
    directives: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.id}: {self.operation} {' '.join(self.operands)} -> {self.result}"


def read_cases(text: str) -> Iterator[Case]:
    directives: dict[str, str] = {}
    for line in text.splitlines():
        tokens = _tokens(line)
        if "->" in tokens:
            yield _case(tokens, directives)
        elif directive := DIRECTIVE.fullmatch(" ".join(tokens)):
            directives = directives | {directive[1].lower(): directive[2].lower()}
        elif tokens:
            raise ValueError(f"neither a case nor a directive: {line}")


def _tokens(line: str) -> list[str]:
    tokens = []
    for token in TOKEN.findall(line):
        if token.startswith("--"):  # a comment; a quoted operand starts with its quote
            break
        tokens.append(token)
    return tokens


def _case(tokens: list[str], directives: Mapping[str, str]) -> Case:
    arrow = tokens.index("->")
    name, operation, *operands = (_unquoted(token) for token in tokens[:arrow])
    result, *conditions = (_unquoted(token) for token in tokens[arrow + 1 :])
    return Case(
        id=name,
        operation=operation.lower(),
        operands=tuple(operands),
        result=result,
        conditions=frozenset(condition.lower() for condition in conditions),
        directives=directives,
    )


def _unquoted(token: str) -> str:
    return token[1:-1] if token[0] in "'\"" else token
