/**
 * @file
 * Unit tests on the author's machine: a node in memory, which the host calls of koi/host.h reach where there is no
 * host, and tests with names.
 *
 *     KOI_TEST(an_unknown_term_is_told_so) {
 *         koi_node_store("orn:glossary.term:rid", KOI_JSON({"meaning": "a name of knowledge"}));
 *         KOI_CHECK_TEXT(koi_node_call("look_up", KOI_JSON({"term": "rid"})), "{\"meaning\":\"a name of knowledge\"}");
 *     }
 *
 * Everything is granted, a publication is stored at once, and each test has a node of its own. Hashes and
 * timestamps are made up. Bundles come in whatever schema they are asked for, as they are stored.
 */
#ifndef KOI_TESTING_H
#define KOI_TESTING_H

#include "koi.h"

/** Defines a test; the program runs all of them. Its name is a sentence. */
#define KOI_TEST(name)                                                                                          \
    static void name(void);                                                                                     \
    __attribute__((constructor)) static void koi_register_##name(void)                                          \
    {                                                                                                           \
        koi_register(#name, name);                                                                              \
    }                                                                                                           \
    static void name(void)

/** Ends the test as failed unless the condition holds. */
#define KOI_CHECK(condition) koi_check((condition), #condition, __FILE__, __LINE__)

/** Ends the test as failed unless a text is this one. */
#define KOI_CHECK_TEXT(actual, expected) koi_check_text((actual), (expected), __FILE__, __LINE__)

/** Ends the test as failed unless a call went well. */
#define KOI_CHECK_OK(call) koi_check_result((call), NULL, __FILE__, __LINE__)

/** Ends the test as failed unless a call failed with this message. */
#define KOI_CHECK_FAILS(call, message) koi_check_result((call), (message), __FILE__, __LINE__)

/** Calls a tool. Its structured result as JSON; of one without, what it answers as the contract has it. */
koi_text koi_node_call(const char *tool, const char *arguments);

/** Calls a tool as the host does; `answer` is what it answers, as the contract has it. */
koi_result koi_node_try(const char *tool, const char *arguments, koi_text *answer);

/** The lists of the extension as the contract has them, and its description. They end the test if they fail. */
koi_text koi_node_tools(void);
koi_text koi_node_resources(void);
koi_text koi_node_prompts(void);
koi_text koi_node_description(void);

/** The messages of a prompt, and what a job answers, as the contract has them. */
koi_result koi_node_prompt(const char *name, const char *arguments, koi_text *answer);
koi_result koi_node_run(const char *job, koi_text *answer);

/** The value of a JSON text, which has to be one. */
const koi_json *koi_node_json(const char *text);

/** Stores a bundle. */
void koi_node_store(const char *rid, const char *contents);

/** The contents stored under a RID; KOI_NONE if there are none. */
koi_text koi_node_stored(const char *rid);

/** Sets a setting of the extension. */
void koi_node_configure(const char *key, const char *value);

/** Puts a neighbour on the network, a provider, and a subscriber to the RID types in a JSON array. */
void koi_node_add_neighbour(const char *rid, const char *rid_types);

/** Answers the HTTP requests of the extension from now on; without this, they are denied. */
void koi_node_serve(koi_result (*server)(const koi_http_request *request, koi_http_response *response));

/** Answers the questions of the extension from now on; without this, there is nobody to ask. */
void koi_node_answer(koi_result (*person)(koi_text key, const koi_json *question, const koi_json **answer));

/** What was written to the operator's log, in order. */
koi_texts koi_node_log(void);

/** What the caller was told of how far the call is: `1/3 term`. */
koi_texts koi_node_progress(void);

/* What the macros call. */
void koi_register(const char *name, void (*test)(void));
void koi_check(bool holds, const char *condition, const char *file, int line);
void koi_check_text(koi_text actual, const char *expected, const char *file, int line);
void koi_check_result(koi_result result, const char *message, const char *file, int line);

#endif
