"""Write an extension for koi-mcp in Python: a domain, with its RID types, schemas, knowledge handlers and MCP
tools, resources and prompts, as a WebAssembly component.

    from typing import Annotated

    from koi_extension import Extension

    extension = Extension("echo", "0.1.0")


    @extension.tool(read_only=True)
    def echo(text: Annotated[str, "What to say"]) -> str:
        '''Says it again'''
        return text

What the host offers is in the modules `knowledge`, `network`, `caller`, `config`, `keyvalue`, `http`, `secrets` and
`log`; granted folders and environment variables are those of the standard library. Every failure is an `Error`
whose kind decides what the host does next. Unit tests run on the author's machine, without a host: see `testing`.
"""

import sys

if sys.version_info < (3, 11):
    raise ImportError("koi_extension needs Python 3.11 or newer")

from .bundle import Bundle, Publication
from .content import Annotations, Content, Icon, ResourceContents, Role, Theme
from .description import Asks, Capability, Folder, Limit, Missed, Mode
from .errors import Error, ErrorKind
from .extension import Extension
from .handlers import EventType, KnowledgeObject, Outcome, Phase, Replace, Stop, Unchanged
from .health import Health, Status
from .jsontext import Json
from .listed import (
    Completed,
    JobRun,
    Prompt,
    PromptArgument,
    PromptMessage,
    PromptMessages,
    Resource,
    ResourceTemplate,
    TaskSupport,
    Tool,
    ToolResult,
)
from .members import Keywords, Named
from .references import Reference
from .rid import Rid
from .schema import schema_of
from .sources import PromptSource, ResourceSource, ToolSource

__all__ = [
    "Annotations",
    "Asks",
    "Bundle",
    "Capability",
    "Completed",
    "Content",
    "Error",
    "ErrorKind",
    "EventType",
    "Extension",
    "Folder",
    "Health",
    "Icon",
    "JobRun",
    "Json",
    "Keywords",
    "KnowledgeObject",
    "Limit",
    "Missed",
    "Mode",
    "Named",
    "Outcome",
    "Phase",
    "Prompt",
    "PromptArgument",
    "PromptMessage",
    "PromptMessages",
    "PromptSource",
    "Publication",
    "Reference",
    "Replace",
    "Resource",
    "ResourceContents",
    "ResourceSource",
    "ResourceTemplate",
    "Rid",
    "Role",
    "Status",
    "Stop",
    "TaskSupport",
    "Theme",
    "Tool",
    "ToolResult",
    "ToolSource",
    "Unchanged",
    "schema_of",
]
