/* Exports `prompts`. */
#include "../calls.h"
#include "../guest/values.h"

KOI_TAKEN("prompts", "list-prompts", prompts_list_prompts)
KOI_TAKEN("prompts", "get-prompt", prompts_get_prompt)

void exports_koi_extension_prompts_list_prompts(exports_koi_extension_prompts_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    ret->is_err = koi_to_error(koi_calls_list_prompts(&answer), &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}

void exports_koi_extension_prompts_get_prompt(guest_string_t *name, guest_string_t *arguments,
                                              exports_koi_extension_prompts_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    koi_result failure = koi_calls_get_prompt(koi_from_guest(*name), koi_from_guest(*arguments), &answer);
    ret->is_err = koi_to_error(failure, &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}
