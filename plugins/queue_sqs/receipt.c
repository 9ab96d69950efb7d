/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "receipt.h"

#include "sqs.h"

#include <inttypes.h>

struct sp_slice receipt_format(const struct receipt *receipt, struct sp_arena *arena)
{
    return sp_slice_of(sp_arena_printf(arena, "%" PRIx64 ".%" PRIx64 ".%.*s",
                                       (uint64_t)(receipt->received_at / SP_MILLISECOND),
                                       (uint64_t)receipt->sent_wall_ms, (int)receipt->handle.size,
                                       receipt->handle.data));
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A number and the dot behind it are taken off the text. */
static bool take_number(struct sp_slice *text, int64_t *out)
{
    size_t at = 0;
    *out = 0;
    while (at < text->size && at < 12 && digit(text->data[at]) >= 0)
        *out = *out << 4 | digit(text->data[at++]);
    if (at == 0 || at == text->size || text->data[at] != '.')
        return false;
    *text = (struct sp_slice){text->data + at + 1, text->size - at - 1};
    return true;
}

struct receipt receipt_parse(struct sp_slice text, int64_t now)
{
    struct sp_slice rest = text;
    int64_t received_ms, sent_ms;
    if (!take_number(&rest, &received_ms) || !take_number(&rest, &sent_ms))
        return (struct receipt){now, 0, text};
    return (struct receipt){received_ms * SP_MILLISECOND, sent_ms, rest};
}

int64_t receipt_lease_s(const struct receipt *receipt, int64_t lease_ns, int64_t now)
{
    int64_t left = receipt->received_at + SQS_LEASE_MAX_NS - now;
    int64_t wanted = lease_ns / SP_SECOND + (lease_ns % SP_SECOND > 0);
    int64_t most = left > 0 ? left / SP_SECOND : 0;
    return wanted < most ? wanted : most;
}
