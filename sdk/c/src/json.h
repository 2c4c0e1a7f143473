/* How a JSON value is kept. */
#ifndef KOI_SRC_JSON_H
#define KOI_SRC_JSON_H

#include "koi/json.h"

struct koi_member {
    koi_text name;
    const koi_json *value;
};

struct koi_json {
    koi_json_kind kind;
    bool truth;
    /* What a string says, or how a number is spelt. */
    koi_text text;
    /* Of items and members; items have no names. */
    struct koi_member *members;
    size_t count;
    size_t capacity;
};

koi_json *koi_json_new(koi_json_kind kind);

/* At the end, whatever its name. */
void koi_json_push(koi_json *container, koi_text name, const koi_json *value);

#endif
