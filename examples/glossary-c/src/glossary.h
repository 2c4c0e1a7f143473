/* The glossary in C, as examples/glossary/SPEC.md has it: terms and what they mean, shared over the network. */
#ifndef GLOSSARY_H
#define GLOSSARY_H

#include <koi.h>

#define TERM "orn:glossary.term"
#define TERM_V1 "glossary.term.v1"
#define TERM_V2 "glossary.term.v2"

/* Which term of which vocabulary. */
typedef struct term_reference {
    koi_text vocabulary;
    koi_text name;
} term_reference;

/* The name under which a term, or a vocabulary, is kept; `invalid-input` if it cannot be one. */
koi_result name_of(koi_text term, koi_text *name);

/* Takes `vocabulary/name` apart; `invalid-input` if it is something else. */
koi_result reference_of(koi_text text, term_reference *reference);

/* The reference in a RID of a term. */
koi_result reference_in(koi_text rid, term_reference *reference);

/* The reference of a term, both as people write them. */
koi_result reference_to(koi_text vocabulary, koi_text term, term_reference *reference);

koi_text reference_text(const term_reference *reference);
koi_text reference_rid(const term_reference *reference);

/* What to say if nothing is stored under it. */
koi_result reference_missing(const term_reference *reference);

/* Of contents of either version: the meanings of the second, NULL of the first. */
const koi_json *meanings_of(const koi_json *contents);

/* The meanings of contents of either version, with `; ` between two. */
koi_text meanings_joined(const koi_json *contents);

/* What is stored of a term, as version 2; `invalid-input` if there is nothing. */
koi_result find_term(const term_reference *reference, const koi_json **contents);

/* How often terms were looked up. */
typedef struct count {
    term_reference term;
    int64_t count;
} count;

koi_result count_one(const term_reference *reference);

/* The counts of a vocabulary, or of all if it is KOI_NONE. */
koi_result counts_of(koi_text vocabulary, count **counts, size_t *number);

koi_result forget_counts(const term_reference *terms, size_t number);

#endif
