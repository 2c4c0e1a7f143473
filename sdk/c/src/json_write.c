/* JSON as text. Nothing here fails but for want of memory. */
#include "json.h"

static void write_string(koi_buffer *to, koi_text text)
{
    static const char hex[] = "0123456789abcdef";
    koi_append(to, KOI_TEXT("\""));
    size_t plain = 0;
    for (size_t at = 0; at < text.size; at++) {
        unsigned char letter = (unsigned char)text.data[at];
        if (letter >= 0x20 && letter != '"' && letter != '\\')
            continue;
        koi_append(to, koi_part(text, plain, at));
        plain = at + 1;
        static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
        char escape[] = {'\\', 'u', '0', '0', hex[letter >> 4], hex[letter & 15]};
        size_t size = sizeof escape;
        for (size_t name = 0; name + 1 < sizeof named; name += 2) {
            if (named[name] == (char)letter) {
                escape[1] = named[name + 1];
                size = 2;
            }
        }
        koi_append(to, (koi_text){escape, size});
    }
    koi_append(to, koi_part(text, plain, text.size));
    koi_append(to, KOI_TEXT("\""));
}

static void write(koi_buffer *to, const koi_json *value)
{
    bool object = false;
    switch (koi_json_kind_of(value)) {
    case KOI_ABSENT:
    case KOI_NULL:
        koi_append(to, KOI_TEXT("null"));
        break;
    case KOI_BOOLEAN:
        koi_append(to, value->truth ? KOI_TEXT("true") : KOI_TEXT("false"));
        break;
    case KOI_NUMBER:
        koi_append(to, value->text);
        break;
    case KOI_STRING:
        write_string(to, value->text);
        break;
    case KOI_OBJECT:
        object = true;
        /* fall through */
    case KOI_ARRAY:
        koi_append(to, object ? KOI_TEXT("{") : KOI_TEXT("["));
        for (size_t at = 0; at < value->count; at++) {
            if (at > 0)
                koi_append(to, KOI_TEXT(","));
            if (object) {
                write_string(to, value->members[at].name);
                koi_append(to, KOI_TEXT(":"));
            }
            write(to, value->members[at].value);
        }
        koi_append(to, object ? KOI_TEXT("}") : KOI_TEXT("]"));
        break;
    }
}

koi_text koi_json_write(const koi_json *value)
{
    koi_buffer buffer = {0};
    write(&buffer, value);
    return koi_text_in(&buffer);
}
