/* The SDK's own tests: the reader of JSON takes what RFC 8259 has and nothing else, whatever the bytes are. */
#include <koi_testing.h>

const koi_description koi_extension = {.name = "sdk", .version = "0.1.0"};

static koi_text read_and_written(const char *text)
{
    const koi_json *value = NULL;
    KOI_CHECK_OK(koi_json_read(koi_text_of(text), &value));
    return koi_json_write(value);
}

static void refused(koi_text text)
{
    const koi_json *value = NULL;
    koi_result failure = koi_json_read(text, &value);
    KOI_CHECK(failure != KOI_OK && failure->kind == KOI_INVALID_INPUT);
}

KOI_TEST(what_is_read_is_written_as_it_was)
{
    static const char *const texts[] = {
        "null", "true", "false", "0", "-0", "1.50", "1e400", "-1.0E+2", "\"\"", "[]", "{}", "[1,[2,{\"a\":[]}]]",
        "{\"b\":1,\"a\":2,\"b\":3}", "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u0000\"", "\"\303\244\360\237\230\200\"",
    };
    for (size_t at = 0; at < sizeof texts / sizeof *texts; at++)
        KOI_CHECK_TEXT(read_and_written(texts[at]), texts[at]);
}

KOI_TEST(spaces_and_escapes_are_not_kept)
{
    KOI_CHECK_TEXT(read_and_written(" { \"a\" : [ 1 , 2 ] }\r\n\t"), "{\"a\":[1,2]}");
    KOI_CHECK_TEXT(read_and_written("\"\\u00e4\\/\\ud83d\\ude00\""), "\"\303\244/\360\237\230\200\"");
}

KOI_TEST(what_is_no_json_is_refused)
{
    static const char *const texts[] = {
        "", " ", "nul", "nulll", "+1", "01", "1.", ".5", "1e", "-", "'a'", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"",
        "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\n\"", "[1,]", "[1 2]", "[", "{", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}", "{1:2}", "[]]", "1 2", "\"\377\"", "\"\300\200\"", "\"\355\240\200\"", "\"\364\220\200\200\"",
    };
    for (size_t at = 0; at < sizeof texts / sizeof *texts; at++)
        refused(koi_text_of(texts[at]));
    refused((koi_text){"1\0", 2});
}

KOI_TEST(a_text_nests_at_most_128_deep)
{
    koi_buffer deep = {0};
    for (int at = 0; at < 128; at++)
        koi_append(&deep, KOI_TEXT("["));
    koi_buffer closed = {0};
    koi_append(&closed, koi_text_in(&deep));
    for (int at = 0; at < 128; at++)
        koi_append(&closed, KOI_TEXT("]"));
    const koi_json *value;
    KOI_CHECK_OK(koi_json_read(koi_text_in(&closed), &value));
    koi_append(&deep, KOI_TEXT("["));
    KOI_CHECK_FAILS(koi_json_read(koi_text_in(&deep), &value), "the JSON nests too deep at byte 129");
}

KOI_TEST(integers_are_numbers_that_fit)
{
    KOI_CHECK(koi_json_integer(koi_node_json("9223372036854775807"), 7) == INT64_MAX);
    KOI_CHECK(koi_json_integer(koi_node_json("-9223372036854775808"), 7) == INT64_MIN);
    KOI_CHECK(koi_json_integer(koi_node_json("9223372036854775808"), 7) == 7);
    KOI_CHECK(koi_json_integer(koi_node_json("1.0"), 7) == 7);
    KOI_CHECK_TEXT(koi_decimal(INT64_MIN), "-9223372036854775808");
}

KOI_TEST(mutilated_texts_are_read_or_refused)
{
    static const char text[] = "{\"a\":[1,-2.5e3,\"\\u00e4\\ud83d\\ude00\\n\",{\"b\":null}],\"\303\244\":true}";
    uint64_t state = 1;
    for (int round = 0; round < 20000; round++) {
        /* Of its own size, so that a tool that watches memory sees each byte too many. */
        char *bytes = koi_alloc(sizeof text);
        size_t size = 0;
        for (size_t at = 0; at < sizeof text - 1; at++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
            unsigned chance = (unsigned)(state >> 33);
            if (chance % 29 == 0)
                continue;
            bytes[size++] = chance % 31 == 0 ? (char)(chance >> 8) : text[at];
        }
        const koi_json *value = NULL;
        if (koi_json_read((koi_text){bytes, size}, &value) == KOI_OK)
            KOI_CHECK(koi_is_utf8(koi_json_write(value)));
    }
}

KOI_TEST(texts_are_put_in_their_places)
{
    KOI_CHECK_TEXT(koi_format("{} and {}: {}", KOI_TEXT("a"), KOI_TEXT("{}")), "a and {}: {}");
    KOI_CHECK_TEXT(koi_base64(KOI_TEXT("")), "");
    KOI_CHECK_TEXT(koi_base64(KOI_TEXT("f")), "Zg==");
    KOI_CHECK_TEXT(koi_base64(KOI_TEXT("fo")), "Zm8=");
    KOI_CHECK_TEXT(koi_base64(KOI_TEXT("foobar")), "Zm9vYmFy");
}

KOI_TEST(a_member_keeps_its_place_when_it_is_set_again)
{
    koi_json *object = koi_json_object();
    koi_json_put(object, "a", koi_json_number(1));
    koi_json_put(object, "b", koi_json_number(2));
    koi_json_put(object, "a", koi_json_number(3));
    KOI_CHECK_TEXT(koi_json_write(object), "{\"a\":3,\"b\":2}");
}
