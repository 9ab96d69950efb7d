/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "intake.h"

#include "sqs.h"

#define AGE_TOLD_NS (3600 * SP_SECOND)

int64_t intake_seconds(int64_t ns, int64_t least, int64_t most)
{
    int64_t seconds = ns / SP_SECOND + (ns % SP_SECOND > 0);
    return seconds < least ? least : seconds > most ? most : seconds;
}

size_t intake_count(size_t large_bytes, const struct sp_receive *want)
{
    size_t most = want->max_messages < SQS_ENTRIES ? want->max_messages : SQS_ENTRIES;
    size_t fit = large_bytes ? want->max_bytes / large_bytes : most;
    return fit == 0 ? 1 : fit < most ? fit : most;
}

size_t intake_learn(size_t large_bytes, const struct sp_received *messages, size_t count)
{
    large_bytes -= large_bytes / 16;
    for (size_t i = 0; i < count; i++)
        if (messages[i].body.size > large_bytes)
            large_bytes = messages[i].body.size;
    return large_bytes;
}

size_t intake_fits(const struct sp_received *messages, size_t count, size_t max_bytes)
{
    size_t bytes = 0, stay = 0;
    while (stay < count && (stay == 0 || bytes + messages[stay].body.size <= max_bytes))
        bytes += messages[stay++].body.size;
    return stay;
}

bool intake_is_old(int64_t age_ms, int64_t retention_s, int64_t told_at, int64_t now)
{
    return retention_s > 0 && age_ms / 500 > retention_s && (told_at == 0 || now - told_at > AGE_TOLD_NS);
}
