/* The description as a document. Fails with `invalid-input` where a schema is no JSON. */
#include "koi/description.h"

static const koi_json *list(const char *const *names)
{
    if (names == NULL)
        return NULL;
    koi_json *array = koi_json_array();
    for (; *names != NULL; names++)
        koi_json_add(array, koi_json_text(koi_text_of(*names)));
    return array;
}

static void put_c(koi_json *object, const char *name, const char *value)
{
    koi_json_put_string(object, name, koi_text_of(value));
}

static koi_result put_schema(koi_json *object, const char *name, const char *text, const char *whose)
{
    const koi_json *schema;
    if (text == NULL)
        return KOI_OK;
    koi_result failure = koi_json_read(koi_text_of(text), &schema);
    if (failure != KOI_OK)
        return koi_invalid_input("the schema of `{}`: {}", koi_text_of(whose), failure->message);
    koi_json_put(object, name, schema);
    return KOI_OK;
}

static const koi_json *rid_type(const koi_rid_type *of)
{
    koi_json *object = koi_json_object();
    put_c(object, "rid-type", of->rid_type);
    put_c(object, "schema", of->schema);
    put_c(object, "title", of->title);
    put_c(object, "description", of->description);
    put_c(object, "mime-type", of->mime_type);
    koi_json_put(object, "parses", koi_json_boolean(of->parses));
    koi_json_put(object, "indexes", list(of->indexes));
    koi_json_put(object, "examples", list(of->examples));
    return object;
}

static const koi_json *events(unsigned events)
{
    static const struct {
        koi_event event;
        const char *name;
    } all[] = {{KOI_EVENT_NEW, "NEW"}, {KOI_EVENT_UPDATE, "UPDATE"}, {KOI_EVENT_FORGET, "FORGET"}};
    if (events == 0)
        return NULL;
    koi_json *array = koi_json_array();
    for (size_t at = 0; at < sizeof all / sizeof *all; at++) {
        if (events & all[at].event)
            koi_json_add(array, koi_json_text(koi_text_of(all[at].name)));
    }
    return array;
}

static const koi_json *handler(const koi_handler *of)
{
    static const char *const phases[] = {"", "rid", "manifest", "bundle", "network", "final"};
    koi_json *object = koi_json_object();
    put_c(object, "phase", phases[of->phase]);
    koi_json_put(object, "rid-types", list(of->rid_types));
    koi_json_put(object, "event-types", events(of->events));
    koi_json_put(object, "priority", koi_json_number(of->priority));
    return object;
}

static const koi_json *job(const koi_job *of)
{
    koi_json *object = koi_json_object();
    put_c(object, "name", of->name);
    put_c(object, "title", of->title);
    put_c(object, "description", of->description);
    koi_json_put(object, "every", of->every == 0 ? NULL : koi_json_number(of->every));
    put_c(object, "cron", of->cron);
    koi_json_put(object, "jitter", of->jitter == 0 ? NULL : koi_json_number(of->jitter));
    put_c(object, "missed", of->missed);
    return object;
}

/* Each name once. */
static void add_names(koi_json *array, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        const koi_json *name = koi_json_text(koi_text_of(*names));
        bool there = false;
        for (size_t at = 0; at < koi_json_count(array); at++)
            there |= koi_json_equal(koi_json_at(array, at), name);
        if (!there)
            koi_json_add(array, name);
    }
}

static const koi_json *asks(const koi_description *of)
{
    koi_json *object = koi_json_object();
    koi_json_put(object, "read", list(of->asks.read));
    koi_json_put(object, "publish", list(of->asks.publish));
    koi_json_put(object, "forget", list(of->asks.forget));
    koi_json *handle = koi_json_array();
    for (const koi_handler *at = of->handlers; at != NULL && at->phase != 0; at++)
        add_names(handle, at->rid_types);
    add_names(handle, of->asks.handle);
    koi_json_put(object, "handle", koi_json_count(handle) == 0 ? NULL : handle);
    koi_json_put(object, "secrets", list(of->asks.secrets));
    koi_json_put(object, "capabilities", list(of->asks.capabilities));
    koi_json_put(object, "http", list(of->asks.http));
    if (of->asks.files != NULL) {
        koi_json *files = koi_json_array();
        for (const koi_folder *at = of->asks.files; at->path != NULL; at++) {
            koi_json *folder = koi_json_object();
            put_c(folder, "path", at->path);
            koi_json_put(folder, "write", koi_json_boolean(at->write));
            koi_json_add(files, folder);
        }
        koi_json_put(object, "files", files);
    }
    koi_json_put(object, "environment", list(of->asks.environment));
    return object;
}

static koi_result put_schemas(koi_json *document, const koi_schema *schemas)
{
    koi_json *array = koi_json_array();
    for (; schemas != NULL && schemas->name != NULL; schemas++) {
        koi_json *object = koi_json_object();
        put_c(object, "name", schemas->name);
        KOI_TRY(put_schema(object, "schema", schemas->schema, schemas->name));
        koi_json_put(object, "validates", koi_json_boolean(schemas->validates));
        koi_json_add(array, object);
    }
    koi_json_put(document, "schemas", array);
    return KOI_OK;
}

static void put_tables(koi_json *document, const koi_description *of)
{
    koi_json *transforms = koi_json_array();
    for (const koi_transform_pair *at = of->transforms; at != NULL && at->from != NULL; at++) {
        koi_json *pair = koi_json_object();
        put_c(pair, "from", at->from);
        put_c(pair, "to", at->to);
        koi_json_add(transforms, pair);
    }
    koi_json_put(document, "transforms", transforms);
    koi_json *handlers = koi_json_array();
    for (const koi_handler *at = of->handlers; at != NULL && at->phase != 0; at++)
        koi_json_add(handlers, handler(at));
    koi_json_put(document, "handlers", handlers);
    koi_json_put(document, "lists-depend-on", list(of->lists_depend_on));
    koi_json *jobs = koi_json_array();
    for (const koi_job *at = of->jobs; at != NULL && at->name != NULL; at++)
        koi_json_add(jobs, job(at));
    koi_json_put(document, "jobs", koi_json_count(jobs) == 0 ? NULL : jobs);
}

koi_result koi_describe(const koi_description *of, const koi_json **document)
{
    koi_json *object = koi_json_object();
    put_c(object, "name", of->name);
    put_c(object, "version", of->version);
    put_c(object, "description", of->description);
    koi_json *rid_types = koi_json_array();
    for (const koi_rid_type *at = of->rid_types; at != NULL && at->rid_type != NULL; at++)
        koi_json_add(rid_types, rid_type(at));
    koi_json_put(object, "rid-types", rid_types);
    KOI_TRY(put_schemas(object, of->schemas));
    put_tables(object, of);
    koi_json_put(object, "asks", asks(of));
    KOI_TRY(put_schema(object, "config-schema", of->config_schema, "config_schema"));
    put_c(object, "mode", of->mode);
    if (of->limits != NULL) {
        koi_json *limits = koi_json_object();
        for (const koi_limit *at = of->limits; at->name != NULL; at++)
            koi_json_put(limits, at->name, koi_json_number(at->value));
        koi_json_put(object, "limits", limits);
    }
    *document = object;
    return KOI_OK;
}
