/* How often terms were looked up, in the bucket `default` under `count/VOCABULARY/NAME`. */
#include "glossary.h"

#define BUCKET "default"
#define PREFIX "count/"

static koi_text key(const term_reference *reference)
{
    return koi_format(PREFIX "{}", reference_text(reference));
}

koi_result count_one(const term_reference *reference)
{
    return koi_keyvalue_increment(BUCKET, key(reference), 1, NULL);
}

koi_result counts_of(koi_text vocabulary, count **counts, size_t *number)
{
    koi_texts keys;
    KOI_TRY(koi_keyvalue_keys(BUCKET, &keys));
    koi_text *wanted = koi_alloc(keys.count * sizeof *wanted);
    *counts = koi_alloc(keys.count * sizeof **counts);
    *number = 0;
    for (size_t at = 0; at < keys.count; at++) {
        koi_text rest;
        term_reference term;
        if (!koi_begins(keys.items[at], KOI_TEXT(PREFIX), &rest) || reference_of(rest, &term) != KOI_OK)
            continue;
        if (vocabulary.data != NULL && !koi_equal(term.vocabulary, vocabulary))
            continue;
        wanted[*number] = keys.items[at];
        (*counts)[(*number)++] = (count){term, 0};
    }
    const koi_bytes *values;
    KOI_TRY(koi_keyvalue_get_many(BUCKET, (koi_texts){wanted, *number}, &values));
    for (size_t at = 0; at < *number; at++) {
        const koi_json *value;
        if (koi_json_read(values[at], &value) == KOI_OK)
            (*counts)[at].count = koi_json_integer(value, 0);
    }
    return KOI_OK;
}

koi_result forget_counts(const term_reference *terms, size_t number)
{
    koi_text *keys = koi_alloc(number * sizeof *keys);
    for (size_t at = 0; at < number; at++)
        keys[at] = key(&terms[at]);
    return koi_keyvalue_delete_many(BUCKET, (koi_texts){keys, number});
}
