/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/rate.h"

int64_t rate_take(struct rate *rate, const struct sp_rate *limit, int64_t now)
{
    if (limit->count == 0)
        return 0;
    int64_t turn = rate->next > now ? rate->next : now;
    rate->next = turn + limit->per_ns / limit->count;
    return turn - now;
}
