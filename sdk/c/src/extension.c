/* `extension`, `rid-types`, `schemas` and `schedule`: from the author's functions to the contract's. Each fails
 * as the author's function does, and with `invalid-input` where the host's JSON cannot be read. */
#include "calls.h"

KOI_DEFAULT koi_result koi_start(void)
{
    return KOI_OK;
}

KOI_DEFAULT void koi_stop(void)
{
}

KOI_DEFAULT koi_result koi_health(koi_condition *condition)
{
    (void)condition;
    return KOI_OK;
}

KOI_DEFAULT koi_result koi_parse_reference(koi_text rid_type, koi_text reference, koi_reference *parsed)
{
    (void)reference, (void)parsed;
    return koi_invalid_input("this extension does not know references of `{}`", rid_type);
}

KOI_DEFAULT koi_result koi_print_reference(koi_text rid_type, const koi_json *parts, koi_text *reference)
{
    (void)parts, (void)reference;
    return koi_invalid_input("this extension does not know references of `{}`", rid_type);
}

KOI_DEFAULT koi_result koi_validate(koi_text schema, const koi_json *contents)
{
    (void)schema, (void)contents;
    return KOI_OK;
}

KOI_DEFAULT koi_result koi_transform(koi_text from, koi_text to, const koi_json *contents, const koi_json **result)
{
    (void)contents, (void)result;
    return koi_invalid_input("this extension makes no `{}` of `{}`", to, from);
}

KOI_DEFAULT koi_result koi_run_job(koi_text name, const koi_job_run *run, koi_json *answer)
{
    (void)run, (void)answer;
    return koi_invalid_input("there is no job `{}`", name);
}

koi_result koi_calls_describe(koi_text *answer)
{
    const koi_json *document;
    KOI_TRY(koi_describe(&koi_extension, &document));
    *answer = koi_json_write(document);
    return KOI_OK;
}

koi_result koi_calls_health(koi_text *answer)
{
    koi_condition condition = {.status = "ok"};
    KOI_TRY(koi_health(&condition));
    koi_json *document = koi_json_object();
    koi_json_put_string(document, "status", koi_text_of(condition.status));
    koi_json_put_string(document, "message", condition.message);
    *answer = koi_json_write(document);
    return KOI_OK;
}

koi_result koi_calls_parse_reference(koi_text rid_type, koi_text reference, koi_text *canonical, koi_text *parts)
{
    koi_reference parsed = {.canonical = reference, .parts = koi_json_object()};
    KOI_TRY(koi_parse_reference(rid_type, reference, &parsed));
    *canonical = parsed.canonical;
    *parts = koi_json_write(parsed.parts);
    return KOI_OK;
}

koi_result koi_calls_print_reference(koi_text rid_type, koi_text parts, koi_text *reference)
{
    const koi_json *read;
    KOI_TRY(koi_json_read(parts, &read));
    return koi_print_reference(rid_type, read, reference);
}

koi_result koi_calls_validate(koi_text schema, koi_text contents)
{
    const koi_json *read;
    KOI_TRY(koi_json_read(contents, &read));
    return koi_validate(schema, read);
}

koi_result koi_calls_transform(koi_text from, koi_text to, koi_text contents, koi_text *answer)
{
    const koi_json *read;
    const koi_json *result = NULL;
    KOI_TRY(koi_json_read(contents, &read));
    KOI_TRY(koi_transform(from, to, read, &result));
    *answer = koi_json_write(result);
    return KOI_OK;
}

koi_result koi_calls_run_job(koi_text name, koi_text run, koi_text *answer)
{
    const koi_json *read;
    KOI_TRY(koi_json_read(run, &read));
    koi_job_run of = {
        .due = koi_json_get_string(read, "due"),
        .attempt = koi_json_integer(koi_json_get(read, "attempt"), 1),
        .last_success = koi_json_get_string(read, "last-success"),
    };
    koi_json *document = koi_json_object();
    KOI_TRY(koi_run_job(name, &of, document));
    *answer = koi_json_write(document);
    return KOI_OK;
}
