/* The arena that a call's memory comes from. */
#ifndef KOI_ARENA_H
#define KOI_ARENA_H

#include "koi/text.h"

/* Gives back all that koi_alloc gave. */
void koi_arena_reset(void);

/* Text in the arena, with the zero byte behind it. */
koi_text koi_copy(koi_text text);

#endif
