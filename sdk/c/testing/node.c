/* A node in memory, as tests prepare it and look at it. */
#include "node.h"

#include "calls.h"

#include <string.h>

node koi_node;

/* Where a name is, or would be. */
static size_t place_of(const table *table, koi_text name)
{
    size_t at = 0;
    while (at < table->count && koi_compare(table->rows[at].name, name) < 0)
        at++;
    return at;
}

static bool is_at(const table *table, size_t at, koi_text name)
{
    return at < table->count && koi_equal(table->rows[at].name, name);
}

void table_set(table *table, koi_text name, koi_text value)
{
    size_t at = place_of(table, name);
    if (!is_at(table, at, name)) {
        struct row *rows = koi_alloc((table->count + 1) * sizeof *rows);
        if (at > 0)
            memcpy(rows, table->rows, at * sizeof *rows);
        if (at < table->count)
            memcpy(rows + at + 1, table->rows + at, (table->count - at) * sizeof *rows);
        table->rows = rows;
        table->count++;
    }
    table->rows[at] = (struct row){name, value};
}

void table_remove(table *table, koi_text name)
{
    size_t at = place_of(table, name);
    if (!is_at(table, at, name))
        return;
    table->count--;
    memmove(table->rows + at, table->rows + at + 1, (table->count - at) * sizeof *table->rows);
}

koi_text table_get(const table *table, koi_text name)
{
    size_t at = place_of(table, name);
    return is_at(table, at, name) ? table->rows[at].value : KOI_NONE;
}

void lines_add(lines *lines, koi_text line)
{
    koi_text *items = koi_alloc((lines->count + 1) * sizeof *items);
    if (lines->count > 0)
        memcpy(items, lines->items, lines->count * sizeof *items);
    items[lines->count++] = line;
    lines->items = items;
}

const koi_json *koi_node_json(const char *text)
{
    const koi_json *value = NULL;
    KOI_CHECK_OK(koi_json_read(koi_text_of(text), &value));
    return value;
}

void koi_node_store(const char *rid, const char *contents)
{
    table_set(&koi_node.bundles, koi_text_of(rid), koi_json_write(koi_node_json(contents)));
}

koi_text koi_node_stored(const char *rid)
{
    return table_get(&koi_node.bundles, koi_text_of(rid));
}

void koi_node_configure(const char *key, const char *value)
{
    table_set(&koi_node.settings, koi_text_of(key), koi_text_of(value));
}

void koi_node_add_neighbour(const char *rid, const char *rid_types)
{
    table_set(&koi_node.neighbours, koi_text_of(rid), koi_text_of(rid_types));
}

void koi_node_serve(koi_result (*server)(const koi_http_request *request, koi_http_response *response))
{
    koi_node.server = server;
}

void koi_node_answer(koi_result (*person)(koi_text key, const koi_json *question, const koi_json **answer))
{
    koi_node.person = person;
}

koi_texts koi_node_log(void)
{
    return (koi_texts){koi_node.log.items, koi_node.log.count};
}

koi_texts koi_node_progress(void)
{
    return (koi_texts){koi_node.progress.items, koi_node.progress.count};
}

koi_result koi_node_try(const char *tool, const char *arguments, koi_text *answer)
{
    return koi_calls_call_tool(koi_text_of(tool), koi_text_of(arguments), answer);
}

koi_text koi_node_call(const char *tool, const char *arguments)
{
    koi_text answer = KOI_NONE;
    const koi_json *document = NULL;
    KOI_CHECK_OK(koi_node_try(tool, arguments, &answer));
    KOI_CHECK_OK(koi_json_read(answer, &document));
    const koi_json *structured = koi_json_get(document, "structuredContent");
    return structured == NULL ? answer : koi_json_write(structured);
}

static koi_text listed(koi_result (*list)(koi_text *answer))
{
    koi_text answer = KOI_NONE;
    KOI_CHECK_OK(list(&answer));
    return answer;
}

koi_text koi_node_tools(void)
{
    return listed(koi_calls_list_tools);
}

koi_text koi_node_resources(void)
{
    return listed(koi_calls_list_resources);
}

koi_text koi_node_prompts(void)
{
    return listed(koi_calls_list_prompts);
}

koi_text koi_node_description(void)
{
    return listed(koi_calls_describe);
}

koi_result koi_node_prompt(const char *name, const char *arguments, koi_text *answer)
{
    return koi_calls_get_prompt(koi_text_of(name), koi_text_of(arguments), answer);
}

koi_result koi_node_run(const char *job, koi_text *answer)
{
    return koi_calls_run_job(koi_text_of(job), KOI_TEXT("{\"attempt\":1}"), answer);
}
