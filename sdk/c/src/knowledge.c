/* Knowledge beyond single host calls. Fails as these do. */
#include "koi/host.h"

koi_result koi_knowledge_each(const char *rid_type, koi_result (*visit)(const koi_bundle *bundle, void *context),
                              void *context)
{
    koi_text cursor = KOI_NONE;
    do {
        koi_page page = {0};
        koi_json *options = koi_json_object();
        koi_json_put_string(options, "cursor", cursor);
        KOI_TRY(koi_knowledge_query(rid_type, options, &page));
        for (size_t at = 0; at < page.count; at++)
            KOI_TRY(visit(&page.items[at], context));
        cursor = page.next;
    } while (cursor.data != NULL);
    return KOI_OK;
}
