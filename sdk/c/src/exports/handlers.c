/* Exports `handlers`. Fails with `permanent` for a phase or an event type that this SDK does not know. */
#include "../guest/values.h"

KOI_TAKEN("handlers", "handle", handlers_handle)

static const char *const PHASES[] = {"", "rid", "manifest", "bundle", "network", "final"};

static const struct {
    const char *name;
    koi_event event;
} EVENTS[] = {{"NEW", KOI_EVENT_NEW}, {"UPDATE", KOI_EVENT_UPDATE}, {"FORGET", KOI_EVENT_FORGET}};

static koi_result phase_of(koi_text name, koi_phase *phase)
{
    for (size_t at = 1; at < sizeof PHASES / sizeof *PHASES; at++) {
        if (koi_equal(name, koi_text_of(PHASES[at]))) {
            *phase = (koi_phase)at;
            return KOI_OK;
        }
    }
    return koi_permanent("this extension's SDK knows no phase `{}`", name);
}

static koi_result event_of(guest_option_string_t name, koi_event *event)
{
    *event = KOI_EVENT_NONE;
    if (!name.is_some)
        return KOI_OK;
    for (size_t at = 0; at < sizeof EVENTS / sizeof *EVENTS; at++) {
        if (koi_equal(koi_from_guest(name.val), koi_text_of(EVENTS[at].name))) {
            *event = EVENTS[at].event;
            return KOI_OK;
        }
    }
    return koi_permanent("this extension's SDK knows no event type `{}`", koi_from_guest(name.val));
}

static guest_option_string_t name_of(koi_event event)
{
    for (size_t at = 0; at < sizeof EVENTS / sizeof *EVENTS; at++) {
        if (EVENTS[at].event == event)
            return koi_to_option(koi_text_of(EVENTS[at].name));
    }
    return koi_to_option(KOI_NONE);
}

static koi_result handle(const exports_koi_extension_handlers_knowledge_object_t *given, koi_outcome *outcome)
{
    koi_bundle previous;
    koi_object object = {
        .rid = koi_from_guest(given->rid),
        .source = koi_from_option((guest_option_string_t){given->source.is_some, given->source.val}),
        .timestamp = koi_from_option((guest_option_string_t){given->timestamp.is_some, given->timestamp.val}),
        .sha256_hash = koi_from_option(given->sha256_hash),
        .contents = koi_from_option((guest_option_string_t){given->contents.is_some, given->contents.val}),
        .network_targets = koi_from_list(given->network_targets.ptr, given->network_targets.len),
        .meta = koi_from_guest(given->meta),
    };
    if (given->previous.is_some) {
        previous = koi_from_bundle(&given->previous.val);
        object.previous = &previous;
    }
    KOI_TRY(phase_of(koi_from_guest(given->phase), &object.phase));
    KOI_TRY(event_of(given->event_type, &object.event));
    KOI_TRY(event_of(given->normalized_event_type, &object.normalized_event));
    return koi_handle(&object, outcome);
}

void exports_koi_extension_handlers_handle(exports_koi_extension_handlers_knowledge_object_t *object,
                                           exports_koi_extension_handlers_result_outcome_error_t *ret)
{
    koi_outcome outcome = {0};
    ret->is_err = koi_to_error(handle(object, &outcome), &ret->val.err);
    if (ret->is_err)
        return;
    exports_koi_extension_handlers_outcome_t *ok = &ret->val.ok;
    if (outcome.stop.data != NULL) {
        ok->tag = EXPORTS_KOI_EXTENSION_HANDLERS_OUTCOME_STOP;
        ok->val.stop = koi_to_guest(outcome.stop);
        return;
    }
    if (outcome.contents == NULL && outcome.normalized_event == KOI_EVENT_NONE && outcome.network_targets == NULL) {
        ok->tag = EXPORTS_KOI_EXTENSION_HANDLERS_OUTCOME_UNCHANGED;
        return;
    }
    ok->tag = EXPORTS_KOI_EXTENSION_HANDLERS_OUTCOME_REPLACE;
    exports_koi_extension_handlers_replacement_t *replace = &ok->val.replace;
    koi_text contents = outcome.contents == NULL ? KOI_NONE : koi_json_write(outcome.contents);
    replace->contents.is_some = contents.data != NULL;
    replace->contents.val = koi_to_guest(contents);
    replace->normalized_event_type = name_of(outcome.normalized_event);
    replace->network_targets.is_some = outcome.network_targets != NULL;
    if (outcome.network_targets != NULL) {
        guest_list_string_t targets = koi_to_list(*outcome.network_targets);
        replace->network_targets.val.ptr = targets.ptr;
        replace->network_targets.val.len = targets.len;
    }
    replace->meta = koi_to_guest(KOI_TEXT("{}"));
}
