"""What goes wrong with an expression."""

from __future__ import annotations

from agentmem.errors import WorkflowError


class ExpressionError(WorkflowError):
    """An expression that cannot be read, names what is not there, or failed.

    Attributes:
        expression: The whole text of the expression.
    """

    def __init__(self, message: str, *, expression: str, hint: str = "") -> None:
        shown = expression if len(expression) <= 120 else expression[:117] + "..."
        said = f"{message.rstrip('.')}: {shown}{'.' if hint else ''}"
        super().__init__(said.encode(errors="backslashreplace").decode(), hint=hint)  # a checkpoint takes UTF-8 only
        self.expression = expression


class Failed(Exception):
    """Why an expression gave no value; it becomes an ExpressionError where the whole scope is known."""

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.unknown = unknown
        """Whether a name was not found, so that what is in scope is worth telling."""
