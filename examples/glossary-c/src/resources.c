/* Vocabularies as resources. */
#include "glossary.h"

#include <stdlib.h>
#include <string.h>

#define VOCABULARIES "glossary:vocabularies"
#define VOCABULARY "glossary:vocabulary/"

const koi_resource koi_resources[] = {
    {
        .uri = VOCABULARIES,
        .name = "vocabularies",
        .description = "The vocabularies, with how many terms each has",
        .mime_type = "application/json",
    },
    {
        .uri_template = VOCABULARY "{vocabulary}",
        .name = "vocabulary",
        .description = "All terms of a vocabulary",
        .mime_type = "text/markdown",
    },
    {0},
};

typedef struct vocabulary {
    koi_text name;
    int64_t terms;
} vocabulary;

typedef struct vocabularies {
    vocabulary *items;
    size_t count;
    size_t capacity;
} vocabularies;

/* The terms of a vocabulary follow each other in the order of RIDs. */
static koi_result count_term(const koi_bundle *bundle, void *context)
{
    vocabularies *all = context;
    term_reference reference;
    KOI_TRY(reference_in(bundle->rid, &reference));
    if (all->count > 0 && koi_equal(all->items[all->count - 1].name, reference.vocabulary)) {
        all->items[all->count - 1].terms++;
        return KOI_OK;
    }
    if (all->count == all->capacity) {
        all->capacity = all->capacity * 2 + 8;
        vocabulary *more = koi_alloc(all->capacity * sizeof *more);
        if (all->count > 0)
            memcpy(more, all->items, all->count * sizeof *more);
        all->items = more;
    }
    all->items[all->count++] = (vocabulary){reference.vocabulary, 1};
    return KOI_OK;
}

static int by_name(const void *left, const void *right)
{
    return koi_compare(((const vocabulary *)left)->name, ((const vocabulary *)right)->name);
}

static koi_result counted(koi_text *text)
{
    vocabularies all = {0};
    KOI_TRY(koi_knowledge_each(TERM, count_term, &all));
    if (all.count > 0)
        qsort(all.items, all.count, sizeof *all.items, by_name);
    koi_json *object = koi_json_object();
    for (size_t at = 0; at < all.count; at++)
        koi_json_set(object, all.items[at].name, koi_json_number(all.items[at].terms));
    *text = koi_json_write(object);
    return KOI_OK;
}

typedef struct listing {
    koi_text vocabulary;
    koi_buffer terms;
} listing;

static koi_result list_term(const koi_bundle *bundle, void *context)
{
    listing *of = context;
    term_reference reference;
    const koi_json *contents;
    KOI_TRY(reference_in(bundle->rid, &reference));
    if (!koi_equal(reference.vocabulary, of->vocabulary))
        return KOI_OK;
    KOI_TRY(koi_json_read(bundle->contents, &contents));
    koi_text term = koi_json_get_string(contents, "term");
    koi_append(&of->terms, koi_format("\n**{}**: {}\n", term, meanings_joined(contents)));
    return KOI_OK;
}

static koi_result listed(koi_text vocabulary, koi_text *text)
{
    listing of = {.vocabulary = vocabulary};
    KOI_TRY(koi_knowledge_each(TERM, list_term, &of));
    if (of.terms.size == 0)
        return koi_invalid_input("there is no vocabulary `{}`", vocabulary);
    *text = koi_format("# {}\n{}", vocabulary, koi_text_in(&of.terms));
    return KOI_OK;
}

koi_result koi_read_resource(koi_text uri, koi_contents_list *contents)
{
    koi_contents piece = {.uri = uri};
    koi_text vocabulary;
    if (koi_begins(uri, KOI_TEXT(VOCABULARY), &vocabulary)) {
        piece.mime_type = KOI_TEXT("text/markdown");
        KOI_TRY(listed(vocabulary, &piece.text));
    } else if (koi_equal(uri, KOI_TEXT(VOCABULARIES))) {
        piece.mime_type = KOI_TEXT("application/json");
        KOI_TRY(counted(&piece.text));
    } else {
        return koi_no_resource(uri);
    }
    koi_add_contents(contents, piece);
    return KOI_OK;
}
