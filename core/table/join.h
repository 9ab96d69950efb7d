/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TABLE_JOIN_H
#define TABLE_JOIN_H

/* The one place that says which of two values stays.  Sinks say the same in their dialect. */

#include "table/value.h"

/* Last and first: does the new order replace the stored one?  Equal order is the same event. */
static inline bool join_order_wins(enum sp_keep keep, const struct sp_value *stored,
                                   const struct sp_value *newer)
{
    if (!newer->present)
        return false;
    if (!stored->present)
        return true;
    return keep == SP_KEEP_FIRST ? newer->number <= stored->number : newer->number >= stored->number;
}

/* Min and max: does the new value replace the stored one? */
static inline bool join_value_wins(enum sp_keep keep, enum sp_type type, const struct sp_value *stored,
                                   const struct sp_value *newer)
{
    if (!newer->present)
        return false;
    if (!stored->present)
        return true;
    int order = value_compare(type, newer, stored);
    return keep == SP_KEEP_MIN ? order < 0 : order > 0;
}

#endif
