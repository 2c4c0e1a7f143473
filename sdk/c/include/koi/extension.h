/**
 * @file
 * What an extension may define beyond `koi_extension`. What is defined decides which interfaces the component
 * exports: `koi_tools` or `koi_call_tool` makes it export `tools`, `koi_handle` makes it export `handlers`.
 *
 * Answers are given through pointers to what was made empty before. Only one call goes on at a time.
 */
#ifndef KOI_EXTENSION_H
#define KOI_EXTENSION_H

#include "description.h"
#include "host.h"

/* Lifecycle: each has a default that does nothing. */

/** Called when a revision is activated, and again each time the node starts. A failure keeps it from being so. */
koi_result koi_start(void);

/** Called once when a revision that was started is deactivated. */
void koi_stop(void);

/** The extension's own condition. */
typedef struct koi_condition {
    /** `ok` (if left out), `degraded` or `failing`. */
    const char *status;
    /** Why. */
    koi_text message;
} koi_condition;

/** Tells the extension's own condition. */
koi_result koi_health(koi_condition *condition);

/* References: define both. */

/** A reference that was understood. */
typedef struct koi_reference {
    /** As koi_print_reference prints its parts. If it is not what was parsed, the object is refused. */
    koi_text canonical;
    /** The parts: an empty object, to be filled. */
    koi_json *parts;
} koi_reference;

/** Takes the part of a RID after its type apart; `invalid-input` if it is malformed. */
koi_result koi_parse_reference(koi_text rid_type, koi_text reference, koi_reference *parsed);

/** The canonical reference of the parts; `invalid-input` if one is missing or malformed. */
koi_result koi_print_reference(koi_text rid_type, const koi_json *parts, koi_text *reference);

/* Schemas: define one or both. */

/** Checks contents that satisfy the JSON Schema of that name; `invalid-input` says what is wrong with them. */
koi_result koi_validate(koi_text schema, const koi_json *contents);

/** Turns contents of one schema into contents of another, which they have to fit. */
koi_result koi_transform(koi_text from, koi_text to, const koi_json *contents, const koi_json **result);

/* Handlers. */

/** A knowledge object on its way through the pipeline. What is known grows from phase to phase. */
typedef struct koi_object {
    koi_text rid;
    koi_phase phase;
    /** As it was received or published; none for knowledge that was fetched. */
    koi_event event;
    /** What this node is about to do, or did. */
    koi_event normalized_event;
    /** The node that it came from; KOI_NONE if it came into being here. */
    koi_text source;
    /** RFC 3339, UTC; from the manifest phase on. */
    koi_text timestamp;
    /** From the manifest phase on. */
    koi_text sha256_hash;
    /** JSON; from the bundle phase on. */
    koi_text contents;
    /** Nodes that will be told; from the network phase on. */
    koi_texts network_targets;
    /** What was stored under this RID before; NULL if nothing was, and before the bundle phase. */
    const koi_bundle *previous;
    /** A JSON object with everything else that is known. */
    koi_text meta;
} koi_object;

/** What becomes of an object. `{0}`: it goes on as it is. */
typedef struct koi_outcome {
    /** It ends here, on purpose, for this reason. */
    koi_text stop;
    /** New contents, a JSON object; only in the bundle phase. */
    const koi_json *contents;
    /** What the node is to do; in the manifest and bundle phases. */
    koi_event normalized_event;
    /** All the nodes to tell, in place of those that were given; only in the network phase. */
    const koi_texts *network_targets;
} koi_outcome;

/**
 * Looks at one object in one of the phases that the description names. The same object twice must lead to the
 * same knowledge. `transient` failures are tried again, any other makes the object a dead letter.
 */
koi_result koi_handle(const koi_object *object, koi_outcome *outcome);

/* Tools: define the table, or list and call. */

/** What clients may believe of a tool that they have not called yet; joined by `|`. */
typedef enum koi_hint {
    /** It changes nothing. */
    KOI_READ_ONLY = 1,
    /** It may take something away. */
    KOI_DESTRUCTIVE = 2,
    /** It adds, but takes nothing away. */
    KOI_ADDITIVE = 4,
    /** Calling it again with the same arguments changes nothing more. */
    KOI_IDEMPOTENT = 8,
    /** It touches more than what this node knows. */
    KOI_OPEN_WORLD = 16,
    /** It touches only what this node knows. */
    KOI_CLOSED_WORLD = 32,
} koi_hint;

/** What a tool answers: structured, content, or both. */
typedef struct koi_tool_result {
    /** Any JSON. The host writes it as text too, for clients that read only text. */
    const koi_json *structured;
    /** An array of MCP content blocks, to be filled. */
    koi_json *content;
    /** A failure that the agent can do something about: `content` says what. */
    bool is_error;
} koi_tool_result;

/** A tool with its function. */
typedef struct koi_tool {
    const char *name;
    /** A name for people. */
    const char *title;
    /** What agents read to decide whether to call it. */
    const char *description;
    /** JSON Schema of its arguments, an object; any object if left out. */
    const char *input;
    /** JSON Schema of its structured result. Results that do not fit are refused. */
    const char *output;
    /** koi_hint. */
    unsigned hints;
    /** `optional` or `required`: a call may, or has to, become a task. */
    const char *task_support;
    /** MCP icons, a JSON array. */
    const char *icons;
    /** Its `_meta`, a JSON object. */
    const char *meta;
    /** Arguments with which it can be called, a JSON object, for agents and those who check the extension. */
    const char *example;
    /** Called with arguments that satisfy `input`. */
    koi_result (*call)(const koi_json *arguments, koi_tool_result *result);
} koi_tool;

