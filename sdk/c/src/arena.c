/* Memory that lasts as long as a call: blocks that are filled from the front and given back together. Fails by
 * ending the call (abort), where there is no more memory. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT _Alignof(max_align_t)
#define BLOCK ((size_t)16 * 1024)

typedef struct block {
    struct block *before;
    size_t used;
    size_t size;
    max_align_t bytes[];
} block;

static block *newest;

void *koi_alloc(size_t size)
{
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (newest == NULL || newest->size - newest->used < size) {
        size_t room = size > BLOCK ? size : BLOCK;
        block *next = malloc(sizeof(block) + room);
        if (next == NULL)
            abort();
        *next = (block){.before = newest, .used = 0, .size = room};
        newest = next;
    }
    void *memory = (char *)newest->bytes + newest->used;
    newest->used += size;
    return memory;
}

/* The oldest block stays for the next call. */
void koi_arena_reset(void)
{
    while (newest != NULL && newest->before != NULL) {
        block *before = newest->before;
        free(newest);
        newest = before;
    }
    if (newest != NULL)
        newest->used = 0;
}

koi_text koi_copy(koi_text text)
{
    char *copy = koi_alloc(text.size + 1);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return (koi_text){copy, text.size};
}
