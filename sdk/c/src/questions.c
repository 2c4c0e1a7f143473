/* Forms for persons, on top of koi_caller_ask. */
#include "koi/host.h"

koi_result koi_ask_form(koi_json *questions, const char *key, koi_text message, const char *schema)
{
    const koi_json *requested;
    KOI_TRY(koi_json_read(koi_text_of(schema), &requested));
    koi_json *params = koi_json_object();
    koi_json_put_string(params, "message", message);
    koi_json_put(params, "requestedSchema", requested);
    koi_json *question = koi_json_object();
    koi_json_put_string(question, "method", KOI_TEXT("elicitation/create"));
    koi_json_put(question, "params", params);
    koi_json_put(questions, key, question);
    return KOI_OK;
}

const koi_json *koi_answered_form(const koi_json *answers, const char *key)
{
    const koi_json *answer = koi_json_get(answers, key);
    bool accepted = koi_equal(koi_json_get_string(answer, "action"), KOI_TEXT("accept"));
    return accepted ? koi_json_get(answer, "content") : NULL;
}
