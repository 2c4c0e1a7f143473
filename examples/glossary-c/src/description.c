/* What the glossary is, provides and asks for. */
#include "glossary.h"

#define V1                                                                                                      \
    KOI_JSON({                                                                                                  \
        "type": "object",                                                                                       \
        "properties": {                                                                                         \
            "term": {"type": "string", "minLength": 1, "maxLength": 200},                                       \
            "meaning": {"type": "string", "minLength": 1, "maxLength": 2000}                                    \
        },                                                                                                      \
        "required": ["term", "meaning"]                                                                         \
    })

#define V2                                                                                                      \
    KOI_JSON({                                                                                                  \
        "type": "object",                                                                                       \
        "properties": {                                                                                         \
            "term": {"type": "string", "minLength": 1, "maxLength": 200},                                       \
            "meanings": {                                                                                       \
                "type": "array",                                                                                \
                "items": {"type": "string", "minLength": 1, "maxLength": 2000},                                 \
                "minItems": 1,                                                                                  \
                "maxItems": 32                                                                                  \
            },                                                                                                  \
            "tags": {                                                                                           \
                "type": "array",                                                                                \
                "items": {"type": "string", "minLength": 1, "maxLength": 200},                                  \
                "maxItems": 32                                                                                  \
            }                                                                                                   \
        },                                                                                                      \
        "required": ["term", "meanings"]                                                                        \
    })

const koi_description koi_extension = {
    .name = "glossary",
    .version = "1.0.0",
    .description = "Terms and what they mean, shared over the network.",
    .rid_types = (const koi_rid_type[]){
        {
            .rid_type = TERM,
            .schema = "glossary.term",
            .title = "Term",
            .description = "A term of a vocabulary and its meanings.",
            .parses = true,
        },
        {0},
    },
    .schemas = (const koi_schema[]){
        {.name = "glossary.term", .schema = "{\"anyOf\":[" V1 "," V2 "]}", .validates = true},
        {.name = TERM_V1, .schema = V1},
        {.name = TERM_V2, .schema = V2, .validates = true},
        {0},
    },
    .transforms = (const koi_transform_pair[]){{TERM_V1, TERM_V2}, {0}},
    .handlers = (const koi_handler[]){
        {.phase = KOI_PHASE_RID, .rid_types = KOI_LIST(TERM)},
        {.phase = KOI_PHASE_BUNDLE, .rid_types = KOI_LIST(TERM), .events = KOI_EVENT_NEW | KOI_EVENT_UPDATE},
        {.phase = KOI_PHASE_NETWORK, .rid_types = KOI_LIST(TERM)},
        {0},
    },
    .jobs = (const koi_job[]){
        {
            .name = "tidy",
            .title = "Tidy up",
            .description = "Forgets counts of terms that are gone.",
            .every = 3600,
        },
        {0},
    },
    .asks = {
        .read = KOI_LIST(TERM),
        .publish = KOI_LIST(TERM),
        .forget = KOI_LIST(TERM),
        .capabilities = KOI_LIST("keyvalue", "ask"),
        .http = KOI_LIST("GET:http://*:*", "GET:https://*:*"),
    },
};
