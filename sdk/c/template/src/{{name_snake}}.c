/* Notes that agents write and read, shared with every node of the network. */
#include <koi.h>

#define NOTE "orn:{{name}}.note"

const koi_description koi_extension = {
    .name = "{{name}}",
    .version = "0.1.0",
    .description = "Notes for everybody on the network.",
    .rid_types = (const koi_rid_type[]){
        {
            .rid_type = NOTE,
            .schema = "{{name}}.note",
            .title = "Note",
            .description = "A note with a title.",
            .parses = true,
            .examples = KOI_LIST("shopping"),
        },
        {0},
    },
    .schemas = (const koi_schema[]){
        {
            .name = "{{name}}.note",
            .schema = KOI_JSON({
                "type": "object",
                "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 10000}},
                "required": ["text"],
                "examples": [{"text": "Milk"}]
            }),
        },
        {0},
    },
    .handlers = (const koi_handler[]){
        {.phase = KOI_PHASE_BUNDLE, .rid_types = KOI_LIST(NOTE), .events = KOI_EVENT_NEW | KOI_EVENT_UPDATE},
        {0},
    },
    .asks = {.read = KOI_LIST(NOTE), .publish = KOI_LIST(NOTE)},
};

/* A reference is a title, as it stands. */
koi_result koi_parse_reference(koi_text rid_type, koi_text reference, koi_reference *parsed)
{
    (void)rid_type;
    parsed->canonical = reference;
    koi_json_put_string(parsed->parts, "title", reference);
    return KOI_OK;
}

koi_result koi_print_reference(koi_text rid_type, const koi_json *parts, koi_text *reference)
{
    *reference = koi_json_get_string(parts, "title");
    return reference->size > 0 ? KOI_OK : koi_invalid_input("a reference of {} has a title", rid_type);
}

/* Looks at each note that is about to be stored, wherever it comes from. */
koi_result koi_handle(const koi_object *object, koi_outcome *outcome)
{
    const koi_json *note;
    KOI_TRY(koi_json_read(object->contents, &note));
    koi_text text = koi_json_get_string(note, "text");
    bool blank = true;
    for (size_t at = 0; at < text.size; at++)
        blank = blank && (text.data[at] == ' ' || text.data[at] == '\n' || text.data[at] == '\t');
    if (blank)
        outcome->stop = KOI_TEXT("it says nothing");
    return KOI_OK;
}

static koi_result write_note(const koi_json *arguments, koi_tool_result *result)
{
    koi_text rid = koi_format(NOTE ":{}", koi_json_get_string(arguments, "title"));
    koi_json *note = koi_json_object();
    koi_json_put(note, "text", koi_json_get(arguments, "text"));
    KOI_TRY(koi_knowledge_publish(rid, note, NULL));
    koi_json *answer = koi_json_object();
    koi_json_put_string(answer, "rid", rid);
    result->structured = answer;
    return KOI_OK;
}

static koi_result add_note(const koi_bundle *bundle, void *context)
{
    const koi_json *contents;
    koi_text title;
    KOI_TRY(koi_json_read(bundle->contents, &contents));
    koi_begins(bundle->rid, KOI_TEXT(NOTE ":"), &title);
    koi_json *note = koi_json_object();
    koi_json_put_string(note, "title", title);
    koi_json_put(note, "text", koi_json_get(contents, "text"));
    koi_json_add(context, note);
    return KOI_OK;
}

static koi_result read_notes(const koi_json *arguments, koi_tool_result *result)
{
    (void)arguments;
    koi_json *notes = koi_json_array();
    KOI_TRY(koi_knowledge_each(NOTE, add_note, notes));
    koi_json *answer = koi_json_object();
    koi_json_put(answer, "notes", notes);
    result->structured = answer;
    return KOI_OK;
}

const koi_tool koi_tools[] = {
    {
        .name = "write_note",
        .description = "Writes a note, in place of an earlier one of that title",
        .input = KOI_JSON({
            "type": "object",
            "properties": {
                "title": {"description": "Its title", "type": "string", "minLength": 1, "maxLength": 200},
                "text": {"description": "What it says", "type": "string", "minLength": 1, "maxLength": 10000}
            },
            "required": ["title", "text"]
        }),
        .output = KOI_JSON({"type": "object", "properties": {"rid": {"type": "string"}}, "required": ["rid"]}),
        .example = KOI_JSON({"title": "shopping", "text": "Milk"}),
        .call = write_note,
    },
    {
        .name = "read_notes",
        .description = "Reads all notes",
        .input = KOI_JSON({"type": "object"}),
        .output = KOI_JSON({
            "type": "object",
            "properties": {
                "notes": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"title": {"type": "string"}, "text": {"type": "string"}},
                        "required": ["title", "text"]
                    }
                }
            },
            "required": ["notes"]
        }),
        .hints = KOI_READ_ONLY,
        .example = KOI_JSON({}),
        .call = read_notes,
    },
    {0},
};
