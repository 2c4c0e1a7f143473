/* The functions of an extension as the contract has them: texts in, texts out. The glue of a component calls
 * these, and so do unit tests. */
#ifndef KOI_CALLS_H
#define KOI_CALLS_H

#include "koi.h"

koi_result koi_calls_describe(koi_text *answer);
koi_result koi_calls_health(koi_text *answer);
koi_result koi_calls_parse_reference(koi_text rid_type, koi_text reference, koi_text *canonical, koi_text *parts);
koi_result koi_calls_print_reference(koi_text rid_type, koi_text parts, koi_text *reference);
koi_result koi_calls_validate(koi_text schema, koi_text contents);
koi_result koi_calls_transform(koi_text from, koi_text to, koi_text contents, koi_text *answer);
koi_result koi_calls_list_tools(koi_text *answer);
koi_result koi_calls_call_tool(koi_text name, koi_text arguments, koi_text *answer);
koi_result koi_calls_list_resources(koi_text *answer);
koi_result koi_calls_list_prompts(koi_text *answer);
koi_result koi_calls_get_prompt(koi_text name, koi_text arguments, koi_text *answer);
koi_result koi_calls_complete(koi_completing *typed, koi_text context, koi_text *answer);
koi_result koi_calls_run_job(koi_text name, koi_text run, koi_text *answer);

/* A function of the extension that it need not define. */
#define KOI_DEFAULT __attribute__((weak))

#endif
