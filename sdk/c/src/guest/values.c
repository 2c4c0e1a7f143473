/* Between the SDK's values and those of wit-bindgen, and the memory that the host asks for. Fails by ending the
 * call, where there is no more memory. */
#include "values.h"

#include <stdlib.h>
#include <string.h>

void *cabi_realloc(void *memory, size_t old_size, size_t align, size_t new_size);
void *cabi_realloc_adapter(void *memory, size_t old_size, size_t align, size_t new_size);

/* What the host gives lives as long as the call, with a zero byte behind it. */
__attribute__((__export_name__("cabi_realloc"))) void *cabi_realloc(
    void *memory, size_t old_size, size_t align, size_t new_size)
{
    (void)align;
    char *moved = koi_alloc(new_size + 1);
    if (old_size > 0)
        memcpy(moved, memory, old_size < new_size ? old_size : new_size);
    moved[new_size] = '\0';
    return moved;
}

/* What the adapter of WASI keeps for itself outlives calls. */
__attribute__((__export_name__("cabi_realloc_adapter"))) void *cabi_realloc_adapter(
    void *memory, size_t old_size, size_t align, size_t new_size)
{
    (void)old_size, (void)align;
    void *moved = realloc(memory, new_size);
    if (moved == NULL)
        abort();
    return moved;
}

koi_texts koi_from_list(const guest_string_t *texts, size_t count)
{
    koi_text *items = koi_alloc(count * sizeof *items);
    for (size_t at = 0; at < count; at++)
        items[at] = koi_from_guest(texts[at]);
    return (koi_texts){items, count};
}

guest_list_string_t koi_to_list(koi_texts texts)
{
    guest_string_t *items = koi_alloc(texts.count * sizeof *items);
    for (size_t at = 0; at < texts.count; at++)
        items[at] = koi_to_guest(texts.items[at]);
    return (guest_list_string_t){items, texts.count};
}

koi_bundle koi_from_bundle(const koi_extension_types_bundle_t *bundle)
{
    return (koi_bundle){
        .rid = koi_from_guest(bundle->rid),
        .timestamp = koi_from_guest(bundle->timestamp),
        .sha256_hash = koi_from_guest(bundle->sha256_hash),
        .contents = koi_from_guest(bundle->contents),
        .meta = koi_from_guest(bundle->meta),
    };
}

koi_result koi_from_error(const koi_extension_types_error_t *error)
{
    koi_error *failure = koi_alloc(sizeof *failure);
    bool other = error->kind.tag == KOI_EXTENSION_TYPES_ERROR_KIND_OTHER;
    *failure = (koi_error){
        .kind = (koi_error_kind)error->kind.tag,
        .code = other ? koi_from_guest(error->kind.val.other) : KOI_NONE,
        .message = koi_from_guest(error->message),
    };
    return failure;
}

bool koi_to_error(koi_result failure, koi_extension_types_error_t *error)
{
    if (failure == KOI_OK)
        return false;
    error->kind.tag = (uint8_t)failure->kind;
    if (failure->kind == KOI_OTHER)
        error->kind.val.other = koi_to_guest(failure->code);
    error->message = koi_to_guest(failure->message);
    return true;
}
