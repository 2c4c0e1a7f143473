/* JSON values: making and looking at them. Nothing here fails but for want of memory. */
#include "json.h"

#include <stdlib.h>
#include <string.h>

koi_json *koi_json_new(koi_json_kind kind)
{
    koi_json *value = koi_alloc(sizeof *value);
    *value = (koi_json){.kind = kind};
    return value;
}

void koi_json_push(koi_json *container, koi_text name, const koi_json *value)
{
    if (container->count == container->capacity) {
        size_t capacity = container->capacity * 2 + 4;
        struct koi_member *members = koi_alloc(capacity * sizeof *members);
        if (container->count > 0)
            memcpy(members, container->members, container->count * sizeof *members);
        container->members = members;
        container->capacity = capacity;
    }
    container->members[container->count++] = (struct koi_member){name, value};
}

koi_json_kind koi_json_kind_of(const koi_json *value)
{
    return value == NULL ? KOI_ABSENT : value->kind;
}

size_t koi_json_count(const koi_json *value)
{
    return value == NULL ? 0 : value->count;
}

const koi_json *koi_json_at(const koi_json *value, size_t place)
{
    return place < koi_json_count(value) ? value->members[place].value : NULL;
}

koi_text koi_json_name_at(const koi_json *value, size_t place)
{
    return place < koi_json_count(value) && value->kind == KOI_OBJECT ? value->members[place].name : KOI_TEXT("");
}

static struct koi_member *member(const koi_json *value, koi_text name)
{
    if (koi_json_kind_of(value) != KOI_OBJECT)
        return NULL;
    for (size_t at = value->count; at > 0; at--) {
        if (koi_equal(value->members[at - 1].name, name))
            return &value->members[at - 1];
    }
    return NULL;
}

const koi_json *koi_json_get(const koi_json *value, const char *name)
{
    const struct koi_member *found = member(value, koi_text_of(name));
    return found == NULL ? NULL : found->value;
}

koi_text koi_json_string(const koi_json *value)
{
    return koi_json_kind_of(value) == KOI_STRING ? value->text : KOI_NONE;
}

koi_text koi_json_get_string(const koi_json *value, const char *name)
{
    return koi_json_string(koi_json_get(value, name));
}

bool koi_json_is_true(const koi_json *value)
{
    return koi_json_kind_of(value) == KOI_BOOLEAN && value->truth;
}

int64_t koi_json_integer(const koi_json *value, int64_t otherwise)
{
    if (koi_json_kind_of(value) != KOI_NUMBER)
        return otherwise;
    bool negative = value->text.data[0] == '-';
    uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t number = 0;
    for (size_t at = negative; at < value->text.size; at++) {
        unsigned digit = (unsigned char)value->text.data[at] - (unsigned)'0';
        if (digit > 9 || number > (most - digit) / 10)
            return otherwise;
        number = number * 10 + digit;
    }
    return negative ? (int64_t)(0 - number) : (int64_t)number;
}

double koi_json_double(const koi_json *value, double otherwise)
{
    return koi_json_kind_of(value) == KOI_NUMBER ? strtod(value->text.data, NULL) : otherwise;
}

bool koi_json_equal(const koi_json *left, const koi_json *right)
{
    koi_json_kind kind = koi_json_kind_of(left);
    if (kind != koi_json_kind_of(right))
        return false;
    if (kind == KOI_ABSENT)
        return true;
    if (left->truth != right->truth || left->count != right->count || !koi_equal(left->text, right->text))
        return false;
    for (size_t at = 0; at < left->count; at++) {
        const koi_json *other = right->members[at].value;
        if (kind == KOI_OBJECT) {
            const struct koi_member *same = member(right, left->members[at].name);
            other = same == NULL ? NULL : same->value;
        }
        if (!koi_json_equal(left->members[at].value, other))
            return false;
    }
    return true;
}

const koi_json *koi_json_null(void)
{
    static const koi_json null = {.kind = KOI_NULL};
    return &null;
}

const koi_json *koi_json_boolean(bool value)
{
    static const koi_json booleans[] = {{.kind = KOI_BOOLEAN}, {.kind = KOI_BOOLEAN, .truth = true}};
    return &booleans[value];
}

const koi_json *koi_json_number(int64_t number)
{
    koi_json *value = koi_json_new(KOI_NUMBER);
    value->text = koi_decimal(number);
    return value;
}

const koi_json *koi_json_text(koi_text text)
{
    koi_json *value = koi_json_new(KOI_STRING);
    value->text = text;
    return value;
}

koi_json *koi_json_array(void)
{
    return koi_json_new(KOI_ARRAY);
}

koi_json *koi_json_object(void)
{
    return koi_json_new(KOI_OBJECT);
}

void koi_json_add(koi_json *array, const koi_json *value)
{
    koi_json_push(array, KOI_NONE, value);
}

void koi_json_set(koi_json *object, koi_text name, const koi_json *value)
{
    struct koi_member *earlier = member(object, name);
    if (value == NULL)
        return;
    if (earlier != NULL)
        earlier->value = value;
    else
        koi_json_push(object, name, value);
}

void koi_json_put(koi_json *object, const char *name, const koi_json *value)
{
    koi_json_set(object, koi_text_of(name), value);
}

void koi_json_put_string(koi_json *object, const char *name, koi_text value)
{
    koi_json_put(object, name, value.data == NULL ? NULL : koi_json_text(value));
}
