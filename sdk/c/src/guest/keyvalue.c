/* Values under keys, over wasi:keyvalue. Each call opens the bucket and lets go of it. Fails with `denied` without
 * the capability, `invalid-input` for a bucket that there is not, `transient` where the store is out of reach for
 * a while, `permanent` where it refuses. */
#include "values.h"

typedef wasi_keyvalue_store_own_bucket_t own;
typedef wasi_keyvalue_store_borrow_bucket_t borrowed;

static koi_result failed(const char *bucket, const wasi_keyvalue_store_error_t *error)
{
    koi_error_kind kind = KOI_PERMANENT;
    koi_text reason = KOI_NONE;
    switch (error->tag) {
    case WASI_KEYVALUE_STORE_ERROR_NO_SUCH_STORE:
        kind = KOI_INVALID_INPUT;
        reason = KOI_TEXT("there is none");
        break;
    case WASI_KEYVALUE_STORE_ERROR_ACCESS_DENIED:
        kind = KOI_DENIED;
        reason = KOI_TEXT("it is not granted");
        break;
    default:
        reason = koi_from_guest(error->val.other);
        /* The interface has no kinds of failure: the host begins the text of one that may pass so. */
        if (koi_begins(reason, KOI_TEXT("transient: "), &reason))
            kind = KOI_TRANSIENT;
    }
    return koi_fail(kind, koi_format("the key-value bucket `{}` could not be used: {}", koi_text_of(bucket), reason));
}

static koi_result open(const char *bucket, own *opened, borrowed *lent)
{
    guest_string_t of = koi_to_guest(koi_text_of(bucket));
    wasi_keyvalue_store_result_own_bucket_error_t answer;
    wasi_keyvalue_store_open(&of, &answer);
    if (answer.is_err)
        return failed(bucket, &answer.val.err);
    *opened = answer.val.ok;
    *lent = wasi_keyvalue_store_borrow_bucket(*opened);
    return KOI_OK;
}

/* Lets go of the bucket, and answers what the store said. */
#define CLOSED(bucket, opened, answer)                                                                          \
    wasi_keyvalue_store_bucket_drop_own(opened);                                                                \
    if ((answer).is_err)                                                                                        \
    return failed(bucket, &(answer).val.err)

koi_result koi_keyvalue_get(const char *bucket, koi_text key, koi_bytes *value)
{
    own opened;
    borrowed lent;
    KOI_TRY(open(bucket, &opened, &lent));
    guest_string_t of = koi_to_guest(key);
    wasi_keyvalue_store_result_option_list_u8_error_t answer;
    wasi_keyvalue_store_method_bucket_get(lent, &of, &answer);
    CLOSED(bucket, opened, answer);
    *value = answer.val.ok.is_some ? koi_from_bytes(answer.val.ok.val) : KOI_NONE;
    return KOI_OK;
}

koi_result koi_keyvalue_set(const char *bucket, koi_text key, koi_bytes value)
{
    own opened;
    borrowed lent;
    KOI_TRY(open(bucket, &opened, &lent));
    guest_string_t of = koi_to_guest(key);
    guest_list_u8_t bytes = koi_to_bytes(value);
    wasi_keyvalue_store_result_void_error_t answer;
    wasi_keyvalue_store_method_bucket_set(lent, &of, &bytes, &answer);
    CLOSED(bucket, opened, answer);
    return KOI_OK;
}

koi_result koi_keyvalue_delete(const char *bucket, koi_text key)
{
    own opened;
    borrowed lent;
    KOI_TRY(open(bucket, &opened, &lent));
    guest_string_t of = koi_to_guest(key);
    wasi_keyvalue_store_result_void_error_t answer;
    wasi_keyvalue_store_method_bucket_delete(lent, &of, &answer);
    CLOSED(bucket, opened, answer);
    return KOI_OK;
}

