/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_REMOVE_H
#define OPS_REMOVE_H

/* Removing dead letters that were seen, and nothing else. */

#include "ops/hand.h"

struct seen_letter {
    struct sp_letter_ref ref;
    bool has_file; /* its bytes are in the folder of dead_letters.oversize */
};

/*
 * Removes those whose version is still the one that was seen, and their files.  *removed_out grows by how
 * many there were, also where it fails on the way.  `folder` may be NULL: files stay.
 */
int remove_letters(struct hand *hand, const char *folder, const struct seen_letter *letters, size_t count,
                   uint64_t *removed_out, struct sp_error *err) SP_MUST_CHECK;

#endif
