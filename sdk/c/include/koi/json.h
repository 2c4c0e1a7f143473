/**
 * @file
 * JSON: a strict reader (RFC 8259), values, and a writer.
 *
 * A reader takes texts that nest at most KOI_JSON_DEPTH deep. Members keep their order, and numbers the
 * spelling with which they arrived. All functions that look at a value take NULL for a value that is not there.
 */
#ifndef KOI_JSON_H
#define KOI_JSON_H

#include "error.h"

/** How deep arrays and objects of a text may nest. */
#define KOI_JSON_DEPTH 128

/** What a value is. */
typedef enum koi_json_kind {
    /** There is no value. */
    KOI_ABSENT,
    KOI_NULL,
    KOI_BOOLEAN,
    KOI_NUMBER,
    KOI_STRING,
    KOI_ARRAY,
    KOI_OBJECT,
} koi_json_kind;

/** A value. One may stand in several arrays and objects. */
typedef struct koi_json koi_json;

/**
 * Reads a text.
 * @return `invalid-input` if it is not JSON, or nests too deep; the message says at which byte.
 */
koi_result koi_json_read(koi_text text, const koi_json **value);

/** Writes a value, without spaces. */
koi_text koi_json_write(const koi_json *value);

/** What a value is. */
koi_json_kind koi_json_kind_of(const koi_json *value);

/** How many items or members it has: 0 unless it is an array or an object. */
size_t koi_json_count(const koi_json *value);

/** The item or the member's value at a place, counted from 0; NULL beyond the last. */
const koi_json *koi_json_at(const koi_json *value, size_t place);

/** The name of the member at a place; empty if there is none. */
koi_text koi_json_name_at(const koi_json *value, size_t place);

/** The value of a member, the last one of this name; NULL if there is none or it is no object. */
const koi_json *koi_json_get(const koi_json *value, const char *name);

/** What a string says; KOI_NONE if it is none. */
koi_text koi_json_string(const koi_json *value);

/** What the string of a member says: `koi_json_string(koi_json_get(value, name))`. */
koi_text koi_json_get_string(const koi_json *value, const char *name);

/** Whether it is `true`. */
bool koi_json_is_true(const koi_json *value);

/** A number that is written as an integer and fits; `otherwise` if it is none. */
int64_t koi_json_integer(const koi_json *value, int64_t otherwise);

/** Any number as the nearest double; `otherwise` if it is none. */
double koi_json_double(const koi_json *value, double otherwise);

/** Whether two values are the same: numbers by their spelling, members in any order. */
bool koi_json_equal(const koi_json *left, const koi_json *right);

/** `null`. */
const koi_json *koi_json_null(void);

/** `true` or `false`. */
const koi_json *koi_json_boolean(bool value);

/** An integer. */
const koi_json *koi_json_number(int64_t value);

/** A string. */
const koi_json *koi_json_text(koi_text value);

/** An empty array. */
koi_json *koi_json_array(void);

/** An empty object. */
koi_json *koi_json_object(void);

/** Adds a value to the end of an array. */
void koi_json_add(koi_json *array, const koi_json *value);

/** Sets a member of an object: in the place of an earlier one of this name, or at the end. Of NULL, nothing. */
void koi_json_set(koi_json *object, koi_text name, const koi_json *value);

/** Sets a member, whose name is a C string. */
void koi_json_put(koi_json *object, const char *name, const koi_json *value);

/** Sets a member to a string; of NULL, nothing. */
void koi_json_put_string(koi_json *object, const char *name, koi_text value);

#endif
