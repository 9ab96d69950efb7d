/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/near.h"

/* Keys are short; what is longer is no slip of the fingers. */
#define LONGEST 64

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t near_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    if (rows > LONGEST || columns > LONGEST)
        return SIZE_MAX;
    /* Three rows of the matrix: two back for swapped neighbours. */
    size_t cost[3][LONGEST + 1];
    for (size_t j = 0; j <= columns; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t *now = cost[i % 3], *before = cost[(i + 2) % 3], *earlier = cost[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            now[j] = least(before[j - 1] + !same, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return cost[rows % 3][columns];
}

const char *near_miss(const char *text, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t cutoff = (strlen(text) + 2) / 3;
    for (size_t i = 0; i < count; i++) {
        size_t distance = near_distance(text, candidates[i]);
        if (distance <= cutoff && (!nearest || distance < near_distance(text, nearest)))
            nearest = candidates[i];
    }
    return nearest;
}
