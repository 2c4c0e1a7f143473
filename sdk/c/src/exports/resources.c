/* Exports `resources`. */
#include "../calls.h"
#include "../guest/values.h"

KOI_TAKEN("resources", "list-resources", resources_list_resources)
KOI_TAKEN("resources", "read-resource", resources_read_resource)

void exports_koi_extension_resources_list_resources(exports_koi_extension_resources_result_json_error_t *ret)
{
    koi_text answer = KOI_NONE;
    ret->is_err = koi_to_error(koi_calls_list_resources(&answer), &ret->val.err);
    if (!ret->is_err)
        ret->val.ok = koi_to_guest(answer);
}

static exports_koi_extension_resources_resource_contents_t piece(const koi_contents *of)
{
    exports_koi_extension_resources_resource_contents_t piece = {
        .uri = koi_to_guest(of->uri),
        .mime_type = koi_to_option(of->mime_type),
        .meta = koi_to_guest(of->meta == NULL ? KOI_TEXT("{}") : koi_json_write(of->meta)),
    };
    if (of->text.data != NULL) {
        piece.body.tag = EXPORTS_KOI_EXTENSION_RESOURCES_RESOURCE_BODY_TEXT;
        piece.body.val.text = koi_to_guest(of->text);
    } else {
        piece.body.tag = EXPORTS_KOI_EXTENSION_RESOURCES_RESOURCE_BODY_BLOB;
        piece.body.val.blob = koi_to_bytes(of->blob);
    }
    return piece;
}

void exports_koi_extension_resources_read_resource(
    guest_string_t *uri, exports_koi_extension_resources_result_list_resource_contents_error_t *ret)
{
    koi_contents_list list = {0};
    ret->is_err = koi_to_error(koi_read_resource(koi_from_guest(*uri), &list), &ret->val.err);
    if (ret->is_err)
        return;
    exports_koi_extension_resources_resource_contents_t *pieces = koi_alloc(list.count * sizeof *pieces);
    for (size_t at = 0; at < list.count; at++)
        pieces[at] = piece(&list.items[at]);
    ret->val.ok = (exports_koi_extension_resources_list_resource_contents_t){pieces, list.count};
}
