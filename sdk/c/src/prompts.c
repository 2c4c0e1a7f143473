/* Prompts and completions: the table, and from the author's functions to the contract's. Fails as these do, and
 * with `invalid-input` for a prompt that there is not and for JSON that cannot be read. */
#include "calls.h"

extern const koi_prompt koi_prompts[] __attribute__((weak));

static const koi_json *arguments_of(const koi_prompt *prompt)
{
    if (prompt->arguments == NULL)
        return NULL;
    koi_json *list = koi_json_array();
    for (const koi_prompt_argument *at = prompt->arguments; at->name != NULL; at++) {
        koi_json *listed = koi_json_object();
        koi_json_put_string(listed, "name", koi_text_of(at->name));
        koi_json_put_string(listed, "description", koi_text_of(at->description));
        koi_json_put(listed, "required", koi_json_boolean(at->required));
        koi_json_add(list, listed);
    }
    return list;
}

KOI_DEFAULT koi_result koi_list_prompts(koi_json *list)
{
    for (const koi_prompt *prompt = koi_prompts; prompt != NULL && prompt->name != NULL; prompt++) {
        koi_json *listed = koi_json_object();
        koi_json_put_string(listed, "name", koi_text_of(prompt->name));
        koi_json_put_string(listed, "title", koi_text_of(prompt->title));
        koi_json_put_string(listed, "description", koi_text_of(prompt->description));
        koi_json_put(listed, "arguments", arguments_of(prompt));
        koi_json_add(list, listed);
    }
    return KOI_OK;
}

KOI_DEFAULT koi_result koi_get_prompt(koi_text name, const koi_json *arguments, koi_prompt_messages *messages)
{
    for (const koi_prompt *prompt = koi_prompts; prompt != NULL && prompt->name != NULL; prompt++) {
        if (koi_equal(koi_text_of(prompt->name), name))
            return prompt->get(arguments, messages);
    }
    return koi_invalid_input("there is no prompt `{}`", name);
}

KOI_DEFAULT koi_result koi_complete(const koi_completing *typed, koi_completed *completed)
{
    (void)typed, (void)completed;
    return KOI_OK;
}

void koi_add_message(koi_prompt_messages *messages, const char *role, koi_text text)
{
    koi_json *content = koi_json_object();
    koi_json_put_string(content, "type", KOI_TEXT("text"));
    koi_json_put_string(content, "text", text);
    koi_json *message = koi_json_object();
    koi_json_put_string(message, "role", koi_text_of(role));
    koi_json_put(message, "content", content);
    koi_json_add(messages->messages, message);
}

koi_result koi_calls_list_prompts(koi_text *answer)
{
    koi_json *list = koi_json_array();
    KOI_TRY(koi_list_prompts(list));
    *answer = koi_json_write(list);
    return KOI_OK;
}

koi_result koi_calls_get_prompt(koi_text name, koi_text arguments, koi_text *answer)
{
    const koi_json *read;
    koi_prompt_messages messages = {.messages = koi_json_array()};
    KOI_TRY(koi_json_read(arguments, &read));
    KOI_TRY(koi_get_prompt(name, read, &messages));
    koi_json *document = koi_json_object();
    koi_json_put_string(document, "description", messages.description);
    koi_json_put(document, "messages", messages.messages);
    *answer = koi_json_write(document);
    return KOI_OK;
}

koi_result koi_calls_complete(koi_completing *typed, koi_text context, koi_text *answer)
{
    koi_completed completed = {.values = koi_json_array(), .total = -1};
    KOI_TRY(koi_json_read(context, &typed->context));
    KOI_TRY(koi_complete(typed, &completed));
    koi_json *document = koi_json_object();
    koi_json_put(document, "values", completed.values);
    koi_json_put(document, "total", completed.total < 0 ? NULL : koi_json_number(completed.total));
    koi_json_put(document, "hasMore", completed.has_more ? koi_json_boolean(true) : NULL);
    *answer = koi_json_write(document);
    return KOI_OK;
}
