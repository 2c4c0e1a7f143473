/* Names of terms and vocabularies, and references of both. */
#include "glossary.h"

#define MAX_NAME 64

static bool is_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

/* Words of letters a-z and digits with one `-` between two of them. */
static bool is_name(koi_text text)
{
    if (text.size == 0 || text.size > MAX_NAME)
        return false;
    for (size_t at = 0; at < text.size; at++) {
        bool between = at > 0 && at + 1 < text.size && is_letter(text.data[at - 1]);
        if (!is_letter(text.data[at]) && !(text.data[at] == '-' && between))
            return false;
    }
    return true;
}

koi_result name_of(koi_text term, koi_text *name)
{
    koi_buffer words = {0};
    bool possible = true;
    bool gap = false;
    for (size_t at = 0; at < term.size; at++) {
        char letter = term.data[at];
        if (letter >= 'A' && letter <= 'Z')
            letter = (char)(letter - 'A' + 'a');
        if (is_letter(letter)) {
            if (gap && words.size > 0)
                koi_append(&words, KOI_TEXT("-"));
            koi_append(&words, (koi_text){&letter, 1});
            gap = false;
        } else {
            gap = true;
            possible &= letter == ' ' || letter == '_' || letter == '-';
        }
    }
    *name = koi_text_in(&words);
    if (possible && is_name(*name))
        return KOI_OK;
    return koi_invalid_input("`{}` cannot be a name: letters a-z, digits, spaces, - and _ can", term);
}

koi_result reference_of(koi_text text, term_reference *reference)
{
    if (koi_split(text, '/', &reference->vocabulary, &reference->name) && is_name(reference->vocabulary)
        && is_name(reference->name))
        return KOI_OK;
    return koi_invalid_input("`{}` is not vocabulary/name", text);
}

koi_result reference_in(koi_text rid, term_reference *reference)
{
    koi_text text = rid;
    koi_begins(rid, KOI_TEXT(TERM ":"), &text);
    return reference_of(text, reference);
}

koi_result reference_to(koi_text vocabulary, koi_text term, term_reference *reference)
{
    KOI_TRY(name_of(vocabulary, &reference->vocabulary));
    return name_of(term, &reference->name);
}

koi_text reference_text(const term_reference *reference)
{
    return koi_format("{}/{}", reference->vocabulary, reference->name);
}

koi_text reference_rid(const term_reference *reference)
{
    return koi_format(TERM ":{}/{}", reference->vocabulary, reference->name);
}

koi_result reference_missing(const term_reference *reference)
{
    return koi_invalid_input("there is no `{}` in `{}`", reference->name, reference->vocabulary);
}

koi_result koi_parse_reference(koi_text rid_type, koi_text text, koi_reference *parsed)
{
    (void)rid_type;
    term_reference reference;
    KOI_TRY(reference_of(text, &reference));
    koi_json_put_string(parsed->parts, "vocabulary", reference.vocabulary);
    koi_json_put_string(parsed->parts, "name", reference.name);
    parsed->canonical = text;
    return KOI_OK;
}

koi_result koi_print_reference(koi_text rid_type, const koi_json *parts, koi_text *text)
{
    (void)rid_type;
    term_reference reference = {koi_json_get_string(parts, "vocabulary"), koi_json_get_string(parts, "name")};
    *text = reference_text(&reference);
    return reference_of(*text, &reference);
}
