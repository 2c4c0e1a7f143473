/* The node's knowledge, over the contract. Fails as the host does. */
#include "values.h"

static koi_result found(const koi_extension_knowledge_result_option_bundle_error_t *answer, const koi_bundle **bundle)
{
    if (answer->is_err)
        return koi_from_error(&answer->val.err);
    *bundle = NULL;
    if (answer->val.ok.is_some) {
        koi_bundle *copy = koi_alloc(sizeof *copy);
        *copy = koi_from_bundle(&answer->val.ok.val);
        *bundle = copy;
    }
    return KOI_OK;
}

koi_result koi_knowledge_read(koi_text rid, const koi_bundle **bundle)
{
    guest_string_t of = koi_to_guest(rid);
    koi_extension_knowledge_result_option_bundle_error_t answer;
    koi_extension_knowledge_read(&of, &answer);
    return found(&answer, bundle);
}

koi_result koi_knowledge_read_as(koi_text rid, const char *schema, const koi_bundle **bundle)
{
    guest_string_t of = koi_to_guest(rid);
    guest_string_t as = koi_to_guest(koi_text_of(schema));
    koi_extension_knowledge_result_option_bundle_error_t answer;
    koi_extension_knowledge_read_as(&of, &as, &answer);
    return found(&answer, bundle);
}

koi_result koi_knowledge_dereference(koi_text rid, const koi_bundle **bundle)
{
    guest_string_t of = koi_to_guest(rid);
    koi_extension_knowledge_result_option_bundle_error_t answer;
    koi_extension_knowledge_dereference(&of, &answer);
    return found(&answer, bundle);
}

static guest_string_t written(const koi_json *options)
{
    return koi_to_guest(options == NULL ? KOI_TEXT("{}") : koi_json_write(options));
}

koi_result koi_knowledge_query(const char *rid_type, const koi_json *options, koi_page *page)
{
    guest_string_t of = koi_to_guest(koi_text_of(rid_type));
    guest_string_t how = written(options);
    koi_extension_knowledge_result_bundle_page_error_t answer;
    koi_extension_knowledge_query(&of, &how, &answer);
    if (answer.is_err)
        return koi_from_error(&answer.val.err);
    const koi_extension_knowledge_bundle_page_t *given = &answer.val.ok;
    koi_bundle *items = koi_alloc(given->bundles.len * sizeof *items);
    for (size_t at = 0; at < given->bundles.len; at++)
        items[at] = koi_from_bundle(&given->bundles.ptr[at]);
    *page = (koi_page){
        .items = items,
        .count = given->bundles.len,
        .next = koi_from_option(given->next),
        .bounded = given->bounded.is_some ? given->bounded.val : 0,
    };
    return KOI_OK;
}

koi_result koi_knowledge_entries(const char *rid_type, const koi_json *options, koi_page *page)
{
    guest_string_t of = koi_to_guest(koi_text_of(rid_type));
    guest_string_t how = written(options);
    koi_extension_knowledge_result_entry_page_error_t answer;
    koi_extension_knowledge_entries(&of, &how, &answer);
    if (answer.is_err)
        return koi_from_error(&answer.val.err);
    const koi_extension_knowledge_entry_page_t *given = &answer.val.ok;
    koi_bundle *items = koi_alloc(given->entries.len * sizeof *items);
    for (size_t at = 0; at < given->entries.len; at++) {
        const koi_extension_knowledge_entry_t *entry = &given->entries.ptr[at];
        items[at] = (koi_bundle){
            .rid = koi_from_guest(entry->rid),
            .timestamp = koi_from_guest(entry->timestamp),
            .sha256_hash = koi_from_guest(entry->sha256_hash),
            .contents = KOI_TEXT(""),
            .meta = KOI_TEXT(""),
        };
    }
    *page = (koi_page){.items = items, .count = given->entries.len, .next = koi_from_option(given->next)};
    return KOI_OK;
}

koi_result koi_knowledge_publish(koi_text rid, const koi_json *contents, koi_bundle *publication)
{
    guest_string_t of = koi_to_guest(rid);
    koi_text written = koi_json_write(contents);
    guest_string_t what = koi_to_guest(written);
    koi_extension_knowledge_result_publication_error_t answer;
    koi_extension_knowledge_publish(&of, &what, &answer);
    if (answer.is_err)
        return koi_from_error(&answer.val.err);
    if (publication != NULL) {
        *publication = (koi_bundle){
            .rid = koi_from_guest(answer.val.ok.rid),
            .timestamp = koi_from_guest(answer.val.ok.timestamp),
            .sha256_hash = koi_from_guest(answer.val.ok.sha256_hash),
            .contents = written,
            .meta = KOI_TEXT("{}"),
        };
    }
    return KOI_OK;
}

koi_result koi_knowledge_forget(koi_text rid)
{
    guest_string_t of = koi_to_guest(rid);
    koi_extension_knowledge_result_void_error_t answer;
    koi_extension_knowledge_forget(&of, &answer);
    return answer.is_err ? koi_from_error(&answer.val.err) : KOI_OK;
}
