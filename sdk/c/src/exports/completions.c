/* Exports `completions`. */
#include "../calls.h"
#include "../guest/values.h"

KOI_TAKEN("completions", "complete", completions_complete)

void exports_koi_extension_completions_complete(guest_string_t *kind, guest_string_t *name, guest_string_t *argument,
                                                guest_string_t *value, guest_string_t *context,
                                                exports_koi_extension_completions_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    koi_completing typed = {
        .kind = koi_from_guest(*kind),
        .name = koi_from_guest(*name),
        .argument = koi_from_guest(*argument),
        .value = koi_from_guest(*value),
    };
    ret->is_err = koi_to_error(koi_calls_complete(&typed, koi_from_guest(*context), &answer), &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}
