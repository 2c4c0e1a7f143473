/* What an extension has of the node beyond what the glossaries use, each thing as a tool, and a prompt that is
 * completed. The same as extension.ts and extension.py. */
#include <koi.h>
#include <stdlib.h>

const koi_description koi_extension = {
    .name = "features",
    .version = "0.1.0",
    .asks = {.capabilities = KOI_LIST("config", "network"), .secrets = KOI_LIST("KEY")},
    .config_schema = KOI_JSON({
        "type": "object",
        "properties": {"greeting": {"description": "What it greets with", "type": "string"}},
        "required": ["greeting"]
    }),
    .mode = "singleton",
};

static koi_result greet(const koi_json *arguments, koi_tool_result *result)
{
    (void)arguments;
    koi_text greeting;
    KOI_TRY(koi_config_get("greeting", &greeting));
    koi_json *answer = koi_json_object();
    koi_json_put_string(answer, "greeting", greeting);
    result->structured = answer;
    return KOI_OK;
}

static koi_result secret(const koi_json *arguments, koi_tool_result *result)
{
    (void)arguments;
    koi_text placeholder;
    KOI_TRY(koi_secret_placeholder("KEY", &placeholder));
    koi_json *answer = koi_json_object();
    koi_json_put_string(answer, "placeholder", placeholder);
    result->structured = answer;
    return KOI_OK;
}

static koi_result neighbours(const koi_json *arguments, koi_tool_result *result)
{
    (void)arguments;
    const koi_neighbour *found;
    size_t count;
    KOI_TRY(koi_network_neighbours(&found, &count));
    koi_json *list = koi_json_array();
    for (size_t at = 0; at < count; at++) {
        const koi_json *meta;
        KOI_TRY(koi_json_read(found[at].meta, &meta));
        koi_json *neighbour = koi_json_object();
        koi_json_put_string(neighbour, "rid", found[at].rid);
        koi_json_put(neighbour, "provider", koi_json_boolean(found[at].provider));
        koi_json_put(neighbour, "subscriber", koi_json_boolean(found[at].subscriber));
        koi_json_put(neighbour, "ridTypes", koi_json_get(meta, "rid-types"));
        koi_json_add(list, neighbour);
    }
    koi_json *answer = koi_json_object();
    koi_json_put_string(answer, "node", koi_network_this_node());
    koi_json_put(answer, "neighbours", list);
    result->structured = answer;
    return KOI_OK;
}

static int64_t counted;

static koi_result count(const koi_json *arguments, koi_tool_result *result)
{
    (void)arguments;
    koi_json *answer = koi_json_object();
    koi_json_put(answer, "count", koi_json_number(++counted));
    result->structured = answer;
    return KOI_OK;
}

koi_result koi_save(koi_bytes *state)
{
    *state = koi_decimal(counted);
    return KOI_OK;
}

koi_result koi_load(koi_bytes state)
{
    /* What the node gives need not end with a zero byte. */
    counted = strtoll(koi_format("{}", state).data, NULL, 10);
    return KOI_OK;
}

const koi_tool koi_tools[] = {
    {.name = "greet", .description = "Greets as it is set to", .call = greet},
    {.name = "secret", .description = "Tells what stands for a secret", .call = secret},
    {.name = "neighbours", .description = "Lists the neighbours of the node", .call = neighbours},
    {.name = "count", .description = "Counts its calls", .call = count},
    {0},
};

static koi_result paint(const koi_json *arguments, koi_prompt_messages *messages)
{
    koi_text thing = koi_json_get_string(arguments, "thing");
    koi_text colour = koi_json_get_string(arguments, "colour");
    koi_add_message(messages, "user", koi_format("Paint {} in {}", thing, colour));
    return KOI_OK;
}

const koi_prompt koi_prompts[] = {
    {
        .name = "paint",
        .description = "Has a thing painted",
        .arguments = (const koi_prompt_argument[]){{"thing", "What", true}, {"colour", "How", true}, {0}},
        .get = paint,
    },
    {0},
};

koi_result koi_complete(const koi_completing *typed, koi_completed *completed)
{
    static const char *const colours[] = {"green", "grey", "red", NULL};
    koi_text thing = koi_json_get_string(koi_json_get(typed->context, "arguments"), "thing");
    if (!koi_equal(typed->name, KOI_TEXT("paint")) || !koi_equal(typed->argument, KOI_TEXT("colour")))
        return KOI_OK;
    for (const char *const *at = colours; *at != NULL; at++) {
        koi_text colour = koi_text_of(*at);
        if (koi_begins(colour, typed->value, NULL))
            koi_json_add(completed->values, koi_json_text(koi_format("{} as {}", colour, thing)));
    }
    return KOI_OK;
}
