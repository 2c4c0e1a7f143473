/* Defining many terms at once, as version 1. */
#include "tools.h"

/* Publishes one after the other; with `tells`, says how far it is after each. */
static koi_result publish(koi_text vocabulary, const koi_json *terms, bool tells, koi_tool_result *result)
{
    size_t total = koi_json_count(terms);
    for (size_t at = 0; at < total; at++) {
        const koi_json *given = koi_json_at(terms, at);
        koi_text term = koi_json_get_string(given, "term");
        term_reference reference;
        KOI_TRY(reference_to(vocabulary, term, &reference));
        koi_json *contents = koi_json_object();
        koi_json_put_string(contents, "term", term);
        koi_json_put(contents, "meaning", koi_json_get(given, "meaning"));
        KOI_TRY(koi_knowledge_publish(reference_rid(&reference), contents, NULL));
        if (tells)
            koi_caller_progress((double)(at + 1), (double)total, term);
    }
    koi_json *answer = koi_json_object();
    koi_json_put(answer, "imported", koi_json_number((int64_t)total));
    result->structured = answer;
    return KOI_OK;
}

koi_result import_terms(const koi_json *arguments, koi_tool_result *result)
{
    koi_text vocabulary = koi_json_get_string(arguments, "vocabulary");
    return publish(vocabulary, koi_json_get(arguments, "terms"), true, result);
}

static bool is_list_of_terms(const koi_json *list)
{
    bool terms = koi_json_kind_of(list) == KOI_ARRAY;
    for (size_t at = 0; terms && at < koi_json_count(list); at++) {
        const koi_json *term = koi_json_at(list, at);
        terms = koi_json_get_string(term, "term").data != NULL && koi_json_get_string(term, "meaning").data != NULL;
    }
    return terms;
}

koi_result import_from(const koi_json *arguments, koi_tool_result *result)
{
    koi_text vocabulary = koi_json_get_string(arguments, "vocabulary");
    koi_text url = koi_json_get_string(arguments, "url");
    koi_text name;
    /* Nobody is asked for terms of a vocabulary that cannot be. */
    KOI_TRY(name_of(vocabulary, &name));
    koi_http_request request = {.url = url};
    koi_http_response response;
    KOI_TRY(koi_http_fetch(&request, &response));
    if (response.status != 200) {
        bool passes = response.status == 429 || (response.status >= 500 && response.status <= 599);
        koi_text message = koi_format("{} answered with status {}", url, koi_decimal(response.status));
        return koi_fail(passes ? KOI_TRANSIENT : KOI_PERMANENT, message);
    }
    const koi_json *list;
    if (koi_json_read(response.body, &list) != KOI_OK || !is_list_of_terms(list))
        return koi_permanent("{} has no list of terms", url);
    return publish(vocabulary, list, false, result);
}
