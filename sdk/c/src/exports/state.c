/* Exports `state`. */
#include "../guest/values.h"

KOI_TAKEN("state", "save", state_save)
KOI_TAKEN("state", "load", state_load)

void exports_koi_extension_state_save(exports_koi_extension_state_result_list_u8_error_t *ret)
{
    koi_bytes state = KOI_NONE;
    ret->is_err = koi_to_error(koi_save(&state), &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_bytes(state);
}

void exports_koi_extension_state_load(guest_list_u8_t *state, exports_koi_extension_state_result_void_error_t *ret)
{
    ret->is_err = koi_to_error(koi_load(koi_from_bytes(*state)), &ret->val.err);
}
