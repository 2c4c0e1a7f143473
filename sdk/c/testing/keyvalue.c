/* Values under keys over a node in memory. A key stands in one table with its bucket before it. */
#include "node.h"

static koi_text in_bucket(const char *bucket, koi_text key)
{
    return koi_format("{}\n{}", koi_text_of(bucket), key);
}

koi_result koi_keyvalue_get(const char *bucket, koi_text key, koi_bytes *value)
{
    *value = table_get(&koi_node.values, in_bucket(bucket, key));
    return KOI_OK;
}

koi_result koi_keyvalue_set(const char *bucket, koi_text key, koi_bytes value)
{
    table_set(&koi_node.values, in_bucket(bucket, key), value.data == NULL ? KOI_TEXT("") : value);
    return KOI_OK;
}

koi_result koi_keyvalue_delete(const char *bucket, koi_text key)
{
    table_remove(&koi_node.values, in_bucket(bucket, key));
    return KOI_OK;
}

koi_result koi_keyvalue_exists(const char *bucket, koi_text key, bool *exists)
{
    *exists = table_get(&koi_node.values, in_bucket(bucket, key)).data != NULL;
    return KOI_OK;
}

koi_result koi_keyvalue_keys(const char *bucket, koi_texts *keys)
{
    koi_text beginning = in_bucket(bucket, KOI_TEXT(""));
    koi_text *items = koi_alloc(koi_node.values.count * sizeof *items);
    *keys = (koi_texts){items, 0};
    for (size_t at = 0; at < koi_node.values.count; at++) {
        if (koi_begins(koi_node.values.rows[at].name, beginning, &items[keys->count]))
            keys->count++;
    }
    return KOI_OK;
}

koi_result koi_keyvalue_increment(const char *bucket, koi_text key, uint64_t delta, uint64_t *sum)
{
    const koi_json *number = NULL;
    koi_text stored = table_get(&koi_node.values, in_bucket(bucket, key));
    if (stored.data == NULL)
        stored = KOI_TEXT("0");
    int64_t before = koi_json_read(stored, &number) == KOI_OK ? koi_json_integer(number, -1) : -1;
    if (before < 0 || delta > (uint64_t)(INT64_MAX - before))
        return koi_permanent("`{}` is not a number to add to", key);
    int64_t after = before + (int64_t)delta;
    if (sum != NULL)
        *sum = (uint64_t)after;
    return koi_keyvalue_set(bucket, key, koi_decimal(after));
}

koi_result koi_keyvalue_get_many(const char *bucket, koi_texts keys, const koi_bytes **values)
{
    koi_bytes *found = koi_alloc(keys.count * sizeof *found);
    for (size_t at = 0; at < keys.count; at++)
        KOI_TRY(koi_keyvalue_get(bucket, keys.items[at], &found[at]));
    *values = found;
    return KOI_OK;
}

koi_result koi_keyvalue_set_many(const char *bucket, koi_texts keys, const koi_bytes *values)
{
    for (size_t at = 0; at < keys.count; at++)
        KOI_TRY(koi_keyvalue_set(bucket, keys.items[at], values[at]));
    return KOI_OK;
}

koi_result koi_keyvalue_delete_many(const char *bucket, koi_texts keys)
{
    for (size_t at = 0; at < keys.count; at++)
        KOI_TRY(koi_keyvalue_delete(bucket, keys.items[at]));
    return KOI_OK;
}
