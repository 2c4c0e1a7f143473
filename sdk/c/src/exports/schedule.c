/* Exports `schedule`. */
#include "../calls.h"
#include "../guest/values.h"

KOI_TAKEN("schedule", "run-job", schedule_run_job)

void exports_koi_extension_schedule_run_job(guest_string_t *name, guest_string_t *run,
                                            exports_koi_extension_schedule_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    koi_result failure = koi_calls_run_job(koi_from_guest(*name), koi_from_guest(*run), &answer);
    ret->is_err = koi_to_error(failure, &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}
