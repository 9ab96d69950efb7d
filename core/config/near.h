/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_NEAR_H
#define CONFIG_NEAR_H

#include <scanpipe/base.h>

/* The candidate that `text` was probably meant to be, or NULL: smallest Damerau-Levenshtein distance
 * (optimal string alignment), ASCII case ignored, at most (length + 2) / 3. */
const char *near_miss(const char *text, const char *const *candidates, size_t count);

/* That distance; SIZE_MAX where a text is longer than 64 bytes. */
size_t near_distance(const char *a, const char *b);

#endif