/** The tools, where they are always the same. */
extern const koi_tool koi_tools[];

/** Adds the tools of now, each by koi_list_tool, to a list. Only where there is no table. */
koi_result koi_list_tools(koi_json *list);

/** Calls a tool. Only where there is no table. */
koi_result koi_call_tool(koi_text name, const koi_json *arguments, koi_tool_result *result);

/** Adds a tool to a list. `invalid-input` if one of its JSON texts is none. */
koi_result koi_list_tool(koi_json *list, const koi_tool *tool);

/** Adds a block of text to what a tool answers. */
void koi_say(koi_tool_result *result, koi_text text);

/* Resources: define koi_read_resource, and the table or koi_list_resources. */

/** A resource, or a template of resources, as it is listed. */
typedef struct koi_resource {
    /** Its URI. */
    const char *uri;
    /** Of a template, in place of `uri`: RFC 6570. */
    const char *uri_template;
    const char *name;
    const char *title;
    const char *description;
    const char *mime_type;
} koi_resource;

/** The resources and templates, where they are always the same. */
extern const koi_resource koi_resources[];

/** Adds the resources of now (MCP resources) and their templates. Only where there is no table. */
koi_result koi_list_resources(koi_json *resources, koi_json *templates);

/** One piece of contents of a resource. */
typedef struct koi_contents {
    koi_text uri;
    koi_text mime_type;
    /** Text, or else `blob`. */
    koi_text text;
    koi_bytes blob;
    /** MCP's `_meta`; NULL if there is nothing to say. */
    const koi_json *meta;
} koi_contents;

/** Pieces of contents, to be filled by koi_add_contents. */
typedef struct koi_contents_list {
    koi_contents *items;
    size_t count;
    size_t capacity;
} koi_contents_list;

/** Adds a piece. */
void koi_add_contents(koi_contents_list *list, koi_contents contents);

/** Reads a resource that is listed, or fits a listed template; koi_no_resource if there is none. */
koi_result koi_read_resource(koi_text uri, koi_contents_list *contents);

/** The failure for a URI at which there is no resource. */
koi_result koi_no_resource(koi_text uri);

/* Prompts: define the table, or list and get. */

/** An argument of a prompt. */
typedef struct koi_prompt_argument {
    const char *name;
    const char *description;
    bool required;
} koi_prompt_argument;

/** The messages of a prompt. */
typedef struct koi_prompt_messages {
    /** What they are for; may be left out. */
    koi_text description;
    /** To be filled, by koi_add_message or with MCP's prompt messages. */
    koi_json *messages;
} koi_prompt_messages;

/** A prompt with its function. */
typedef struct koi_prompt {
    const char *name;
    const char *title;
    const char *description;
    /** Ends with `{0}`. */
    const koi_prompt_argument *arguments;
    /** Called with an object of texts that has all the required arguments. */
    koi_result (*get)(const koi_json *arguments, koi_prompt_messages *messages);
} koi_prompt;

/** The prompts, where they are always the same. */
extern const koi_prompt koi_prompts[];

/** Adds the prompts of now, as MCP defines them. Only where there is no table. */
koi_result koi_list_prompts(koi_json *list);

/** The messages of a prompt. Only where there is no table. */
koi_result koi_get_prompt(koi_text name, const koi_json *arguments, koi_prompt_messages *messages);

/** Adds a message of text. `role` is `user` or `assistant`. */
void koi_add_message(koi_prompt_messages *messages, const char *role, koi_text text);

/* Completions. */

/** What a person types. */
typedef struct koi_completing {
    /** What `name` names: `prompt` or `resource-template`; there may be more. */
    koi_text kind;
    koi_text name;
    /** The argument, and what was typed of it so far. */
    koi_text argument;
    koi_text value;
    /** `arguments`: the values that were given already, by name. */
    const koi_json *context;
} koi_completing;

/** Values to choose from. */
typedef struct koi_completed {
    /** At most 100 texts, the best first: an array, to be filled. */
    koi_json *values;
    /** How many there are in all; below 0 (as it comes) if that is not known. */
    int64_t total;
    /** There are more. */
    bool has_more;
} koi_completed;

/** Values that begin as, or are meant by, what was typed. */
koi_result koi_complete(const koi_completing *typed, koi_completed *completed);

/* Jobs. */

/** One run of a job. */
typedef struct koi_job_run {
    /** When it was due; KOI_NONE if the operator asked for it. */
    koi_text due;
    /** How often it was tried, this time included. */
    int64_t attempt;
    /** When the last run that succeeded began; KOI_NONE if none is known. */
    koi_text last_success;
} koi_job_run;

/** Does the job of that name. `answer` is an object for the operator, to be filled. */
koi_result koi_run_job(koi_text name, const koi_job_run *run, koi_json *answer);

/* The state of a singleton: define both. */

/** All that koi_load needs. A failure leaves what was saved before. */
koi_result koi_save(koi_bytes *state);

/** Takes up what koi_save gave, of this or an earlier revision, before any other call of a new instance. */
koi_result koi_load(koi_bytes state);

#endif
