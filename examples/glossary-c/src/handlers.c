/* Terms on their way into the node and on to others. */
#include "glossary.h"

static koi_result stays_private(const koi_object *object, koi_outcome *outcome)
{
    term_reference reference;
    KOI_TRY(reference_in(object->rid, &reference));
    if (koi_equal(reference.vocabulary, KOI_TEXT("private")))
        outcome->stop = KOI_TEXT("the vocabulary `private` stays where it is");
    return KOI_OK;
}

static const koi_json *trimmed(const koi_json *meaning, bool *changed)
{
    koi_text text = koi_json_string(meaning);
    size_t from = 0;
    size_t to = text.size;
    while (from < to && text.data[from] == ' ')
        from++;
    while (to > from && text.data[to - 1] == ' ')
        to--;
    if (to - from == text.size)
        return meaning;
    *changed = true;
    return koi_json_text(koi_part(text, from, to));
}

/* The same members, the meanings without spaces around them. NULL if there are none. */
static const koi_json *trimmed_contents(const koi_json *contents)
{
    bool changed = false;
    const koi_json *meanings = meanings_of(contents);
    koi_json *copy = koi_json_object();
    for (size_t at = 0; at < koi_json_count(contents); at++)
        koi_json_set(copy, koi_json_name_at(contents, at), koi_json_at(contents, at));
    if (meanings == NULL) {
        koi_json_put(copy, "meaning", trimmed(koi_json_get(contents, "meaning"), &changed));
    } else {
        koi_json *all = koi_json_array();
        for (size_t at = 0; at < koi_json_count(meanings); at++)
            koi_json_add(all, trimmed(koi_json_at(meanings, at), &changed));
        koi_json_put(copy, "meanings", all);
    }
    return changed ? copy : NULL;
}

static koi_result trims(const koi_object *object, const koi_json *contents, koi_outcome *outcome)
{
    term_reference reference;
    koi_text name;
    koi_text term = koi_json_get_string(contents, "term");
    KOI_TRY(name_of(term, &name));
    KOI_TRY(reference_in(object->rid, &reference));
    if (!koi_equal(name, reference.name))
        return koi_permanent("{} names another term than `{}`", object->rid, term);
    outcome->contents = trimmed_contents(contents);
    return KOI_OK;
}

static void keeps_drafts(const koi_json *contents, koi_outcome *outcome)
{
    static const koi_texts nobody = {NULL, 0};
    if (meanings_of(contents) == NULL)
        return;
    const koi_json *tags = koi_json_get(contents, "tags");
    for (size_t at = 0; at < koi_json_count(tags); at++) {
        if (koi_equal(koi_json_string(koi_json_at(tags, at)), KOI_TEXT("draft")))
            outcome->network_targets = &nobody;
    }
}

koi_result koi_handle(const koi_object *object, koi_outcome *outcome)
{
    if (object->phase == KOI_PHASE_RID)
        return stays_private(object, outcome);
    /* Of what was forgotten there are no contents. */
    if (object->contents.data == NULL)
        return KOI_OK;
    const koi_json *contents;
    KOI_TRY(koi_json_read(object->contents, &contents));
    if (object->phase == KOI_PHASE_BUNDLE)
        return trims(object, contents, outcome);
    if (object->phase == KOI_PHASE_NETWORK)
        keeps_drafts(contents, outcome);
    return KOI_OK;
}
