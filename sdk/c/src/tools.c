/* Tools: the table, and from the author's functions to the contract's. Fails as these do, and with
 * `invalid-input` for a tool that there is not and for JSON that cannot be read. */
#include "calls.h"

extern const koi_tool koi_tools[] __attribute__((weak));

static void put_hint(koi_json *annotations, const koi_tool *tool, unsigned yes, unsigned no, const char *name)
{
    if (tool->hints & (yes | no))
        koi_json_put(annotations, name, koi_json_boolean((tool->hints & yes) != 0));
}

static koi_result put_json(koi_json *listed, const koi_tool *tool, const char *name, const char *text)
{
    const koi_json *value;
    if (text == NULL)
        return KOI_OK;
    koi_result failure = koi_json_read(koi_text_of(text), &value);
    if (failure != KOI_OK) {
        return koi_invalid_input("`{}` of the tool `{}`: {}", koi_text_of(name), koi_text_of(tool->name),
                                 failure->message);
    }
    koi_json_put(listed, name, value);
    return KOI_OK;
}

/* The `_meta` that is given, and the example as `koi-mcp/examples` in it. */
static koi_result put_meta(koi_json *listed, const koi_tool *tool)
{
    KOI_TRY(put_json(listed, tool, "_meta", tool->meta));
    if (tool->example == NULL)
        return KOI_OK;
    koi_json *example = koi_json_object();
    KOI_TRY(put_json(example, tool, "arguments", tool->example));
    koi_json *examples = koi_json_array();
    koi_json_add(examples, example);
    const koi_json *given = koi_json_get(listed, "_meta");
    koi_json *meta = koi_json_object();
    for (size_t at = 0; at < koi_json_count(given); at++)
        koi_json_set(meta, koi_json_name_at(given, at), koi_json_at(given, at));
    koi_json_put(meta, "koi-mcp/examples", examples);
    koi_json_put(listed, "_meta", meta);
    return KOI_OK;
}

koi_result koi_list_tool(koi_json *list, const koi_tool *tool)
{
    koi_json *listed = koi_json_object();
    koi_json_put_string(listed, "name", koi_text_of(tool->name));
    koi_json_put_string(listed, "title", koi_text_of(tool->title));
    koi_json_put_string(listed, "description", koi_text_of(tool->description));
    KOI_TRY(put_json(listed, tool, "inputSchema", tool->input == NULL ? "{\"type\":\"object\"}" : tool->input));
    KOI_TRY(put_json(listed, tool, "outputSchema", tool->output));
    koi_json *annotations = koi_json_object();
    put_hint(annotations, tool, KOI_READ_ONLY, 0, "readOnlyHint");
    put_hint(annotations, tool, KOI_DESTRUCTIVE, KOI_ADDITIVE, "destructiveHint");
    put_hint(annotations, tool, KOI_IDEMPOTENT, 0, "idempotentHint");
    put_hint(annotations, tool, KOI_OPEN_WORLD, KOI_CLOSED_WORLD, "openWorldHint");
    koi_json_put(listed, "annotations", koi_json_count(annotations) == 0 ? NULL : annotations);
    if (tool->task_support != NULL) {
        koi_json *execution = koi_json_object();
        koi_json_put_string(execution, "taskSupport", koi_text_of(tool->task_support));
        koi_json_put(listed, "execution", execution);
    }
    KOI_TRY(put_json(listed, tool, "icons", tool->icons));
    KOI_TRY(put_meta(listed, tool));
    koi_json_add(list, listed);
    return KOI_OK;
}

KOI_DEFAULT koi_result koi_list_tools(koi_json *list)
{
    for (const koi_tool *tool = koi_tools; tool != NULL && tool->name != NULL; tool++)
        KOI_TRY(koi_list_tool(list, tool));
    return KOI_OK;
}

KOI_DEFAULT koi_result koi_call_tool(koi_text name, const koi_json *arguments, koi_tool_result *result)
{
    for (const koi_tool *tool = koi_tools; tool != NULL && tool->name != NULL; tool++) {
        if (koi_equal(koi_text_of(tool->name), name))
            return tool->call(arguments, result);
    }
    return koi_invalid_input("there is no tool `{}`", name);
}

void koi_say(koi_tool_result *result, koi_text text)
{
    koi_json *block = koi_json_object();
    koi_json_put_string(block, "type", KOI_TEXT("text"));
    koi_json_put_string(block, "text", text);
    koi_json_add(result->content, block);
}

koi_result koi_calls_list_tools(koi_text *answer)
{
    koi_json *list = koi_json_array();
    KOI_TRY(koi_list_tools(list));
    *answer = koi_json_write(list);
    return KOI_OK;
}

koi_result koi_calls_call_tool(koi_text name, koi_text arguments, koi_text *answer)
{
    const koi_json *read;
    koi_tool_result result = {.content = koi_json_array()};
    KOI_TRY(koi_json_read(arguments, &read));
    KOI_TRY(koi_call_tool(name, read, &result));
    koi_json *document = koi_json_object();
    koi_json_put(document, "structuredContent", result.structured);
    koi_json_put(document, "content", koi_json_count(result.content) == 0 ? NULL : result.content);
    koi_json_put(document, "isError", result.is_error ? koi_json_boolean(true) : NULL);
    *answer = koi_json_write(document);
    return KOI_OK;
}
