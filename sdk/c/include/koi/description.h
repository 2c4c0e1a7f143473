/**
 * @file
 * What an extension is, provides and asks for, as tables. docs/describe.schema.json is the reference.
 *
 * Tables end with an entry `{0}`, lists of names are made by KOI_LIST. What is left out (0, NULL, false) is
 * left out of the description.
 */
#ifndef KOI_DESCRIPTION_H
#define KOI_DESCRIPTION_H

#include "json.h"

/** A list of C strings: `KOI_LIST("orn:glossary.term")`. */
#define KOI_LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/** A phase of the pipeline. */
typedef enum koi_phase {
    /** The RID is known. */
    KOI_PHASE_RID = 1,
    /** Timestamp and hash are known. */
    KOI_PHASE_MANIFEST,
    /** The contents are known. */
    KOI_PHASE_BUNDLE,
    /** The object is stored; who will be told can be changed. */
    KOI_PHASE_NETWORK,
    /** All is done. */
    KOI_PHASE_FINAL,
} koi_phase;

/** What happens to a piece of knowledge. Those that a handler is for are joined by `|`. */
typedef enum koi_event {
    /** None is known. */
    KOI_EVENT_NONE = 0,
    /** It came into being. */
    KOI_EVENT_NEW = 1,
    /** It changed. */
    KOI_EVENT_UPDATE = 2,
    /** It is gone. */
    KOI_EVENT_FORGET = 4,
} koi_event;

/** A RID type that the extension owns. */
typedef struct koi_rid_type {
    /** `orn:data.dataset`. */
    const char *rid_type;
    /** The schema of its contents, by its name in `schemas`. */
    const char *schema;
    /** A name for people. */
    const char *title;
    /** What its bundles are, for agents and people. */
    const char *description;
    /** The media type of its bundles as resources; `application/json` if left out. */
    const char *mime_type;
    /** koi_parse_reference is called for its references. */
    bool parses;
    /** JSON pointers into its contents that the node indexes; at most 8. */
    const char *const *indexes;
    /** References of its RIDs that can be, such as `sales/2026`, for those who check the extension. */
    const char *const *examples;
} koi_rid_type;

/** A schema of contents. */
typedef struct koi_schema {
    const char *name;
    /** JSON Schema 2020-12, such as KOI_JSON makes. */
    const char *schema;
    /** koi_validate is called for contents that satisfy it. */
    bool validates;
} koi_schema;

/** Two schemas, of which koi_transform makes the second of the first. */
typedef struct koi_transform_pair {
    const char *from;
    const char *to;
} koi_transform_pair;

/** Which knowledge objects koi_handle is called for. To have one is to ask to handle these RID types. */
typedef struct koi_handler {
    koi_phase phase;
    const char *const *rid_types;
    /** Such as `KOI_EVENT_NEW | KOI_EVENT_UPDATE`; all if left out. */
    unsigned events;
    /** The place among the handlers of a phase: smaller ones come first. */
    int32_t priority;
} koi_handler;

/** Work that nobody calls for, done by koi_run_job. It has either `every` or `cron`. */
typedef struct koi_job {
    const char *name;
    const char *title;
    const char *description;
    /** Seconds from one run to the next: 1 to 31622400. */
    uint32_t every;
    /** Five fields, in UTC: `0 4 * * MON`. */
    const char *cron;
    /** Each run begins at most so many seconds later, at random. */
    uint32_t jitter;
    /** What becomes of missed runs: `skip`, or `once` if left out. */
    const char *missed;
} koi_job;

/** A folder that the extension asks for. */
typedef struct koi_folder {
    /** Under which the extension sees it, absolute. */
    const char *path;
    /** It is to be changed, too. */
    bool write;
} koi_folder;

/** What the extension asks to be granted. RIDs are asked for by pattern: `orn:data.dataset:sales/` and a star. */
typedef struct koi_asks {
    const char *const *read;
    const char *const *publish;
    const char *const *forget;
    /** Beyond the RID types of `handlers`. */
    const char *const *handle;
    const char *const *secrets;
    /** `keyvalue`, `config`, `network`, `ask`, `schedule`. */
    const char *const *capabilities;
    /** `GET,POST:https://example.com`. */
    const char *const *http;
    const koi_folder *files;
    const char *const *environment;
} koi_asks;

/** A limit of a call, in the units of the node's table of limits. */
typedef struct koi_limit {
    const char *name;
    uint32_t value;
} koi_limit;

/** What an extension is, provides and asks for. */
typedef struct koi_description {
    /** Lower-case letters, digits and hyphens, a letter first. */
    const char *name;
    /** Semver. */
    const char *version;
    /** What it is for, in a sentence. */
    const char *description;
    const koi_rid_type *rid_types;
    const koi_schema *schemas;
    const koi_transform_pair *transforms;
    const koi_handler *handlers;
    /** RID types on whose bundles the lists of tools, resources and prompts depend. */
    const char *const *lists_depend_on;
    const koi_job *jobs;
    koi_asks asks;
    /** The settings that it reads, as the JSON Schema of an object. */
    const char *config_schema;
    /** `fresh` (if left out), `pooled` or `singleton`. */
    const char *mode;
    const koi_limit *limits;
} koi_description;

/** Defined by each extension. */
extern const koi_description koi_extension;

/** A description as the contract has it. `invalid-input` if one of its schemas is no JSON. */
koi_result koi_describe(const koi_description *description, const koi_json **document);

#endif
