"""The glossary's part in the pipeline: what becomes of a term on its way."""

from typing import Any

from koi_extension import Error, KnowledgeObject, Outcome, Replace, Stop, Unchanged

from names import TermReference, name_of


def stays_here(knowledge: KnowledgeObject) -> Outcome:
    if TermReference.of(knowledge.rid).vocabulary == "private":
        return Stop("the vocabulary `private` stays where it is")
    return Unchanged()


def tidied(knowledge: KnowledgeObject) -> Outcome:
    contents: dict[str, Any] = knowledge.known_contents().value()
    term = contents.get("term")
    if not isinstance(term, str):
        raise Error.invalid_input(f"{knowledge.rid} has no term")
    if name_of(term) != TermReference.of(knowledge.rid).name:
        raise Error.permanent(f"{knowledge.rid} names another term than `{term}`")
    trimmed = {
        name: _trimmed(value) if name in ("meaning", "meanings") else value for name, value in contents.items()
    }
    return Unchanged() if trimmed == contents else Replace(contents=trimmed)


def kept_back(knowledge: KnowledgeObject) -> Outcome:
    contents = {} if knowledge.contents is None else knowledge.contents.value()
    draft = _texts(contents.get("meanings")) and "draft" in _texts(contents.get("tags"))
    return Replace(network_targets=[]) if draft else Unchanged()


def _texts(value: Any) -> list[str]:
    """What is an array of texts; nothing if it is none."""
    texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return value if texts else []


def _trimmed(value: Any) -> Any:
    """A meaning, or several, without spaces around. What is none of either version stays as it is."""
    if isinstance(value, str):
        return value.strip(" ")
    return [_trimmed(item) for item in value] if isinstance(value, list) else value
