/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_CHOOSE_H
#define OPS_CHOOSE_H

/* Going through the dead letters that a person has asked for. */

#include "ops/hand.h"

/* The beginning of a letter's id, as people write it. */
struct id_prefix {
    unsigned char bytes[SP_SHA256_SIZE];
    size_t digits;
};
/* 1 to 64 hexadecimal digits; false where it is not. */
bool id_prefix_parse(const char *text, struct id_prefix *out);
bool id_prefix_fits(const struct id_prefix *prefix, const unsigned char id[SP_SHA256_SIZE]);

struct letters_query {
    struct sp_letter_filter filter; /* its size and pipeline are filled in by the scan */
    const struct id_prefix *ids;    /* any of them; none: all */
    size_t id_count;
    uint64_t limit; /* so many letters; 0: all */
};

enum scan_answer { SCAN_FAILED = -1, SCAN_ON = 0, SCAN_ENOUGH = 1 };

/*
 * Calls `take` with what was asked for, some letters at a time; they live until it returns.  It answers
 * whether to go on; where it answers SCAN_FAILED it has filled err.
 */
int choose_letters(struct hand *hand, const char *pipeline, const struct letters_query *query,
                   enum scan_answer (*take)(void *context, const struct sp_letter *letters, size_t count,
                                            struct sp_error *err),
                   void *context, struct sp_error *err) SP_MUST_CHECK;

/* How many there are. */
int choose_count(struct hand *hand, const char *pipeline, const struct letters_query *query, uint64_t *out,
                 struct sp_error *err) SP_MUST_CHECK;

#endif
