#include <koi_testing.h>

KOI_TEST(what_was_written_can_be_read)
{
    koi_text rid = koi_node_call("write_note", KOI_JSON({"title": "shopping", "text": "Milk"}));
    KOI_CHECK_TEXT(rid, "{\"rid\":\"orn:{{name}}.note:shopping\"}");
    KOI_CHECK_TEXT(koi_node_stored("orn:{{name}}.note:shopping"), "{\"text\":\"Milk\"}");
    KOI_CHECK_TEXT(koi_node_call("read_notes", "{}"), "{\"notes\":[{\"title\":\"shopping\",\"text\":\"Milk\"}]}");
}

KOI_TEST(a_note_that_says_nothing_is_stopped)
{
    koi_outcome outcome = {0};
    koi_object object = {
        .rid = KOI_TEXT("orn:{{name}}.note:empty"),
        .phase = KOI_PHASE_BUNDLE,
        .contents = KOI_TEXT(KOI_JSON({"text": " \n"})),
    };
    KOI_CHECK_OK(koi_handle(&object, &outcome));
    KOI_CHECK_TEXT(outcome.stop, "it says nothing");
}
