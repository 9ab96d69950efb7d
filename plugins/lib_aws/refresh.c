/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "refresh.h"

#define MINUTE (60 * SP_SECOND)

enum refresh_step refresh_decide(const struct refresh_facts *facts, int64_t now)
{
    bool good = facts->have && !facts->refused && now < facts->expires_at;
    if (good && (facts->busy || now < facts->refresh_at))
        return REFRESH_USE;
    return facts->busy ? REFRESH_WAIT : REFRESH_GET;
}

static int64_t share(int64_t span, uint64_t random)
{
    return span > 0 ? (int64_t)(random % (uint64_t)span) : 0;
}

int64_t refresh_plan(int64_t now, int64_t expires_at, uint64_t random)
{
    if (expires_at == INT64_MAX)
        return INT64_MAX;
    int64_t left = expires_at > now ? expires_at - now : 0;
    if (left < 20 * MINUTE)
        return now + left / 2 + share(left / 4, random);
    return expires_at - 15 * MINUTE + share(5 * MINUTE, random);
}

int64_t refresh_plan_again(int64_t now, uint64_t random)
{
    return now + MINUTE / 2 + share(MINUTE / 2, random);
}
