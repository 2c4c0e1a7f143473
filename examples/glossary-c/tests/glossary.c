/* The glossary over a node in memory. */
#include "glossary.h"

#include <koi_testing.h>

KOI_TEST(terms_have_names_of_lower_case_words)
{
    KOI_CHECK_TEXT(koi_node_call("name_of_term", KOI_JSON({"term": " Knowledge_Object--2 "})),
                   "{\"name\":\"knowledge-object-2\"}");
}

KOI_TEST(what_cannot_be_a_name_is_told_so)
{
    static const char *const terms[] = {"", "- _", "a.b", "\303\204", "\342\204\252"};
    for (size_t at = 0; at < sizeof terms / sizeof *terms; at++) {
        koi_text name;
        koi_text message = koi_format("`{}` cannot be a name: letters a-z, digits, spaces, - and _ can",
                                      koi_text_of(terms[at]));
        KOI_CHECK_FAILS(name_of(koi_text_of(terms[at]), &name), message.data);
    }
}

KOI_TEST(a_name_has_at_most_64_bytes)
{
    koi_buffer letters = {0};
    koi_text name;
    for (int at = 0; at < 64; at++)
        koi_append(&letters, KOI_TEXT("x"));
    KOI_CHECK_OK(name_of(koi_text_in(&letters), &name));
    koi_append(&letters, KOI_TEXT("x"));
    KOI_CHECK(name_of(koi_text_in(&letters), &name) != KOI_OK);
}

KOI_TEST(a_zero_byte_ends_no_text)
{
    koi_text answer;
    KOI_CHECK(koi_node_try("name_of_term", "{\"term\":\"a\\u0000b\"}", &answer) != KOI_OK);
}

KOI_TEST(references_are_a_vocabulary_and_a_name)
{
    koi_reference parsed = {.parts = koi_json_object()};
    KOI_CHECK_OK(koi_parse_reference(KOI_TEXT(TERM), KOI_TEXT("koi/event"), &parsed));
    KOI_CHECK_TEXT(koi_json_write(parsed.parts), "{\"vocabulary\":\"koi\",\"name\":\"event\"}");
    koi_text printed;
    KOI_CHECK_OK(koi_print_reference(KOI_TEXT(TERM), parsed.parts, &printed));
    KOI_CHECK_TEXT(printed, "koi/event");
    KOI_CHECK_FAILS(koi_parse_reference(KOI_TEXT(TERM), KOI_TEXT("Koi/event"), &parsed),
                    "`Koi/event` is not vocabulary/name");
    KOI_CHECK_FAILS(koi_parse_reference(KOI_TEXT(TERM), KOI_TEXT("a/b/c"), &parsed),
                    "`a/b/c` is not vocabulary/name");
}

KOI_TEST(no_meaning_stands_there_twice)
{
    const koi_json *contents = koi_node_json(KOI_JSON({"term": "a", "meanings": ["a", "b", "c", "b", "a"]}));
    KOI_CHECK_FAILS(koi_validate(KOI_TEXT(TERM_V2), contents), "the meaning `b` stands there twice");
}

KOI_TEST(version_1_becomes_version_2)
{
    const koi_json *later;
    const koi_json *earlier = koi_node_json(KOI_JSON({"term": "T", "meaning": "M"}));
    KOI_CHECK_OK(koi_transform(KOI_TEXT(TERM_V1), KOI_TEXT(TERM_V2), earlier, &later));
    KOI_CHECK_TEXT(koi_json_write(later), "{\"term\":\"T\",\"meanings\":[\"M\"],\"tags\":[]}");
}

static koi_outcome handled(koi_phase phase, const char *rid, const char *contents)
{
    koi_outcome outcome = {0};
    koi_object object = {.rid = koi_text_of(rid), .phase = phase, .contents = koi_text_of(contents)};
    KOI_CHECK_OK(koi_handle(&object, &outcome));
    return outcome;
}

KOI_TEST(the_private_vocabulary_stays_where_it_is)
{
    KOI_CHECK_TEXT(handled(KOI_PHASE_RID, TERM ":private/a", NULL).stop, "the vocabulary `private` stays where it is");
    KOI_CHECK(handled(KOI_PHASE_RID, TERM ":koi/a", NULL).stop.data == NULL);
}

KOI_TEST(meanings_lose_the_spaces_around_them)
{
    koi_outcome outcome = handled(KOI_PHASE_BUNDLE, TERM ":koi/a", KOI_JSON({"meaning": " M ", "term": "a", "n": 1.50}));
    KOI_CHECK_TEXT(koi_json_write(outcome.contents), "{\"meaning\":\"M\",\"term\":\"a\",\"n\":1.50}");
    KOI_CHECK(handled(KOI_PHASE_BUNDLE, TERM ":koi/a", KOI_JSON({"term": "a", "meaning": "\tM"})).contents == NULL);
}

KOI_TEST(a_rid_names_the_term_of_its_contents)
{
    koi_outcome outcome = {0};
    koi_object object = {
        .rid = KOI_TEXT(TERM ":koi/a"),
        .phase = KOI_PHASE_BUNDLE,
        .contents = KOI_TEXT(KOI_JSON({"term": "b", "meaning": "M"})),
    };
    KOI_CHECK_FAILS(koi_handle(&object, &outcome), TERM ":koi/a names another term than `b`");
}

KOI_TEST(nobody_is_told_of_drafts)
{
    const char *draft = KOI_JSON({"term": "a", "meanings": ["x"], "tags": ["new", "draft"]});
    KOI_CHECK(handled(KOI_PHASE_NETWORK, TERM ":koi/a", draft).network_targets->count == 0);
    KOI_CHECK(handled(KOI_PHASE_NETWORK, TERM ":koi/a", KOI_JSON({"term": "a", "meaning": "x"})).network_targets == NULL);
}

