/* Texts. Nothing here fails but for want of memory. */
#include "koi/error.h"
#include "arena.h"

#include <string.h>

koi_text koi_text_of(const char *string)
{
    return string == NULL ? KOI_NONE : (koi_text){string, strlen(string)};
}

bool koi_equal(koi_text left, koi_text right)
{
    return left.size == right.size && (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

int koi_compare(koi_text left, koi_text right)
{
    size_t common = left.size < right.size ? left.size : right.size;
    int order = common == 0 ? 0 : memcmp(left.data, right.data, common);
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

koi_text koi_part(koi_text text, size_t from, size_t to)
{
    to = to < text.size ? to : text.size;
    from = from < to ? from : to;
    return text.data == NULL ? text : (koi_text){text.data + from, to - from};
}

bool koi_begins(koi_text text, koi_text beginning, koi_text *rest)
{
    if (!koi_equal(koi_part(text, 0, beginning.size), beginning))
        return false;
    if (rest != NULL)
        *rest = koi_part(text, beginning.size, text.size);
    return true;
}

bool koi_split(koi_text text, char at, koi_text *before, koi_text *after)
{
    const char *found = text.size == 0 ? NULL : memchr(text.data, at, text.size);
    if (found == NULL)
        return false;
    size_t place = (size_t)(found - text.data);
    *before = koi_part(text, 0, place);
    *after = koi_part(text, place + 1, text.size);
    return true;
}

bool koi_is_utf8(koi_bytes bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.data;
    const unsigned char *end = bytes.size == 0 ? at : at + bytes.size;
    while (at != end) {
        unsigned char first = *at++;
        if (first < 0x80)
            continue;
        size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        if (first < 0xC2 || first > 0xF4 || (size_t)(end - at) < more)
            return false;
        /* Neither overlong forms, nor surrogates, nor what is above U+10FFFF. */
        unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        if (*at < least || *at > most)
            return false;
        for (at++; --more > 0; at++) {
            if ((*at & 0xC0) != 0x80)
                return false;
        }
    }
    return true;
}

koi_text koi_decimal(int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        digits[--at] = '-';
    return koi_copy((koi_text){digits + at, sizeof digits - at});
}

koi_text koi_base64(koi_bytes bytes)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *data = (const unsigned char *)bytes.data;
    size_t size = (bytes.size + 2) / 3 * 4;
    char *text = koi_alloc(size + 1);
    char *to = text;
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at;
        uint32_t three = (uint32_t)data[at] << 16 | (left > 1 ? (uint32_t)data[at + 1] << 8 : 0)
            | (left > 2 ? data[at + 2] : 0);
        *to++ = letters[three >> 18];
        *to++ = letters[three >> 12 & 63];
        *to++ = left > 1 ? letters[three >> 6 & 63] : '=';
        *to++ = left > 2 ? letters[three & 63] : '=';
    }
    *to = '\0';
    return (koi_text){text, size};
}

koi_text koi_format_texts(const char *pattern, const koi_text *texts, size_t count)
{
    koi_buffer buffer = {0};
    for (const char *hole; count > 0 && (hole = strstr(pattern, "{}")) != NULL; count--) {
        koi_append(&buffer, (koi_text){pattern, (size_t)(hole - pattern)});
        koi_append(&buffer, *texts++);
        pattern = hole + 2;
    }
    koi_append(&buffer, koi_text_of(pattern));
    return koi_text_in(&buffer);
}

void koi_append(koi_buffer *buffer, koi_text text)
{
    if (buffer->data == NULL || buffer->capacity - buffer->size <= text.size) {
        size_t capacity = buffer->capacity * 2 + text.size + 32;
        char *data = koi_alloc(capacity);
        if (buffer->size > 0)
            memcpy(data, buffer->data, buffer->size);
        buffer->data = data;
        buffer->capacity = capacity;
    }
    if (text.size > 0)
        memcpy(buffer->data + buffer->size, text.data, text.size);
    buffer->size += text.size;
    buffer->data[buffer->size] = '\0';
}

koi_text koi_text_in(const koi_buffer *buffer)
{
    return buffer->data == NULL ? KOI_TEXT("") : (koi_text){buffer->data, buffer->size};
}

koi_result koi_fail(koi_error_kind kind, koi_text message)
{
    koi_error *error = koi_alloc(sizeof *error);
    *error = (koi_error){.kind = kind, .message = message};
    return error;
}
