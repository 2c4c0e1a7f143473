/* The glossary as tools. A tool that fails in the middle leaves what it has published until then. */
#include "tools.h"

#define VOCABULARY_AND_TERM                                                                                     \
    KOI_JSON({                                                                                                  \
        "type": "object",                                                                                       \
        "properties": {                                                                                         \
            "vocabulary": {"description": "Its vocabulary", "type": "string"},                                  \
            "term": {"description": "The term", "type": "string"}                                               \
        },                                                                                                      \
        "required": ["vocabulary", "term"]                                                                      \
    })

#define IMPORTED                                                                                                \
    KOI_JSON({"type": "object", "properties": {"imported": {"type": "integer"}}, "required": ["imported"]})

const koi_tool koi_tools[] = {
    {
        .name = "name_of_term",
        .description = "Tells under which name a term is kept",
        .input = KOI_JSON({
            "type": "object",
            "properties": {"term": {"description": "The term", "type": "string"}},
            "required": ["term"]
        }),
        .output = KOI_JSON({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}),
        .hints = KOI_READ_ONLY,
        .call = name_of_term,
    },
    {
        .name = "define_term",
        .description = "Says what a term means, for everybody on the network",
        .input = KOI_JSON({
            "type": "object",
            "properties": {
                "vocabulary": {"description": "Its vocabulary", "type": "string"},
                "term": {"description": "The term", "type": "string"},
                "meanings": {
                    "description": "What it means",
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                    "maxItems": 32
                },
                "tags": {"description": "Tags", "type": "array", "items": {"type": "string"}}
            },
            "required": ["vocabulary", "term", "meanings"]
        }),
        .output = KOI_JSON({
            "type": "object",
            "properties": {"rid": {"type": "string"}, "new": {"type": "boolean"}},
            "required": ["rid", "new"]
        }),
        .call = define_term,
    },
    {
        .name = "look_up_term",
        .description = "Tells what a term means",
        .input = VOCABULARY_AND_TERM,
        .output = KOI_JSON({
            "type": "object",
            "properties": {
                "term": {"type": "string"},
                "meanings": {"type": "array", "items": {"type": "string"}},
                "tags": {"type": "array", "items": {"type": "string"}}
            },
            "required": ["term", "meanings", "tags"]
        }),
        .hints = KOI_READ_ONLY,
        .call = look_up_term,
    },
    {
        .name = "import_terms",
        .description = "Defines many terms",
        .input = KOI_JSON({
            "type": "object",
            "properties": {
                "vocabulary": {"description": "Its vocabulary", "type": "string"},
                "terms": {
                    "description": "What to define",
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "term": {"description": "The term", "type": "string"},
                            "meaning": {"description": "What it means", "type": "string"}
                        },
                        "required": ["term", "meaning"]
                    },
                    "minItems": 1,
                    "maxItems": 100
                }
            },
            "required": ["vocabulary", "terms"]
        }),
        .output = IMPORTED,
        .call = import_terms,
    },
    {
        .name = "import_from",
        .description = "Defines the terms that a server lists",
        .input = KOI_JSON({
            "type": "object",
            "properties": {
                "vocabulary": {"description": "Its vocabulary", "type": "string"},
                "url": {
                    "description": "Where the list is: JSON, an array of term and meaning",
                    "type": "string"
                }
            },
            "required": ["vocabulary", "url"]
        }),
        .output = IMPORTED,
        .hints = KOI_OPEN_WORLD,
        .call = import_from,
    },
    {
        .name = "retire_term",
        .description = "Forgets a term, after asking",
        .input = VOCABULARY_AND_TERM,
        .output = KOI_JSON({
            "type": "object",
            "properties": {"retired": {"type": "boolean"}},
            "required": ["retired"]
        }),
        .hints = KOI_DESTRUCTIVE,
        .call = retire_term,
    },
    {
        .name = "popular_terms",
        .description = "Lists the terms that were looked up most",
        .input = KOI_JSON({
            "type": "object",
            "properties": {
                "vocabulary": {"description": "Its vocabulary", "type": "string"},
                "limit": {
                    "description": "At most so many",
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 100
                }
            },
            "required": ["vocabulary"]
        }),
        .output = KOI_JSON({
            "type": "object",
            "properties": {
                "terms": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
                        "required": ["name", "count"]
                    }
                }
            },
            "required": ["terms"]
        }),
        .hints = KOI_READ_ONLY,
        .call = popular_terms,
    },
    {0},
};
