/* Resources: the table, and from the author's functions to the contract's. Fails as these do. */
#include "calls.h"

#include <string.h>

extern const koi_resource koi_resources[] __attribute__((weak));

KOI_DEFAULT koi_result koi_list_resources(koi_json *resources, koi_json *templates)
{
    for (const koi_resource *at = koi_resources; at != NULL && at->name != NULL; at++) {
        koi_json *listed = koi_json_object();
        koi_json_put_string(listed, "uri", koi_text_of(at->uri));
        koi_json_put_string(listed, "uriTemplate", koi_text_of(at->uri_template));
        koi_json_put_string(listed, "name", koi_text_of(at->name));
        koi_json_put_string(listed, "title", koi_text_of(at->title));
        koi_json_put_string(listed, "description", koi_text_of(at->description));
        koi_json_put_string(listed, "mimeType", koi_text_of(at->mime_type));
        koi_json_add(at->uri == NULL ? templates : resources, listed);
    }
    return KOI_OK;
}

KOI_DEFAULT koi_result koi_read_resource(koi_text uri, koi_contents_list *contents)
{
    (void)contents;
    return koi_no_resource(uri);
}

koi_result koi_no_resource(koi_text uri)
{
    return koi_invalid_input("there is no resource at `{}`", uri);
}

void koi_add_contents(koi_contents_list *list, koi_contents contents)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity * 2 + 1;
        koi_contents *items = koi_alloc(capacity * sizeof *items);
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = contents;
}

koi_result koi_calls_list_resources(koi_text *answer)
{
    koi_json *document = koi_json_object();
    koi_json *resources = koi_json_array();
    koi_json *templates = koi_json_array();
    KOI_TRY(koi_list_resources(resources, templates));
    koi_json_put(document, "resources", resources);
    koi_json_put(document, "templates", templates);
    *answer = koi_json_write(document);
    return KOI_OK;
}
