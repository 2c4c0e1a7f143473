/* What is published under a term's RID: two versions of its contents, and the way from the first to the second. */
#include "glossary.h"

const koi_json *meanings_of(const koi_json *contents)
{
    const koi_json *meanings = koi_json_get(contents, "meanings");
    if (koi_json_kind_of(meanings) != KOI_ARRAY)
        return NULL;
    for (size_t at = 0; at < koi_json_count(meanings); at++) {
        if (koi_json_kind_of(koi_json_at(meanings, at)) != KOI_STRING)
            return NULL;
    }
    return meanings;
}

koi_text meanings_joined(const koi_json *contents)
{
    const koi_json *meanings = meanings_of(contents);
    if (meanings == NULL)
        return koi_json_get_string(contents, "meaning");
    koi_buffer joined = {0};
    for (size_t at = 0; at < koi_json_count(meanings); at++) {
        koi_append(&joined, at > 0 ? KOI_TEXT("; ") : KOI_TEXT(""));
        koi_append(&joined, koi_json_string(koi_json_at(meanings, at)));
    }
    return koi_text_in(&joined);
}

koi_result find_term(const term_reference *reference, const koi_json **contents)
{
    const koi_bundle *bundle;
    KOI_TRY(koi_knowledge_read_as(reference_rid(reference), TERM_V2, &bundle));
    if (bundle == NULL)
        return reference_missing(reference);
    return koi_json_read(bundle->contents, contents);
}

koi_result koi_validate(koi_text schema, const koi_json *contents)
{
    (void)schema;
    const koi_json *meanings = meanings_of(contents);
    for (size_t at = 0; at < koi_json_count(meanings); at++) {
        koi_text meaning = koi_json_string(koi_json_at(meanings, at));
        for (size_t earlier = 0; earlier < at; earlier++) {
            if (koi_equal(koi_json_string(koi_json_at(meanings, earlier)), meaning))
                return koi_invalid_input("the meaning `{}` stands there twice", meaning);
        }
    }
    return KOI_OK;
}

koi_result koi_transform(koi_text from, koi_text to, const koi_json *contents, const koi_json **result)
{
    (void)from, (void)to;
    koi_json *meanings = koi_json_array();
    koi_json_add(meanings, koi_json_get(contents, "meaning"));
    koi_json *later = koi_json_object();
    koi_json_put(later, "term", koi_json_get(contents, "term"));
    koi_json_put(later, "meanings", meanings);
    koi_json_put(later, "tags", koi_json_array());
    *result = later;
    return KOI_OK;
}
