/* What is done without being called: forgetting the counts of terms that are no longer stored. */
#include "glossary.h"

koi_result koi_run_job(koi_text name, const koi_job_run *run, koi_json *answer)
{
    (void)run;
    if (!koi_equal(name, KOI_TEXT("tidy")))
        return koi_invalid_input("there is no job `{}`", name);
    count *counts;
    size_t number;
    size_t gone = 0;
    KOI_TRY(counts_of(KOI_NONE, &counts, &number));
    term_reference *terms = koi_alloc(number * sizeof *terms);
    for (size_t at = 0; at < number; at++) {
        const koi_bundle *stored;
        KOI_TRY(koi_knowledge_read(reference_rid(&counts[at].term), &stored));
        if (stored == NULL)
            terms[gone++] = counts[at].term;
    }
    KOI_TRY(forget_counts(terms, gone));
    koi_json_put(answer, "removed", koi_json_number((int64_t)gone));
    return KOI_OK;
}
