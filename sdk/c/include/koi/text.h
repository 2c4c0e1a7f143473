/**
 * @file
 * Texts and bytes, and the arena that they live in.
 */
#ifndef KOI_TEXT_H
#define KOI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A text in UTF-8. Those that the SDK gives are followed by a zero byte that is not counted, so `data` is a C
 * string too; parts of others (koi_part, koi_split) are not. A zero byte may stand within a text. Where a text
 * may be missing, `data` is NULL.
 */
typedef struct koi_text {
    const char *data;
    size_t size;
} koi_text;

/** Any bytes. */
typedef koi_text koi_bytes;

/** Several texts. */
typedef struct koi_texts {
    const koi_text *items;
    size_t count;
} koi_texts;

/** The text of a string literal. */
#define KOI_TEXT(literal) ((koi_text){"" literal, sizeof(literal) - 1})

/** No text. */
#define KOI_NONE ((koi_text){NULL, 0})

/** JSON as a C string: `KOI_JSON({"type": "object"})`. It is not checked before it is used. */
#define KOI_JSON(...) #__VA_ARGS__

/** The text of a C string; KOI_NONE of NULL. */
koi_text koi_text_of(const char *string);

/** Whether two texts are the same. */
bool koi_equal(koi_text left, koi_text right);

/** The order of two texts by their bytes: less than, equal to or greater than 0. */
int koi_compare(koi_text left, koi_text right);

/** The bytes of a text from `from` on, up to but without `to`. Both are cut to its size. */
koi_text koi_part(koi_text text, size_t from, size_t to);

/** Whether a text begins so; what follows goes to `rest` unless that is NULL. */
bool koi_begins(koi_text text, koi_text beginning, koi_text *rest);

/** Parts a text at the first byte of this value. False, and nothing is written, if there is none. */
bool koi_split(koi_text text, char at, koi_text *before, koi_text *after);

/** Whether bytes are UTF-8, which everything has to be that goes to the host as text. */
bool koi_is_utf8(koi_bytes bytes);

/** A number as text. */
koi_text koi_decimal(int64_t number);

/** Bytes as base64 (RFC 4648, with padding), as MCP has pictures and sounds. */
koi_text koi_base64(koi_bytes bytes);

/** A text in which each `{}` of `pattern` is the next of the texts: `koi_format("{} is {}", name, what)`. */
#define koi_format(pattern, ...)                                                                                \
    koi_format_texts(pattern, (const koi_text[]){__VA_ARGS__},                                                  \
                     sizeof((const koi_text[]){__VA_ARGS__}) / sizeof(koi_text))

/** What koi_format calls. A `{}` beyond the last text stays as it is. */
koi_text koi_format_texts(const char *pattern, const koi_text *texts, size_t count);

/** A text that grows. Begins as `{0}`. */
typedef struct koi_buffer {
    char *data;
    size_t size;
    size_t capacity;
} koi_buffer;

/** Adds to the end of a buffer. */
void koi_append(koi_buffer *buffer, koi_text text);

/** What a buffer holds, until more is appended to it. */
koi_text koi_text_in(const koi_buffer *buffer);

/** Memory that lasts as long as the call; aligned for any type, and not set to anything. */
void *koi_alloc(size_t size);

#endif