koi_result koi_keyvalue_exists(const char *bucket, koi_text key, bool *exists)
{
    own opened;
    borrowed lent;
    KOI_TRY(open(bucket, &opened, &lent));
    guest_string_t of = koi_to_guest(key);
    wasi_keyvalue_store_result_bool_error_t answer;
    wasi_keyvalue_store_method_bucket_exists(lent, &of, &answer);
    CLOSED(bucket, opened, answer);
    *exists = answer.val.ok;
    return KOI_OK;
}

koi_result koi_keyvalue_keys(const char *bucket, koi_texts *keys)
{
    guest_option_u64_t cursor = {.is_some = false};
    koi_text *all = NULL;
    size_t count = 0;
    size_t capacity = 0;
    do {
        own opened;
        borrowed lent;
        KOI_TRY(open(bucket, &opened, &lent));
        wasi_keyvalue_store_result_key_response_error_t answer;
        wasi_keyvalue_store_method_bucket_list_keys(lent, &cursor, &answer);
        CLOSED(bucket, opened, answer);
        const guest_list_string_t *page = &answer.val.ok.keys;
        if (count + page->len > capacity) {
            capacity = capacity * 2 + page->len;
            koi_text *more = koi_alloc(capacity * sizeof *more);
            for (size_t at = 0; at < count; at++)
                more[at] = all[at];
            all = more;
        }
        for (size_t at = 0; at < page->len; at++)
            all[count++] = koi_from_guest(page->ptr[at]);
        cursor = answer.val.ok.cursor;
    } while (cursor.is_some);
    *keys = (koi_texts){all, count};
    return KOI_OK;
}

koi_result koi_keyvalue_increment(const char *bucket, koi_text key, uint64_t delta, uint64_t *sum)
{
    own opened;
    borrowed lent;
    KOI_TRY(open(bucket, &opened, &lent));
    guest_string_t of = koi_to_guest(key);
    wasi_keyvalue_atomics_result_u64_error_t answer;
    wasi_keyvalue_atomics_increment(lent, &of, delta, &answer);
    CLOSED(bucket, opened, answer);
    if (sum != NULL)
        *sum = answer.val.ok;
    return KOI_OK;
}

koi_result koi_keyvalue_get_many(const char *bucket, koi_texts keys, const koi_bytes **values)
{
    own opened;
    borrowed lent;
    KOI_TRY(open(bucket, &opened, &lent));
    guest_list_string_t of = koi_to_list(keys);
    wasi_keyvalue_batch_result_list_option_tuple2_string_list_u8_error_t answer;
    wasi_keyvalue_batch_get_many(lent, &of, &answer);
    CLOSED(bucket, opened, answer);
    koi_bytes *found = koi_alloc(keys.count * sizeof *found);
    for (size_t at = 0; at < keys.count; at++) {
        bool there = at < answer.val.ok.len && answer.val.ok.ptr[at].is_some;
        found[at] = there ? koi_from_bytes(answer.val.ok.ptr[at].val.f1) : KOI_NONE;
    }
    *values = found;
    return KOI_OK;
}

koi_result koi_keyvalue_set_many(const char *bucket, koi_texts keys, const koi_bytes *values)
{
    own opened;
    borrowed lent;
    KOI_TRY(open(bucket, &opened, &lent));
    guest_tuple2_string_list_u8_t *items = koi_alloc(keys.count * sizeof *items);
    for (size_t at = 0; at < keys.count; at++)
        items[at] = (guest_tuple2_string_list_u8_t){koi_to_guest(keys.items[at]), koi_to_bytes(values[at])};
    guest_list_tuple2_string_list_u8_t of = {items, keys.count};
    wasi_keyvalue_batch_result_void_error_t answer;
    wasi_keyvalue_batch_set_many(lent, &of, &answer);
    CLOSED(bucket, opened, answer);
    return KOI_OK;
}

koi_result koi_keyvalue_delete_many(const char *bucket, koi_texts keys)
{
    own opened;
    borrowed lent;
    KOI_TRY(open(bucket, &opened, &lent));
    guest_list_string_t of = koi_to_list(keys);
    wasi_keyvalue_batch_result_void_error_t answer;
    wasi_keyvalue_batch_delete_many(lent, &of, &answer);
    CLOSED(bucket, opened, answer);
    return KOI_OK;
}