KOI_TEST(terms_are_defined_looked_up_and_counted)
{
    koi_text answer;
    const char *event = KOI_JSON({"vocabulary": "KOI", "term": "Event"});
    KOI_CHECK_FAILS(koi_node_try("look_up_term", event, &answer), "there is no `event` in `koi`");
    KOI_CHECK_TEXT(koi_node_call("define_term", KOI_JSON({"vocabulary": "KOI", "term": "Event", "meanings": ["M"]})),
                   "{\"rid\":\"orn:glossary.term:koi/event\",\"new\":true}");
    KOI_CHECK_TEXT(koi_node_call("look_up_term", event), "{\"term\":\"Event\",\"meanings\":[\"M\"],\"tags\":[]}");
    KOI_CHECK_TEXT(koi_node_call("popular_terms", KOI_JSON({"vocabulary": "koi"})),
                   "{\"terms\":[{\"name\":\"event\",\"count\":1}]}");
    KOI_CHECK_OK(koi_knowledge_forget(KOI_TEXT(TERM ":koi/event")));
    KOI_CHECK_OK(koi_node_run("tidy", &answer));
    KOI_CHECK_TEXT(answer, "{\"removed\":1}");
}

KOI_TEST(an_import_tells_how_far_it_is)
{
    koi_text imported = koi_node_call("import_terms", KOI_JSON({
        "vocabulary": "koi",
        "terms": [{"term": "One", "meaning": "1"}, {"term": "Two", "meaning": "2"}]
    }));
    KOI_CHECK_TEXT(imported, "{\"imported\":2}");
    KOI_CHECK_TEXT(koi_node_progress().items[1], "2/2 Two");
    KOI_CHECK_TEXT(koi_node_stored(TERM ":koi/two"), "{\"term\":\"Two\",\"meaning\":\"2\"}");
}

static koi_result server(const koi_http_request *request, koi_http_response *response)
{
    bool busy = koi_equal(request->url, KOI_TEXT("http://a/busy"));
    response->status = busy ? 503 : 200;
    response->body = KOI_TEXT(KOI_JSON([{"term": "Hash", "meaning": "H", "more": 1}]));
    return KOI_OK;
}

KOI_TEST(a_list_of_a_server_is_imported)
{
    koi_text answer;
    koi_node_serve(server);
    KOI_CHECK_TEXT(koi_node_call("import_from", KOI_JSON({"vocabulary": "koi", "url": "http://a/terms"})),
                   "{\"imported\":1}");
    KOI_CHECK_TEXT(koi_node_stored(TERM ":koi/hash"), "{\"term\":\"Hash\",\"meaning\":\"H\"}");
    KOI_CHECK_FAILS(koi_node_try("import_from", KOI_JSON({"vocabulary": "koi", "url": "http://a/busy"}), &answer),
                    "http://a/busy answered with status 503");
}

static koi_result person(koi_text key, const koi_json *question, const koi_json **answer)
{
    KOI_CHECK_TEXT(key, "retire");
    KOI_CHECK_TEXT(koi_json_get_string(koi_json_get(question, "params"), "message"), "Forget `event` of `koi`?");
    *answer = koi_node_json(KOI_JSON({"action": "accept", "content": {"sure": true}}));
    return KOI_OK;
}

KOI_TEST(a_term_is_forgotten_once_somebody_is_sure)
{
    koi_node_answer(person);
    koi_node_store(TERM ":koi/event", KOI_JSON({"term": "Event", "meaning": "M"}));
    KOI_CHECK_TEXT(koi_node_call("retire_term", KOI_JSON({"vocabulary": "koi", "term": "event"})),
                   "{\"retired\":true}");
    KOI_CHECK(koi_node_stored(TERM ":koi/event").data == NULL);
}

KOI_TEST(vocabularies_are_counted_and_their_terms_listed)
{
    koi_contents_list contents = {0};
    koi_node_store(TERM ":a-b/x", KOI_JSON({"term": "X", "meaning": "x"}));
    koi_node_store(TERM ":a/node", KOI_JSON({"term": "Node", "meaning": "N"}));
    koi_node_store(TERM ":a/event", KOI_JSON({"term": "Event", "meanings": ["A", "B"]}));
    KOI_CHECK_OK(koi_read_resource(KOI_TEXT("glossary:vocabularies"), &contents));
    KOI_CHECK_OK(koi_read_resource(KOI_TEXT("glossary:vocabulary/a"), &contents));
    KOI_CHECK_TEXT(contents.items[0].text, "{\"a\":2,\"a-b\":1}");
    KOI_CHECK_TEXT(contents.items[1].text, "# a\n\n**Event**: A; B\n\n**Node**: N\n");
    KOI_CHECK_FAILS(koi_read_resource(KOI_TEXT("glossary:vocabulary/c"), &contents), "there is no vocabulary `c`");
}

KOI_TEST(a_term_is_explained)
{
    koi_text answer;
    koi_node_store(TERM ":koi/event", KOI_JSON({"term": "Event", "meanings": ["A", "B"]}));
    KOI_CHECK_OK(koi_node_prompt("explain_term", KOI_JSON({"vocabulary": "KOI", "term": "event"}), &answer));
    KOI_CHECK_TEXT(answer, "{\"description\":\"Event, for a newcomer\",\"messages\":[{\"role\":\"user\",\"content\":"
                           "{\"type\":\"text\",\"text\":\"Explain Event to a newcomer. It means: A; B\"}}]}");
}
