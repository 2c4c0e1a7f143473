/* Tools for one term or vocabulary: naming, defining, looking up, retiring, counting. */
#include "tools.h"

#include <stdlib.h>

static koi_result reference_from(const koi_json *arguments, term_reference *reference)
{
    koi_text vocabulary = koi_json_get_string(arguments, "vocabulary");
    return reference_to(vocabulary, koi_json_get_string(arguments, "term"), reference);
}

koi_result name_of_term(const koi_json *arguments, koi_tool_result *result)
{
    koi_text name;
    KOI_TRY(name_of(koi_json_get_string(arguments, "term"), &name));
    koi_json *answer = koi_json_object();
    koi_json_put_string(answer, "name", name);
    result->structured = answer;
    return KOI_OK;
}

koi_result define_term(const koi_json *arguments, koi_tool_result *result)
{
    term_reference reference;
    const koi_bundle *stored;
    KOI_TRY(reference_from(arguments, &reference));
    koi_text rid = reference_rid(&reference);
    KOI_TRY(koi_knowledge_read(rid, &stored));
    const koi_json *tags = koi_json_get(arguments, "tags");
    koi_json *contents = koi_json_object();
    koi_json_put(contents, "term", koi_json_get(arguments, "term"));
    koi_json_put(contents, "meanings", koi_json_get(arguments, "meanings"));
    koi_json_put(contents, "tags", tags == NULL ? koi_json_array() : tags);
    KOI_TRY(koi_knowledge_publish(rid, contents, NULL));
    koi_json *answer = koi_json_object();
    koi_json_put_string(answer, "rid", rid);
    koi_json_put(answer, "new", koi_json_boolean(stored == NULL));
    result->structured = answer;
    return KOI_OK;
}

koi_result look_up_term(const koi_json *arguments, koi_tool_result *result)
{
    term_reference reference;
    const koi_json *contents;
    KOI_TRY(reference_from(arguments, &reference));
    KOI_TRY(find_term(&reference, &contents));
    KOI_TRY(count_one(&reference));
    const koi_json *tags = koi_json_get(contents, "tags");
    koi_json *answer = koi_json_object();
    koi_json_put(answer, "term", koi_json_get(contents, "term"));
    koi_json_put(answer, "meanings", koi_json_get(contents, "meanings"));
    koi_json_put(answer, "tags", tags == NULL ? koi_json_array() : tags);
    result->structured = answer;
    return KOI_OK;
}

koi_result retire_term(const koi_json *arguments, koi_tool_result *result)
{
    static const char form[] = KOI_JSON({
        "type": "object",
        "properties": {"sure": {"type": "boolean", "title": "Yes, forget it"}},
        "required": ["sure"]
    });
    term_reference reference;
    const koi_bundle *stored;
    const koi_json *answers;
    KOI_TRY(reference_from(arguments, &reference));
    koi_text rid = reference_rid(&reference);
    KOI_TRY(koi_knowledge_read(rid, &stored));
    if (stored == NULL)
        return reference_missing(&reference);
    koi_json *questions = koi_json_object();
    koi_text message = koi_format("Forget `{}` of `{}`?", reference.name, reference.vocabulary);
    KOI_TRY(koi_ask_form(questions, "retire", message, form));
    KOI_TRY(koi_caller_ask(questions, &answers));
    bool sure = koi_json_is_true(koi_json_get(koi_answered_form(answers, "retire"), "sure"));
    if (sure)
        KOI_TRY(koi_knowledge_forget(rid));
    koi_json *answer = koi_json_object();
    koi_json_put(answer, "retired", koi_json_boolean(sure));
    result->structured = answer;
    return KOI_OK;
}

/* Most first, of equal ones by name. */
static int by_count(const void *left, const void *right)
{
    const count *one = left;
    const count *other = right;
    int order = (one->count < other->count) - (one->count > other->count);
    return order != 0 ? order : koi_compare(one->term.name, other->term.name);
}

koi_result popular_terms(const koi_json *arguments, koi_tool_result *result)
{
    koi_text vocabulary;
    count *counts;
    size_t number;
    KOI_TRY(name_of(koi_json_get_string(arguments, "vocabulary"), &vocabulary));
    KOI_TRY(counts_of(vocabulary, &counts, &number));
    if (number > 0)
        qsort(counts, number, sizeof *counts, by_count);
    size_t limit = (size_t)koi_json_integer(koi_json_get(arguments, "limit"), 10);
    koi_json *terms = koi_json_array();
    for (size_t at = 0; at < number && at < limit; at++) {
        koi_json *term = koi_json_object();
        koi_json_put_string(term, "name", counts[at].term.name);
        koi_json_put(term, "count", koi_json_number(counts[at].count));
        koi_json_add(terms, term);
    }
    koi_json *answer = koi_json_object();
    koi_json_put(answer, "terms", terms);
    result->structured = answer;
    return KOI_OK;
}
