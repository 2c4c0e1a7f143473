/* A strict reader of JSON (RFC 8259). It fails with `invalid-input`, and the byte at which it did; it takes no
 * more memory than a multiple of the text, and no more stack than KOI_JSON_DEPTH levels. */
#include "json.h"

#include <string.h>

typedef struct reader {
    const char *at;
    const char *end;
    unsigned depth;
} reader;

static const koi_json *read_value(reader *from);

static bool take(reader *from, char letter)
{
    if (from->at == from->end || *from->at != letter)
        return false;
    from->at++;
    return true;
}

static bool take_word(reader *from, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(from->end - from->at) < size || memcmp(from->at, word, size) != 0)
        return false;
    from->at += size;
    return true;
}

static void skip_spaces(reader *from)
{
    while (take(from, ' ') || take(from, '\n') || take(from, '\r') || take(from, '\t'))
        ;
}

static bool take_digits(reader *from)
{
    const char *start = from->at;
    while (from->at != from->end && *from->at >= '0' && *from->at <= '9')
        from->at++;
    return from->at != start;
}

static const koi_json *read_number(reader *from)
{
    const char *start = from->at;
    take(from, '-');
    if (!take(from, '0') && !take_digits(from))
        return NULL;
    if (take(from, '.') && !take_digits(from))
        return NULL;
    if (take(from, 'e') || take(from, 'E')) {
        if (!take(from, '+'))
            take(from, '-');
        if (!take_digits(from))
            return NULL;
    }
    koi_buffer spelling = {0};
    koi_append(&spelling, (koi_text){start, (size_t)(from->at - start)});
    koi_json *value = koi_json_new(KOI_NUMBER);
    value->text = koi_text_in(&spelling);
    return value;
}

/* Four hexadecimal digits; more than 0xFFFF if they are none. */
static uint32_t read_unit(reader *from)
{
    uint32_t unit = 0;
    for (int digit = 0; digit < 4; digit++) {
        if (from->at == from->end)
            return UINT32_MAX;
        char letter = *from->at++;
        uint32_t worth = letter >= '0' && letter <= '9' ? (uint32_t)(letter - '0')
            : letter >= 'a' && letter <= 'f'            ? (uint32_t)(letter - 'a' + 10)
            : letter >= 'A' && letter <= 'F'            ? (uint32_t)(letter - 'A' + 10)
                                                        : UINT32_MAX;
        if (worth == UINT32_MAX)
            return UINT32_MAX;
        unit = unit << 4 | worth;
    }
    return unit;
}

static size_t put_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char firsts[] = {0, 0xC0, 0xE0, 0xF0};
    to[0] = (char)(firsts[more] | code >> 6 * more);
    for (size_t at = 1; at <= more; at++)
        to[at] = (char)(0x80 | (code >> 6 * (more - at) & 0x3F));
    return more + 1;
}

/* After a backslash. Gives how many bytes were written, 0 if it is no escape. */
static size_t read_escape(reader *from, char *to)
{
    static const char named[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    if (from->at == from->end)
        return 0;
    char letter = *from->at++;
    for (size_t at = 0; at + 1 < sizeof named; at += 2) {
        if (named[at] == letter) {
            *to = named[at + 1];
            return 1;
        }
    }
    uint32_t code = letter == 'u' ? read_unit(from) : UINT32_MAX;
    if (code >= 0xD800 && code < 0xDC00) {
        uint32_t low = take_word(from, "\\u") ? read_unit(from) : UINT32_MAX;
        if (low < 0xDC00 || low > 0xDFFF)
            return 0;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code > 0xFFFF || (code >= 0xDC00 && code < 0xE000)) {
        return 0;
    }
    return put_utf8(to, code);
}

/* After the quote that begins it. A text is never longer than its spelling. */
static bool read_text(reader *from, koi_text *text)
{
    const char *close = from->at;
    while (close != from->end && *close != '"')
        close += *close == '\\' && close + 1 != from->end ? 2 : 1;
    if (close == from->end)
        return false;
    char *letters = koi_alloc((size_t)(close - from->at) + 1);
    size_t size = 0;
    while (from->at != close) {
        unsigned char letter = (unsigned char)*from->at++;
        if (letter < 0x20)
            return false;
        if (letter != '\\') {
            letters[size++] = (char)letter;
            continue;
        }
        size_t escaped = read_escape(from, letters + size);
        if (escaped == 0)
            return false;
        size += escaped;
    }
    from->at++;
    letters[size] = '\0';
    *text = (koi_text){letters, size};
    return koi_is_utf8(*text);
}

static const koi_json *read_string(reader *from)
{
    koi_text text;
    return read_text(from, &text) ? koi_json_text(text) : NULL;
}

/* After the bracket that begins it. */
static const koi_json *read_container(reader *from, koi_json_kind kind, char close)
{
    koi_json *value = koi_json_new(kind);
    if (++from->depth > KOI_JSON_DEPTH)
        return NULL;
    skip_spaces(from);
    if (take(from, close)) {
        from->depth--;
        return value;
    }
    do {
        koi_text name = KOI_NONE;
        if (kind == KOI_OBJECT) {
            skip_spaces(from);
            if (!take(from, '"') || !read_text(from, &name))
                return NULL;
            skip_spaces(from);
            if (!take(from, ':'))
                return NULL;
        }
        const koi_json *item = read_value(from);
        if (item == NULL)
            return NULL;
        koi_json_push(value, name, item);
    } while (take(from, ','));
    from->depth--;
    return take(from, close) ? value : NULL;
}

/* With the spaces around it. NULL if there is none. */
static const koi_json *read_value(reader *from)
{
    skip_spaces(from);
    const koi_json *value = NULL;
    if (take(from, '{'))
        value = read_container(from, KOI_OBJECT, '}');
    else if (take(from, '['))
        value = read_container(from, KOI_ARRAY, ']');
    else if (take(from, '"'))
        value = read_string(from);
    else if (take_word(from, "true"))
        value = koi_json_boolean(true);
    else if (take_word(from, "false"))
        value = koi_json_boolean(false);
    else if (take_word(from, "null"))
        value = koi_json_null();
    else
        value = read_number(from);
    skip_spaces(from);
    return value;
}

koi_result koi_json_read(koi_text text, const koi_json **value)
{
    if (text.data == NULL)
        text = KOI_TEXT("");
    reader from = {text.data, text.data + text.size, 0};
    *value = read_value(&from);
    if (*value != NULL && from.at == from.end)
        return KOI_OK;
    koi_text place = koi_decimal(from.at - text.data);
    if (from.depth > KOI_JSON_DEPTH)
        return koi_invalid_input("the JSON nests too deep at byte {}", place);
    return koi_invalid_input("this is not JSON: byte {} does not belong there", place);
}
