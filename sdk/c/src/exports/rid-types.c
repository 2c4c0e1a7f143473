/* Exports `rid-types`. */
#include "../calls.h"
#include "../guest/values.h"

KOI_TAKEN("rid-types", "parse-reference", rid_types_parse_reference)
KOI_TAKEN("rid-types", "print-reference", rid_types_print_reference)

void exports_koi_extension_rid_types_parse_reference(guest_string_t *rid_type, guest_string_t *reference,
                                                     exports_koi_extension_rid_types_result_parsed_reference_error_t *ret)
{
    koi_text canonical = KOI_NONE;
    koi_text parts = KOI_NONE;
    koi_result failure
        = koi_calls_parse_reference(koi_from_guest(*rid_type), koi_from_guest(*reference), &canonical, &parts);
    ret->is_err = koi_to_error(failure, &ret->val.err);
    if (!ret->is_err) {
        ret->val.ok.canonical = koi_to_guest(canonical);
        ret->val.ok.parts = koi_to_guest(parts);
    }
}

void exports_koi_extension_rid_types_print_reference(guest_string_t *rid_type, guest_string_t *parts,
                                                     exports_koi_extension_rid_types_result_string_error_t *ret)
{
    koi_text reference = KOI_NONE;
    koi_result failure
        = koi_calls_print_reference(koi_from_guest(*rid_type), koi_from_guest(*parts), &reference);
    ret->is_err = koi_to_error(failure, &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(reference);
}
