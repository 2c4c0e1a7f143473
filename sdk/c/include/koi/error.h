/**
 * @file
 * Failures as values, as the contract knows them.
 */
#ifndef KOI_ERROR_H
#define KOI_ERROR_H

#include "text.h"

/** What kind of failure it is; it decides what the host does next. */
typedef enum koi_error_kind {
    /** Another try may succeed. A handler's object is given again, with back-off. */
    KOI_TRANSIENT,
    /** Another try with the same input fails again. A handler's object goes to the dead letters. */
    KOI_PERMANENT,
    /** The input does not hold what the called function asks for. */
    KOI_INVALID_INPUT,
    /** The operator has not granted what this needs. */
    KOI_DENIED,
    /** A kind from a later revision of the contract; treat it like KOI_PERMANENT. */
    KOI_OTHER,
} koi_error_kind;

/** A failure. */
typedef struct koi_error {
    koi_error_kind kind;
    /** The name of a KOI_OTHER kind. */
    koi_text code;
    /** One sentence for a person: what happened, to what, what to do. */
    koi_text message;
} koi_error;

/** What functions answer: KOI_OK, or the failure. */
typedef const koi_error *koi_result;

/** It went well. */
#define KOI_OK ((koi_result)0)

/** Answers the failure of a call from the function that it stands in. */
#define KOI_TRY(call)                                                                                           \
    do {                                                                                                        \
        koi_result koi_tried = (call);                                                                          \
        if (koi_tried)                                                                                          \
            return koi_tried;                                                                                   \
    } while (0)

/** A failure of a kind. */
koi_result koi_fail(koi_error_kind kind, koi_text message);

/** A failure that another try may not meet. The message is made as koi_format makes texts. */
#define koi_transient(...) koi_fail(KOI_TRANSIENT, koi_format(__VA_ARGS__))

/** A failure that every other try meets too. */
#define koi_permanent(...) koi_fail(KOI_PERMANENT, koi_format(__VA_ARGS__))

/** The input is not what the function asks for. */
#define koi_invalid_input(...) koi_fail(KOI_INVALID_INPUT, koi_format(__VA_ARGS__))

/** Something that the caller is not allowed to do. */
#define koi_denied(...) koi_fail(KOI_DENIED, koi_format(__VA_ARGS__))

#endif
