/* A term explained to somebody, as a prompt. */
#include "glossary.h"

static koi_result explain(const koi_json *arguments, koi_prompt_messages *messages)
{
    term_reference reference;
    const koi_json *contents;
    koi_text audience = koi_json_get_string(arguments, "audience");
    if (audience.data == NULL)
        audience = KOI_TEXT("a newcomer");
    KOI_TRY(reference_to(koi_json_get_string(arguments, "vocabulary"), koi_json_get_string(arguments, "term"),
                         &reference));
    KOI_TRY(find_term(&reference, &contents));
    koi_text term = koi_json_get_string(contents, "term");
    messages->description = koi_format("{}, for {}", term, audience);
    koi_text text = koi_format("Explain {} to {}. It means: {}", term, audience, meanings_joined(contents));
    koi_add_message(messages, "user", text);
    return KOI_OK;
}

const koi_prompt koi_prompts[] = {
    {
        .name = "explain_term",
        .description = "Has a term explained to somebody",
        .arguments = (const koi_prompt_argument[]){
            {"vocabulary", "Its vocabulary", true},
            {"term", "The term", true},
            {"audience", "To whom", false},
            {0},
        },
        .get = explain,
    },
    {0},
};
