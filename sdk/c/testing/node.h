/* All that a node in memory knows. It lives in the arena, as long as its test. */
#ifndef KOI_TESTING_NODE_H
#define KOI_TESTING_NODE_H

#include "koi_testing.h"

/* Names with values, in the order of the names. */
typedef struct table {
    struct row {
        koi_text name;
        koi_text value;
    } *rows;
    size_t count;
} table;

typedef struct lines {
    koi_text *items;
    size_t count;
} lines;

typedef struct node {
    table bundles;
    table settings;
    table neighbours;
    /* By bucket and key. */
    table values;
    lines log;
    lines progress;
    koi_result (*server)(const koi_http_request *request, koi_http_response *response);
    koi_result (*person)(koi_text key, const koi_json *question, const koi_json **answer);
} node;

/* The node of the test that runs. */
extern node koi_node;

void table_set(table *table, koi_text name, koi_text value);
void table_remove(table *table, koi_text name);

/* KOI_NONE if there is none. */
koi_text table_get(const table *table, koi_text name);

void lines_add(lines *lines, koi_text line);

#endif
