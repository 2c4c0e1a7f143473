"""What a module's extension implements: `python -m koi_extension.inspect app` prints it as JSON, for
`koi-mcp build`."""

from __future__ import annotations

import importlib
import sys

from .exports import Exports
from .extension import Extension
from .jsontext import Json, dumps


def extension_of(module: str) -> Extension:
    """The extension that a module makes at its top level. `SystemExit` with one sentence if there is not one."""
    found = [
        value for value in vars(importlib.import_module(module)).values() if isinstance(value, Extension)
    ]
    if len({id(value) for value in found}) != 1:
        sys.exit(
            f"the module `{module}` has to make one Extension at its top level, such as "
            f"`extension = Extension(...)`; it makes {len(found)}"
        )
    return found[0]


def main() -> None:
    """Prints the interfaces and the description."""
    exports = Exports(extension_of(sys.argv[1]))
    print(dumps({"interfaces": exports.interfaces(), "description": Json(exports.describe())}))


if __name__ == "__main__":
    main()
