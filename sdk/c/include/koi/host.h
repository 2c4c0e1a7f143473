/**
 * @file
 * What the host offers. Each function is checked against the extension's grants; `denied` names the one that
 * is missing.
 */
#ifndef KOI_HOST_H
#define KOI_HOST_H

#include "json.h"

/* Knowledge. */

/** A piece of knowledge: contents under a RID, with what identifies them. */
typedef struct koi_bundle {
    koi_text rid;
    /** When the contents came into being at their source: RFC 3339, UTC. */
    koi_text timestamp;
    /** Lower-case hex SHA-256 of the contents in their JCS form. */
    koi_text sha256_hash;
    /** A JSON object; empty in an entry. */
    koi_text contents;
    /** A JSON object with everything else that is known; empty in an entry. */
    koi_text meta;
} koi_bundle;

/** One page of bundles. */
typedef struct koi_page {
    const koi_bundle *items;
    size_t count;
    /** The `cursor` of the next page; KOI_NONE on the last one. */
    koi_text next;
    /** How many bundles were looked at, if the page ended for that before it was full; else 0. */
    uint64_t bounded;
} koi_page;

/** The stored bundle; NULL if there is none. Needs a grant to read. */
koi_result koi_knowledge_read(koi_text rid, const koi_bundle **bundle);

/**
 * The stored bundle with its contents as the schema of that name wants them; NULL if there is none. Needs a
 * grant to read; `invalid-input` if there is no such schema or no way to it.
 */
koi_result koi_knowledge_read_as(koi_text rid, const char *schema, const koi_bundle **bundle);

/**
 * Stored bundles of a RID type. `options` (NULL for none) is an object with `limit` (1 to 1000, 100 if left
 * out), `cursor`, `order` and `filter`, as wit/imports.wit defines them. Needs a grant to read.
 */
koi_result koi_knowledge_query(const char *rid_type, const koi_json *options, koi_page *page);

/**
 * Shows `visit` all stored bundles of a RID type, in the order of their RIDs and read page by page. A failure of
 * `visit` ends it and is answered. Needs a grant to read.
 */
koi_result koi_knowledge_each(const char *rid_type, koi_result (*visit)(const koi_bundle *bundle, void *context),
                              void *context);

/** What koi_knowledge_query finds, without contents and meta; `options` has `limit` and `cursor`. */
koi_result koi_knowledge_entries(const char *rid_type, const koi_json *options, koi_page *page);

/**
 * Puts contents, an object, under a RID on their way through the pipeline. On disk and not yet processed when
 * it returns. What was made of it goes to `publication` unless that is NULL. Needs a grant to publish.
 */
koi_result koi_knowledge_publish(koi_text rid, const koi_json *contents, koi_bundle *publication);

/** Asks the node to forget what is stored under a RID, and to tell its subscribers. Needs a grant to forget. */
koi_result koi_knowledge_forget(koi_text rid);

/** The stored bundle, else one fetched from a node that provides the RID type. Needs a grant to read. */
koi_result koi_knowledge_dereference(koi_text rid, const koi_bundle **bundle);

/* The caller. */

/** Whoever caused this call: an object with `kind`, `principal`, `correlation-id`, `answers`. */
const koi_json *koi_caller_who(void);

/** Tells how far the call is. `total` below 0 if it is not known; `message` may be KOI_NONE. */
void koi_caller_progress(double progress, double total, koi_text message);

/** A message to the caller's log. `level` is a severity of RFC 5424 in lower case: `warning`. */
void koi_caller_log(const char *level, const koi_json *data);

/**
 * Asks questions, an object of MCP requests each under a key, and waits for all answers. Needs the capability
 * `ask`; `permanent` where the caller cannot be asked.
 */
koi_result koi_caller_ask(const koi_json *questions, const koi_json **answers);

/** Adds a form for a person to fill in to questions. `schema` is JSON in MCP's subset for forms. */
koi_result koi_ask_form(koi_json *questions, const char *key, koi_text message, const char *schema);

/** What a person filled in; NULL if they declined or went away. */
const koi_json *koi_answered_form(const koi_json *answers, const char *key);

