/* The host calls over a node in memory. Fails as a host does, where everything is granted. */
#include "../src/http.h"
#include "node.h"

#define TIMESTAMP "2026-01-01T00:00:00.000000Z"

/* Not the hash of the protocol, but another one for other contents. */
static koi_text hash(koi_text contents)
{
    uint64_t state = UINT64_C(14695981039346656037);
    for (size_t at = 0; at < contents.size; at++)
        state = (state ^ (unsigned char)contents.data[at]) * UINT64_C(1099511628211);
    char hex[65] = {0};
    for (size_t at = 0; at < 64; at++)
        hex[at] = at < 48 ? '0' : "0123456789abcdef"[state >> (63 - at) * 4 & 15];
    return koi_format("{}", (koi_text){hex, 64});
}

static koi_bundle bundle_of(koi_text rid, koi_text contents)
{
    return (koi_bundle){rid, KOI_TEXT(TIMESTAMP), hash(contents), contents, KOI_TEXT("{}")};
}

koi_result koi_knowledge_read(koi_text rid, const koi_bundle **bundle)
{
    koi_text contents = table_get(&koi_node.bundles, rid);
    *bundle = NULL;
    if (contents.data != NULL) {
        koi_bundle *found = koi_alloc(sizeof *found);
        *found = bundle_of(rid, contents);
        *bundle = found;
    }
    return KOI_OK;
}

koi_result koi_knowledge_read_as(koi_text rid, const char *schema, const koi_bundle **bundle)
{
    (void)schema;
    return koi_knowledge_read(rid, bundle);
}

koi_result koi_knowledge_dereference(koi_text rid, const koi_bundle **bundle)
{
    return koi_knowledge_read(rid, bundle);
}

koi_result koi_knowledge_query(const char *rid_type, const koi_json *options, koi_page *page)
{
    if (koi_json_get(options, "filter") != NULL || koi_json_get(options, "order") != NULL)
        return koi_permanent("the node in memory knows neither `filter` nor `order`: test such queries on a node");
    size_t limit = (size_t)koi_json_integer(koi_json_get(options, "limit"), 100);
    koi_text after = koi_json_get_string(options, "cursor");
    koi_text beginning = koi_format("{}:", koi_text_of(rid_type));
    koi_bundle *items = koi_alloc(limit * sizeof *items);
    *page = (koi_page){.items = items};
    for (size_t at = 0; at < koi_node.bundles.count; at++) {
        const struct row *row = &koi_node.bundles.rows[at];
        if (koi_compare(row->name, after) <= 0 || !koi_begins(row->name, beginning, NULL))
            continue;
        if (page->count == limit) {
            page->next = items[limit - 1].rid;
            break;
        }
        items[page->count++] = bundle_of(row->name, row->value);
    }
    return KOI_OK;
}

koi_result koi_knowledge_entries(const char *rid_type, const koi_json *options, koi_page *page)
{
    KOI_TRY(koi_knowledge_query(rid_type, options, page));
    koi_bundle *items = koi_alloc(page->count * sizeof *items);
    for (size_t at = 0; at < page->count; at++) {
        items[at] = page->items[at];
        items[at].contents = items[at].meta = KOI_TEXT("");
    }
    page->items = items;
    return KOI_OK;
}

koi_result koi_knowledge_publish(koi_text rid, const koi_json *contents, koi_bundle *publication)
{
    if (koi_json_kind_of(contents) != KOI_OBJECT)
        return koi_invalid_input("the contents of {} are no JSON object", rid);
    koi_text written = koi_json_write(contents);
    table_set(&koi_node.bundles, rid, written);
    if (publication != NULL)
        *publication = bundle_of(rid, written);
    return KOI_OK;
}

koi_result koi_knowledge_forget(koi_text rid)
{
    table_remove(&koi_node.bundles, rid);
    return KOI_OK;
}

const koi_json *koi_caller_who(void)
{
    return koi_node_json("{\"kind\":\"tool\",\"correlation-id\":\"test\",\"answers\":[]}");
}

void koi_caller_progress(double progress, double total, koi_text message)
{
    koi_text of = total < 0 ? KOI_TEXT("?") : koi_decimal((int64_t)total);
    lines_add(&koi_node.progress, koi_format("{}/{} {}", koi_decimal((int64_t)progress), of, message));
}

void koi_caller_log(const char *level, const koi_json *data)
{
    (void)level, (void)data;
}

koi_result koi_caller_ask(const koi_json *questions, const koi_json **answers)
{
    if (koi_node.person == NULL)
        return koi_permanent("there is nobody in this test who answers");
    koi_json *all = koi_json_object();
    for (size_t at = 0; at < koi_json_count(questions); at++) {
        const koi_json *answer = NULL;
        koi_text key = koi_json_name_at(questions, at);
        KOI_TRY(koi_node.person(key, koi_json_at(questions, at), &answer));
        koi_json_set(all, key, answer);
    }
    *answers = all;
    return KOI_OK;
}

koi_result koi_config_get(const char *key, koi_text *value)
{
    *value = table_get(&koi_node.settings, koi_text_of(key));
    return KOI_OK;
}

koi_result koi_config_all(const koi_json **settings)
{
    koi_json *all = koi_json_object();
    for (size_t at = 0; at < koi_node.settings.count; at++)
        koi_json_set(all, koi_node.settings.rows[at].name, koi_json_text(koi_node.settings.rows[at].value));
    *settings = all;
    return KOI_OK;
}

koi_result koi_http_fetch(const koi_http_request *request, koi_http_response *response)
{
    *response = (koi_http_response){0};
    return koi_node.server == NULL ? koi_http_denied(request) : koi_node.server(request, response);
}

koi_result koi_secret_placeholder(const char *name, koi_text *placeholder)
{
    *placeholder = koi_format("koi-secret-{}", koi_text_of(name));
    return KOI_OK;
}

koi_text koi_network_this_node(void)
{
    return KOI_TEXT("orn:koi-net.node:test+0");
}

koi_result koi_network_neighbours(const koi_neighbour **neighbours, size_t *count)
{
    *count = koi_node.neighbours.count;
    koi_neighbour *items = koi_alloc(*count * sizeof *items);
    for (size_t at = 0; at < *count; at++) {
        const struct row *row = &koi_node.neighbours.rows[at];
        items[at] = (koi_neighbour){
            .rid = row->name,
            .provider = true,
            .subscriber = !koi_equal(row->value, KOI_TEXT("[]")),
            .meta = koi_format("{\"rid-types\":{}}", row->value),
        };
    }
    *neighbours = items;
    return KOI_OK;
}

void koi_log(koi_level level, const char *context, koi_text message)
{
    (void)level, (void)context;
    lines_add(&koi_node.log, message);
}
