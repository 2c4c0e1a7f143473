"""Whoever caused this call, what can be said to them meanwhile and what they can be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from .errors import Error
from .host import host
from .jsontext import Json, dumps
from .members import Named
from .schema import schema_or_type

T = TypeVar("T")


@dataclass(frozen=True)
class Caller:
    """Whoever caused this call."""

    kind: str
    """`tool`, `resource`, `prompt`, `completion`, `handler`, `job` or `lifecycle`."""
    principal: Any = None
    """Who is behind it, where that is known."""
    correlation_id: Annotated[str | None, Named("correlation-id")] = None
    """What this call is called in the operator's log."""
    answers: list[str] = field(default_factory=list)
    """The methods that questions can have in this call, such as `elicitation/create`."""


class Severity(StrEnum):
    """Severities of RFC 5424."""

    DEBUG = "debug"
    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"
    ALERT = "alert"
    EMERGENCY = "emergency"


class Action(StrEnum):
    """What a person did with a form."""

    ACCEPT = "accept"
    """They filled it in."""
    DECLINE = "decline"
    """They said no."""
    CANCEL = "cancel"
    """They went away without an answer."""


@dataclass(frozen=True)
class Filled(Generic[T]):
    """A form that a person was shown."""

    action: Action
    """What they did with it."""
    content: T | None
    """What they filled in, if they accepted; else None."""


def who() -> Caller:
    """Whoever caused this call."""
    return Json(host().who()).to(Caller)


def progress(progress: float, total: float | None = None, message: str | None = None) -> None:
    """Tells how far the call is: so much of a total, and what is being done. Dropped if the caller did not ask
    to hear it."""
    host().progress(progress, total, message)


def log(severity: Severity, data: object) -> None:
    """A message, any value with a JSON form, to the caller's log. Dropped if the caller did not ask to hear
    it. The operator's log is `koi_extension.log`."""
    host().log_to_caller(severity.value, str(Json.of(data)))


class Questions:
    """Questions that are asked together, each under a key of 1 to 64 letters, digits, `_`, `-` and `.`.

        answers = Questions().form("who", "What is your name?", Name).ask()
        filled = answers.form("who", Name)
    """

    def __init__(self) -> None:
        self._questions: dict[str, dict[str, Any]] = {}

    def form(self, key: str, message: str, form: Any) -> Questions:
        """A form for a person to fill in: the fields of a flat dataclass, or a JSON Schema in the subset that
        MCP has for forms."""
        params = {"message": message, "requestedSchema": schema_or_type(form)}
        return self.question(key, "elicitation/create", params)

    def sample(self, key: str, params: dict[str, Any]) -> Questions:
        """Something for the client's model to say, with the parameters of MCP's `sampling/createMessage`:
        `messages`, `maxTokens` and so on."""
        return self.question(key, "sampling/createMessage", params)

    def roots(self, key: str) -> Questions:
        """The folders that the client works in."""
        return self.question(key, "roots/list")

    def question(self, key: str, method: str, params: dict[str, Any] | None = None) -> Questions:
        """A request as MCP has it, for what there is no method of its own here."""
        question: dict[str, Any] = {"method": method}
        if params is not None:
            question["params"] = params
        self._questions[key] = question
        return self

    def ask(self) -> Answers:
        """Asks them all and waits for the answers, which may take minutes. Needs the capability `ask`:
        `denied` without it, `permanent` where the caller cannot be asked (see `Caller.answers`)."""
        return Answers(Json(host().ask(dumps(self._questions))).value())


class Answers:
    """The answers, under the keys of their questions."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def answer(self, key: str) -> Json:
        """An answer in the form that MCP has it; `permanent` if nothing was asked under this key."""
        if key not in self._answers:
            raise Error.permanent(f"there is no answer to a question `{key}`")
        return Json.of(self._answers[key])

    def form(self, key: str, form: type[T]) -> Filled[T]:
        """What a person did with a form; `invalid-input` if the answer has another form, `permanent` if nothing
        was asked under this key."""
        answer = self.answer(key).value()
        try:
            action = Action(answer["action"])
        except (KeyError, TypeError, ValueError):
            raise Error.invalid_input(f"the answer to `{key}` has no action that is known") from None
        content = Json.of(answer.get("content")).to(form) if action is Action.ACCEPT else None
        return Filled(action, content)

    def sampled_text(self, key: str) -> str:
        """The text that the client's model said; `invalid-input` if it said none."""
        answer = self.answer(key).value()
        content = answer.get("content") if isinstance(answer, dict) else None
        blocks = content if isinstance(content, list) else [content]
        texts = [block.get("text") for block in blocks if isinstance(block, dict)]
        found = [text for text in texts if isinstance(text, str)]
        if not found:
            raise Error.invalid_input(f"the answer to `{key}` has no text")
        return "".join(found)


def ask(key: str, message: str, form: type[T], schema: dict[str, Any] | None = None) -> Filled[T]:
    """Asks a person to fill in one form, the fields of a flat dataclass, and waits. `schema` takes the place of
    the dataclass's own. Fails as `Questions.ask`."""
    return Questions().form(key, message, schema or form).ask().form(key, form)
