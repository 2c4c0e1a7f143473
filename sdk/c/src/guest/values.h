/* Between the SDK's values and those of wit-bindgen. Nothing is copied but lists. */
#ifndef KOI_GUEST_VALUES_H
#define KOI_GUEST_VALUES_H

#include "guest.h"
#include "koi.h"

/* What the host gave: it is in the arena, with a zero byte behind it. An empty text has no address. */
static inline koi_text koi_from_guest(guest_string_t text)
{
    return text.len == 0 ? KOI_TEXT("") : (koi_text){(const char *)text.ptr, text.len};
}

static inline koi_text koi_from_option(guest_option_string_t text)
{
    return text.is_some ? koi_from_guest(text.val) : KOI_NONE;
}

static inline guest_string_t koi_to_guest(koi_text text)
{
    return (guest_string_t){(uint8_t *)text.data, text.size};
}

static inline guest_option_string_t koi_to_option(koi_text text)
{
    return (guest_option_string_t){.is_some = text.data != NULL, .val = koi_to_guest(text)};
}

/* Bytes that may be empty and are there. */
static inline koi_bytes koi_from_bytes(guest_list_u8_t bytes)
{
    return bytes.len == 0 ? KOI_TEXT("") : (koi_bytes){(const char *)bytes.ptr, bytes.len};
}

static inline guest_list_u8_t koi_to_bytes(koi_bytes bytes)
{
    return (guest_list_u8_t){(uint8_t *)bytes.data, bytes.size};
}

koi_texts koi_from_list(const guest_string_t *texts, size_t count);
guest_list_string_t koi_to_list(koi_texts texts);
koi_bundle koi_from_bundle(const koi_extension_types_bundle_t *bundle);
koi_result koi_from_error(const koi_extension_types_error_t *error);

/* Puts a failure into a result of the contract; false if there is none. */
bool koi_to_error(koi_result failure, koi_extension_types_error_t *error);

/* After an exported function: what it gave was taken, so the arena is emptied. It takes the place of what
 * wit-bindgen made, which frees each part by itself. */
void koi_arena_reset(void);
#define KOI_TAKEN(interface, name, function)                                                                    \
    __attribute__((__export_name__("cabi_post_koi:extension/" interface "@0.1.0#" name))) void                  \
        __wasm_export_exports_koi_extension_##function##_post_return(uint8_t *result);                          \
    void __wasm_export_exports_koi_extension_##function##_post_return(uint8_t *result)                          \
    {                                                                                                           \
        (void)result;                                                                                           \
        koi_arena_reset();                                                                                      \
    }

#endif
