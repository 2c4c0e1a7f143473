/* Exports `schemas`. */
#include "../calls.h"
#include "../guest/values.h"

KOI_TAKEN("schemas", "validate", schemas_validate)
KOI_TAKEN("schemas", "transform", schemas_transform)

void exports_koi_extension_schemas_validate(guest_string_t *schema, guest_string_t *contents,
                                            exports_koi_extension_schemas_result_void_error_t *ret)
{
    koi_result failure = koi_calls_validate(koi_from_guest(*schema), koi_from_guest(*contents));
    ret->is_err = koi_to_error(failure, &ret->val.err);
}

void exports_koi_extension_schemas_transform(guest_string_t *from, guest_string_t *to, guest_string_t *contents,
                                             exports_koi_extension_schemas_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    koi_result failure
        = koi_calls_transform(koi_from_guest(*from), koi_from_guest(*to), koi_from_guest(*contents), &answer);
    ret->is_err = koi_to_error(failure, &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}
