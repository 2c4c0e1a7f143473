"""An extension: what it provides, registered by decorators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from . import members
from .content import Annotations, Icon
from .description import Asks, Handler, Job, Limit, Missed, Mode, RidType
from .handlers import EventType, KnowledgeObject, Outcome, Phase
from .health import Health
from .listed import Completed, JobRun, Prompt, PromptMessages, Resource, ResourceTemplate, TaskSupport, Tool
from .references import Reference
from .schema import schema_or_type
from .sources import PromptSource, ResourceSource, ToolSource

F = TypeVar("F", bound=Callable[..., Any])
HandlerFunction = TypeVar("HandlerFunction", bound=Callable[[KnowledgeObject], Outcome])
JobFunction = TypeVar("JobFunction", bound=Callable[[JobRun], object])
PromptFunction = TypeVar("PromptFunction", bound=Callable[..., PromptMessages | str])
CompletionFunction = TypeVar(
    "CompletionFunction", bound=Callable[[str, dict[str, str]], Completed | Sequence[str]]
)


class Extension:
    """What an extension is, provides and asks for.

        extension = Extension("glossary", "1.0.0", asks=Asks(read=[TERM], publish=[TERM]))

        @extension.tool(read_only=True)
        def look_up(term: Annotated[str, "The term"]) -> Term:
            '''Tells what a term means'''
            ...

    The module that makes it is run while the component is built and by unit tests: nothing that it does at
    its top level may need the node. What it imports is in the component; a function that is called by the
    host can import nothing more. A registration that cannot be is a `ValueError` or a `TypeError`.
    """

    def __init__(
        self,
        name: str,
        version: str,
        *,
        description: str | None = None,
        asks: Asks = Asks(),
        config: Any = None,
        mode: Mode | None = None,
        limits: dict[Limit, int] | None = None,
        lists_depend_on: Sequence[str] = (),
    ) -> None:
        """An extension with a name (lower-case letters, digits and hyphens, a letter first) and a version
        (semver).

        - `description`: what it is for, in a sentence.
        - `asks`: what it asks to be granted.
        - `config`: the settings that it reads, as a dataclass or a JSON Schema.
        - `mode`: how long its instances live, if the operator allows it; else each call has a fresh one.
        - `limits`: its own limits of a call. A lower one than the operator's is in force, a higher one is a
          request.
        - `lists_depend_on`: RID types on whose bundles the lists of its sources depend.
        """
        self.name = name
        self.version = version
        self.description = description
        self.asks = asks
        self.config = config
        self.mode = mode
        self.limits = limits
        self.lists_depend_on = lists_depend_on
        self._rid_types: list[RidType] = []
        self._references: dict[str, type[Reference]] = {}
        self._schemas: dict[str, Any] = {}
        self._validators: dict[str, Callable[..., None]] = {}
        self._transforms: dict[tuple[str, str], Callable[..., object]] = {}
        self._handlers: list[tuple[Handler, Callable[[KnowledgeObject], Outcome]]] = []
        self._tools: list[tuple[Tool, Any, Callable[..., object]]] = []
        self._resources: list[tuple[Resource, Callable[[], object]]] = []
        self._templates: list[tuple[ResourceTemplate, Callable[..., object]]] = []
        self._prompts: list[tuple[Prompt, Callable[..., PromptMessages | str]]] = []
        self._completions: dict[tuple[str, str, str], Callable[..., Completed | Sequence[str]]] = {}
        self._jobs: list[tuple[Job, Callable[[JobRun], object]]] = []
        self._tool_sources: list[ToolSource] = []
        self._resource_sources: list[ResourceSource] = []
        self._prompt_sources: list[PromptSource] = []
        self._start: Callable[[], None] | None = None
        self._stop: Callable[[], None] | None = None
        self._health: Callable[[], Health] | None = None
        self._save: Callable[[], bytes] | None = None
        self._load: Callable[[bytes], None] | None = None

    def rid_type(
        self,
        rid_type: str | type[Reference],
        *,
        schema: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        indexes: Sequence[str] | None = None,
        examples: Sequence[str] | None = None,
    ) -> None:
        """A RID type that the extension owns: its name, or the `Reference` by which its references are
        parsed.

        - `schema`: the name of the schema of its contents; the host refuses others.
        - `title`, `description`: what its bundles are, for agents and people.
        - `mime_type`: under which they are resources; `application/json` if it is not set.
        - `indexes`: JSON pointers into its contents by which queries are fast and can be ordered; eight at
          the most.
        - `examples`: references, for `koi-mcp check`.
        """
        name = rid_type if isinstance(rid_type, str) else rid_type.rid_type
        if not isinstance(rid_type, str):
            self._references[name] = rid_type
        parses = name in self._references
        self._rid_types.append(
            RidType(name, schema, title, description, mime_type, parses, indexes, examples)
        )

    def schema(self, name: str, form: Any) -> None:
        """A schema of contents under a name (letters, digits, `.`, `_`, `:`, `/`, `-`): a dataclass or another
        type that has a JSON form, or a JSON Schema 2020-12."""
        _once(name, self._schemas, "schema")
        self._schemas[name] = form

    def validate(self, schema: str) -> Callable[[F], F]:
        """Checks contents that already satisfy the JSON Schema of this name. The function takes them as the
        type of its parameter (`Json` for the text) and raises `invalid-input` if something is wrong."""
        _once(schema, self._validators, "validator of the schema")
        return _put(self._validators, schema)

    def transform(self, origin: str, to: str) -> Callable[[F], F]:
        """Turns contents of one schema into contents of another. The function takes them as the type of its
        parameter (`Json` for the text) and answers with a value that has a JSON form. It raises
        `invalid-input` if these contents have none in the other schema."""
        _once((origin, to), self._transforms, "transform")
        return _put(self._transforms, (origin, to))

    def handler(
        self,
        phase: Phase,
        rid_types: Sequence[str],
        *,
        event_types: Sequence[EventType] | None = None,
        priority: int = 0,
    ) -> Callable[[HandlerFunction], HandlerFunction]:
        """Handles knowledge objects of RID types in a phase, and asks to be allowed to. Objects may come again
        after a failure or a crash: the same object twice has to lead to the same knowledge.

        - `event_types`: only objects of these; without this, all.
        - `priority`: the place among the handlers of a phase, smaller ones first.
        """
        handler = Handler(phase, list(rid_types), event_types and list(event_types), priority)
        for known, _ in self._handlers:
            if _meet(known, handler):
                raise ValueError(f"there are two handlers of the {phase} phase for the same objects")
        return _append(self._handlers, handler)

    def tool(
        self,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        read_only: bool | None = None,
        destructive: bool | None = None,
        idempotent: bool | None = None,
        open_world: bool | None = None,
        input: Any = None,
        output: Any = None,
        examples: Sequence[dict[str, Any]] | None = None,
        task: TaskSupport | None = None,
        icons: Sequence[Icon] | None = None,
        meta: dict[str, Any] | None = None,
    ) -> Callable[[F], F]:
        """A tool. Its arguments are the parameters of the function, described by `Annotated[T, "…"]`; one
        with a default may be left out. Its result is a value that has a JSON form, a text, a `Content` or a
        `ToolResult`; the annotation of the result, if it is an object, is the output schema.

        - `name`, `description`: those of the function and its docstring if they are not set.
        - `read_only`, `destructive`, `idempotent`, `open_world`: what clients may believe of it.
        - `input`, `output`: a JSON Schema (or a type) in place of the derived one.
        - `examples`: arguments with which `koi-mcp check` tries it.
        - `task`: whether a call may become a task; without this, none does.
        - `meta`: what some clients understand, under names with a prefix (`example.com/colour`).
        """
        hints = {
            "readOnlyHint": read_only,
            "destructiveHint": destructive,
            "idempotentHint": idempotent,
            "openWorldHint": open_world,
        }
        annotations = {hint: value for hint, value in hints.items() if value is not None} or None
        execution = {"taskSupport": task.value} if task else None
        if examples is not None:
            meta = {**(meta or {}), "koi-mcp/examples": [{"arguments": example} for example in examples]}

        def register(function: F) -> F:
            named = name or function.__name__
            _once(named, [tool.name for tool, *_ in self._tools], "tool")
            tool = Tool(
                named,
                title,
                description or members.documentation(function) or "",
                annotations=annotations,
                execution=execution,
                icons=icons,
                meta=meta,
                **({} if input is None else {"input_schema": schema_or_type(input)}),
            )
            self._tools.append((tool, output, function))
            return function

        return register

    def resource(
        self,
        uri: str,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        annotations: Annotations | None = None,
        size: int | None = None,
        icons: Sequence[Icon] | None = None,
    ) -> Callable[[F], F]:
        """A resource at a URI. The function takes nothing and answers with text, bytes, a value that has a
        JSON form, or `ResourceContents`. `name` and `description` are those of the function and its docstring
        if they are not set."""

        def register(function: F) -> F:
            _once(uri, [resource.uri for resource, _ in self._resources], "resource")
            about = description or members.documentation(function)
            resource = Resource(
                uri, name or function.__name__, title, about, mime_type, annotations, size, icons
            )
            self._resources.append((resource, function))
            return function

        return register

    def resource_template(
        self,
        uri_template: str,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        annotations: Annotations | None = None,
        icons: Sequence[Icon] | None = None,
    ) -> Callable[[F], F]:
        """Resources at the URIs of a template with variables `{name}`. The function takes their values, by
        name, and answers as that of a resource does."""

        def register(function: F) -> F:
            about = description or members.documentation(function)
            template = ResourceTemplate(
                uri_template, name or function.__name__, title, about, mime_type, annotations, icons
            )
            self._templates.append((template, function))
            return function

        return register

    def prompt(
        self,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[Icon] | None = None,
    ) -> Callable[[PromptFunction], PromptFunction]:
        """A prompt. Its arguments are the parameters of the function, which are texts, described by
        `Annotated[str, "…"]`; one with a default may be left out. A text that it answers with is one message
        of the person."""

        def register(function: PromptFunction) -> PromptFunction:
            named = name or function.__name__
            _once(named, [prompt.name for prompt, _ in self._prompts], "prompt")
            about = description or members.documentation(function) or ""
            self._prompts.append((Prompt(named, title, about, None, icons), function))
            return function

        return register

    def complete_prompt(
        self, prompt: str, argument: str
    ) -> Callable[[CompletionFunction], CompletionFunction]:
        """Completes what a person types as an argument of a prompt. The function takes what was typed so far
        and the values that were given already, by name."""
        return _put(self._completions, ("prompt", prompt, argument))

    def complete_template(
        self, uri_template: str, variable: str
    ) -> Callable[[CompletionFunction], CompletionFunction]:
        """Completes a variable of a resource template, as `complete_prompt` does an argument."""
        return _put(self._completions, ("resource-template", uri_template, variable))

    def job(
        self,
        *,
        every: int | None = None,
        cron: str | None = None,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        jitter: int = 0,
        missed: Missed = Missed.ONCE,
    ) -> Callable[[JobFunction], JobFunction]:
        """A job that is due `every` so many seconds, or when a `cron` expression of five fields says, in UTC.
        The function answers with an object for the operator. A `transient` error is tried again, any other
        is the end of the run.

        - `jitter`: each run begins at most so many seconds later, at random.
        - `missed`: what becomes of runs for which the node was not there.
        """
        if (every is None) == (cron is None):
            raise ValueError("a job has either `every` or `cron`")

        def register(function: JobFunction) -> JobFunction:
            named = name or function.__name__
            _once(named, [job.name for job, _ in self._jobs], "job")
            about = description or members.documentation(function)
            self._jobs.append((Job(named, title, about, every, cron, jitter, missed), function))
            return function

        return register

    def tools_from(self, source: ToolSource) -> None:
        """Tools that are known only while the extension runs."""
        self._tool_sources.append(source)

    def resources_from(self, source: ResourceSource) -> None:
        """Resources that are known only while the extension runs."""
        self._resource_sources.append(source)

    def prompts_from(self, source: PromptSource) -> None:
        """Prompts that are known only while the extension runs."""
        self._prompt_sources.append(source)

    def start(self, function: Callable[[], None]) -> Callable[[], None]:
        """Called when a revision is activated, with the grants in force. An error keeps it from being
        activated. Unless the extension is a singleton, nothing that it leaves in memory is there later."""
        self._start = function
        return function

    def stop(self, function: Callable[[], None]) -> Callable[[], None]:
        """Called once when a revision that was started is deactivated."""
        self._stop = function
        return function

    def health(self, function: Callable[[], Health]) -> Callable[[], Health]:
        """How the extension is doing; `ok` without this. An error counts as failing."""
        self._health = function
        return function

    def save(self, function: Callable[[], bytes]) -> Callable[[], bytes]:
        """All that `load` needs, of a singleton. Called between calls. An error leaves what was saved
        before."""
        self._save = function
        return function

    def load(self, function: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """Takes up what `save` gave, of this or an earlier revision, in a new instance before any other
        call. An error fails the call for which the instance was made."""
        self._load = function
        return function


def _once(name: Any, known: Any, what: str) -> None:
    if name in known:
        raise ValueError(f"there are two of the {what} `{name}`")


def _put(known: dict[Any, Any], key: Any) -> Callable[[F], F]:
    def register(function: F) -> F:
        known[key] = function
        return function

    return register


def _append(known: list[Any], entry: Any) -> Callable[[F], F]:
    def register(function: F) -> F:
        known.append((entry, function))
        return function

    return register


def _meet(one: Handler, other: Handler) -> bool:
    """Whether two handlers may be called for the same object: the host does not say which one it means."""
    events = one.event_types is None or other.event_types is None
    return (
        one.phase == other.phase
        and not set(one.rid_types).isdisjoint(other.rid_types)
        and (events or not set(one.event_types or ()).isdisjoint(other.event_types or ()))
    )
