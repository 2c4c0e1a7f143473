/* Exports `extension`. */
#include "../calls.h"
#include "../guest/values.h"

KOI_TAKEN("extension", "describe", extension_describe)
KOI_TAKEN("extension", "start", extension_start)
KOI_TAKEN("extension", "health", extension_health)

void exports_koi_extension_extension_describe(exports_koi_extension_extension_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    ret->is_err = koi_to_error(koi_calls_describe(&answer), &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}

void exports_koi_extension_extension_start(exports_koi_extension_extension_result_void_error_t *ret)
{
    ret->is_err = koi_to_error(koi_start(), &ret->val.err);
}

void exports_koi_extension_extension_stop(void)
{
    koi_stop();
    koi_arena_reset();
}

void exports_koi_extension_extension_health(exports_koi_extension_extension_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    ret->is_err = koi_to_error(koi_calls_health(&answer), &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}
