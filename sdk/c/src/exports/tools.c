/* Exports `tools`. */
#include "../calls.h"
#include "../guest/values.h"

KOI_TAKEN("tools", "list-tools", tools_list_tools)
KOI_TAKEN("tools", "call-tool", tools_call_tool)

void exports_koi_extension_tools_list_tools(exports_koi_extension_tools_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    ret->is_err = koi_to_error(koi_calls_list_tools(&answer), &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}

void exports_koi_extension_tools_call_tool(guest_string_t *name, guest_string_t *arguments,
                                           exports_koi_extension_tools_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    koi_result failure = koi_calls_call_tool(koi_from_guest(*name), koi_from_guest(*arguments), &answer);
    ret->is_err = koi_to_error(failure, &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}
