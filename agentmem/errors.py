"""Every exception that agentmem raises, and what a caller can do about it.

AgentmemError
├── UserError                  a mistake in what was given; mend it and call again (exit code 2)
│   ├── InputError             text, file or argument that cannot be used
│   ├── WorkflowError          a workflow file that does not say what it must
│   ├── ConfigurationError     settings that contradict each other or the store
│   │   └── EmbeddingMismatch  the store was filled by another embedding model
│   ├── NotFound               no node, run, bank or file of that name
│   └── MissingExtra           an optional package is not installed
├── StoreError                 the store could not do its work
│   ├── ConflictError          another writer was faster; read again, decide again
│   ├── StoreUnavailable       locked, unreachable, read-only or full; nothing was written
│   ├── IncompleteBank         a copy into the bank was broken off; the hint is the command that finishes it
│   ├── StoreCorrupt           the file or the journal chain is damaged
│   └── SchemaVersionError     the store was written by a newer agentmem
├── ModelError                 a model could not do its work
│   ├── ModelUnavailable       out of reach, overloaded, too slow, or it turned the request down
│   ├── ModelRefused           the model declined to answer
│   └── ModelAnswerInvalid     what it answered is not what was asked for: not of the schema, cut short or empty
├── ToolError                  a tool refused its arguments or failed
└── BudgetExceeded             a run reached a limit that its owner set
"""

from __future__ import annotations

from typing import Literal


class AgentmemError(Exception):
    """The root of all exceptions of this package.

    Attributes:
        message: What is wrong, in one sentence.
        where: The file, line, key or identifier concerned; empty if there is none.
        hint: How to mend it; empty if nothing is known to help.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}{advice}"

    @property
    def kind(self) -> str:
        """The name of the exception as JSON output shows it."""
        return type(self).__name__


class UserError(AgentmemError):
    """A mistake in what was given. The command line shows it without a traceback and exits with 2."""


class InputError(UserError):
    """Text, a file or an argument that cannot be used."""


class WorkflowError(UserError):
    """A workflow file that does not say what it must; `where` holds file, line and key."""


class ConfigurationError(UserError):
    """Settings that contradict each other or the store."""


class EmbeddingMismatch(ConfigurationError):
    """The store was filled by another embedding model than the one that was asked for."""


class NotFound(UserError):
    """No node, run, bank or file of the given name."""


class MissingExtra(UserError):
    """An optional package is not installed; `hint` holds the install command."""


class StoreError(AgentmemError):
    """The store could not do its work. Whatever was being committed was not written."""


class ConflictError(StoreError):
    """Another writer changed what a decision rested on. Read again and decide again."""


class StoreUnavailable(StoreError):
    """The store is locked, unreachable, read-only or out of space."""


class IncompleteBank(StoreError):
    """A migration or an import into the bank was broken off or is not done; `hint` holds the command that ends it."""


class StoreCorrupt(StoreError):
    """The file is damaged, or the journal's chain of hashes is broken."""


class SchemaVersionError(StoreError):
    """The store was written by a newer version of agentmem than this one."""


class ModelError(AgentmemError):
    """A model could not do its work; `where` holds its name. What had been stored before stays stored."""


class ModelUnavailable(ModelError):
    """The model is out of reach, overloaded or too slow, or its server turned the request down.

    Attributes:
        status: The HTTP status of the last attempt; None if there was no response.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "", status: int | None = None) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


class ModelRefused(ModelError):
    """The model declined to answer, or its provider's filter withheld the answer. Asking again seldom helps."""


class ModelAnswerInvalid(ModelError):
    """The model answered, but not what was asked for, and a repair did not help or could not.

    Attributes:
        reason: `invalid` (not of the schema), `truncated` (the limit of tokens cut it off) or `empty`.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        reason: Literal["invalid", "truncated", "empty"] = "invalid",
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.reason = reason


class ToolError(AgentmemError):
    """A tool refused its arguments or failed. The step that called it fails; the run goes on to verify it."""


class BudgetExceeded(AgentmemError):
    """A run reached a limit that its owner set: tokens, money, seconds or steps."""