/* Values under keys. They belong to the extension. Needs the capability `keyvalue`. */

/** The value; KOI_NONE if there is none. */
koi_result koi_keyvalue_get(const char *bucket, koi_text key, koi_bytes *value);

/** Stores a value, in place of an earlier one. */
koi_result koi_keyvalue_set(const char *bucket, koi_text key, koi_bytes value);

/** Removes a value; nothing happens if there is none. */
koi_result koi_keyvalue_delete(const char *bucket, koi_text key);

/** Whether there is a value. */
koi_result koi_keyvalue_exists(const char *bucket, koi_text key, bool *exists);

/** All keys, read page by page. */
koi_result koi_keyvalue_keys(const char *bucket, koi_texts *keys);

/** Adds to a decimal number (a missing one counts as 0). The sum goes to `sum` unless that is NULL. */
koi_result koi_keyvalue_increment(const char *bucket, koi_text key, uint64_t delta, uint64_t *sum);

/** The values of several keys, in their order, as an array of `keys.count`; KOI_NONE where there is none. */
koi_result koi_keyvalue_get_many(const char *bucket, koi_texts keys, const koi_bytes **values);

/** Stores the values (as many as keys), all or none. */
koi_result koi_keyvalue_set_many(const char *bucket, koi_texts keys, const koi_bytes *values);

/** Removes several values, all or none. */
koi_result koi_keyvalue_delete_many(const char *bucket, koi_texts keys);

/* Settings that the operator gave. Needs the capability `config`. */

/** A setting as text; KOI_NONE if it is not set. */
koi_result koi_config_get(const char *key, koi_text *value);

/** All settings, as an object of strings. */
koi_result koi_config_all(const koi_json **settings);

/* HTTP. Each request needs the grant `http=METHOD:SCHEME://HOST`. */

/** A header. */
typedef struct koi_header {
    /** In lower case. */
    koi_text name;
    koi_bytes value;
} koi_header;

/** A request. */
typedef struct koi_http_request {
    /** In upper case; `GET` if left out. */
    const char *method;
    /** With `http` or `https`. */
    koi_text url;
    const koi_header *headers;
    size_t header_count;
    koi_bytes body;
    /** How long the exchange may take, where that is less than what the host allows; 0 if it is not. */
    uint32_t milliseconds;
} koi_http_request;

/** A response. Redirects are not followed. */
typedef struct koi_http_response {
    /** Such as 200. */
    uint16_t status;
    const koi_header *headers;
    size_t header_count;
    /** All of it; any bytes. */
    koi_bytes body;
} koi_http_response;

/**
 * Sends a request and waits for the whole response, whatever its status. `denied` without the grant,
 * `invalid-input` if it is no request, `transient` if no response came, `permanent` if it is too large or no
 * HTTP.
 */
koi_result koi_http_fetch(const koi_http_request *request, koi_http_response *response);

/* Secrets, the network, the operator's log. */

/** What stands for the secret of that name in outgoing requests. */
koi_result koi_secret_placeholder(const char *name, koi_text *placeholder);

/** This node's RID. Without the capability `network` the call ends. */
koi_text koi_network_this_node(void);

/** Another node, and how it is connected. */
typedef struct koi_neighbour {
    koi_text rid;
    /** This node subscribes to it. */
    bool provider;
    /** It subscribes to this node. */
    bool subscriber;
    /** A JSON object: `rid-types`, `node-type`. */
    koi_text meta;
} koi_neighbour;

/** The nodes that share an edge with this one. Needs the capability `network`. */
koi_result koi_network_neighbours(const koi_neighbour **neighbours, size_t *count);

/** How much a message matters. */
typedef enum koi_level {
    KOI_LEVEL_TRACE,
    KOI_LEVEL_DEBUG,
    KOI_LEVEL_INFO,
    KOI_LEVEL_WARN,
    KOI_LEVEL_ERROR,
    KOI_LEVEL_CRITICAL,
} koi_level;

/** A message to the operator's log; `context` groups messages that belong together. */
void koi_log(koi_level level, const char *context, koi_text message);

#endif
