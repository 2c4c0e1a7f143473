/* The caller, secrets, the network, settings and the operator's log, over the contract. Fails as the host does;
 * `permanent` where settings cannot be read. */
#include "values.h"

const koi_json *koi_caller_who(void)
{
    guest_string_t answer;
    const koi_json *who = NULL;
    koi_extension_caller_who(&answer);
    /* The host writes JSON; what it would be otherwise, nobody is. */
    return koi_json_read(koi_from_guest(answer), &who) == KOI_OK ? who : NULL;
}

void koi_caller_progress(double progress, double total, koi_text message)
{
    guest_option_f64_t of = {.is_some = total >= 0, .val = total};
    guest_option_string_t said = koi_to_option(message);
    koi_extension_caller_progress(progress, &of, &said);
}

void koi_caller_log(const char *level, const koi_json *data)
{
    guest_string_t severity = koi_to_guest(koi_text_of(level));
    guest_string_t said = koi_to_guest(koi_json_write(data));
    koi_extension_caller_log(&severity, &said);
}

koi_result koi_caller_ask(const koi_json *questions, const koi_json **answers)
{
    guest_string_t asked = koi_to_guest(koi_json_write(questions));
    koi_extension_caller_result_json_error_t answer;
    koi_extension_caller_ask(&asked, &answer);
    if (answer.is_err)
        return koi_from_error(&answer.val.err);
    return koi_json_read(koi_from_guest(answer.val.ok), answers);
}

koi_result koi_secret_placeholder(const char *name, koi_text *placeholder)
{
    guest_string_t of = koi_to_guest(koi_text_of(name));
    koi_extension_secrets_result_string_error_t answer;
    koi_extension_secrets_placeholder(&of, &answer);
    if (answer.is_err)
        return koi_from_error(&answer.val.err);
    *placeholder = koi_from_guest(answer.val.ok);
    return KOI_OK;
}

koi_text koi_network_this_node(void)
{
    guest_string_t answer;
    koi_extension_network_this_node(&answer);
    return koi_from_guest(answer);
}

koi_result koi_network_neighbours(const koi_neighbour **neighbours, size_t *count)
{
    koi_extension_network_result_list_neighbour_error_t answer;
    koi_extension_network_neighbours(&answer);
    if (answer.is_err)
        return koi_from_error(&answer.val.err);
    koi_neighbour *items = koi_alloc(answer.val.ok.len * sizeof *items);
    for (size_t at = 0; at < answer.val.ok.len; at++) {
        const koi_extension_network_neighbour_t *of = &answer.val.ok.ptr[at];
        items[at] = (koi_neighbour){
            .rid = koi_from_guest(of->rid),
            .provider = of->provider,
            .subscriber = of->subscriber,
            .meta = koi_from_guest(of->meta),
        };
    }
    *neighbours = items;
    *count = answer.val.ok.len;
    return KOI_OK;
}

static koi_result unread(const char *key, const wasi_config_store_error_t *error)
{
    bool upstream = error->tag == WASI_CONFIG_STORE_ERROR_UPSTREAM;
    koi_text reason = koi_from_guest(upstream ? error->val.upstream : error->val.io);
    return koi_permanent("the setting `{}` cannot be read: {}", koi_text_of(key), reason);
}

koi_result koi_config_get(const char *key, koi_text *value)
{
    guest_string_t of = koi_to_guest(koi_text_of(key));
    wasi_config_store_result_option_string_error_t answer;
    wasi_config_store_get(&of, &answer);
    if (answer.is_err)
        return unread(key, &answer.val.err);
    *value = koi_from_option(answer.val.ok);
    return KOI_OK;
}

koi_result koi_config_all(const koi_json **settings)
{
    wasi_config_store_result_list_tuple2_string_string_error_t answer;
    wasi_config_store_get_all(&answer);
    if (answer.is_err)
        return unread("*", &answer.val.err);
    koi_json *all = koi_json_object();
    for (size_t at = 0; at < answer.val.ok.len; at++) {
        const guest_tuple2_string_string_t *one = &answer.val.ok.ptr[at];
        koi_json_set(all, koi_from_guest(one->f0), koi_json_text(koi_from_guest(one->f1)));
    }
    *settings = all;
    return KOI_OK;
}

void koi_log(koi_level level, const char *context, koi_text message)
{
    guest_string_t of = koi_to_guest(koi_text_of(context));
    guest_string_t said = koi_to_guest(message);
    wasi_logging_logging_log((wasi_logging_logging_level_t)level, &of, &said);
}
