/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "event.h"

#include "dice.h"

/* More than the longest event that event_write() makes without its extra members. */
#define EVENT_SIZE_MAX 1024

/* Two seconds an id from 2021-05-11T00:00:00Z on; ids of more than 120 thousand millions start again
 * there, or their year would have five digits. */
#define START_SECOND INT64_C(1620691200)
#define SECONDS_MAX  UINT64_C(240000000000)

void event_usual(struct event *event, uint64_t id, uint64_t parcel, uint64_t chance)
{
    *event = (struct event){
        .id = id,
        .parcel = parcel,
        .type = WORD("\"STATUS\""),
        .second = START_SECOND + (int64_t)(id * 2 % SECONDS_MAX) + (int64_t)(chance & 0x7ff),
        .ticks = (uint32_t)dice_below(chance * DICE_STEP, 10000000),
        .digits = 7,
        .zone = WORD("Z"),
        .status = WORD("\"\""),
        .user_head = WORD("{\"UserId\":\"NC"),
        .user = 1001 + (chance >> 12 & 0x1ff),
        .user_tail = WORD("\",\"CarrierId\":\"NC\",\"RunId\":\""),
        .has_run = true,
        .run = 100 + (chance >> 21 & 0x3ff),
        .device = 100 + (chance >> 31 & 0x3f),
    };
}

/* Howard Hinnant's civil_from_days, for days since 1970 that are not negative. */
static char *write_date(char *to, uint64_t days)
{
    uint64_t shifted = days + 719468;
    uint64_t era = shifted / 146097;
    uint64_t day_of_era = shifted % 146097;
    uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    to = write_padded(to, year_of_era + era * 400 + (month <= 2), 4);
    *to++ = '-';
    to = write_padded(to, month, 2);
    *to++ = '-';
    return write_padded(to, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2);
}

static char *write_time(char *to, const struct event *event)
{
    static const uint32_t powers[] = {10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
    uint64_t local = (uint64_t)(event->second + event->offset_minutes * 60);
    uint64_t of_day = local % 86400;
    to = write_date(to, local / 86400);
    *to++ = 'T';
    to = write_padded(to, of_day / 3600, 2);
    *to++ = ':';
    to = write_padded(to, of_day / 60 % 60, 2);
    *to++ = ':';
    to = write_padded(to, of_day % 60, 2);
    if (event->digits) {
        *to++ = '.';
        to = write_padded(to, event->ticks / powers[event->digits], event->digits);
    }
    return write_bytes(to, event->zone.bytes, event->zone.length);
}

static char *write_user(char *to, const struct event *event)
{
    to = write_literal(to, ",\"User\":");
    to = write_bytes(to, event->user_head.bytes, event->user_head.length);
    if (!event->user_tail.length)
        return to;
    to = write_number(to, event->user);
    to = write_bytes(to, event->user_tail.bytes, event->user_tail.length);
    if (!event->has_run)
        return to;
    to = write_number(to, event->run);
    return write_literal(to, "\"}");
}

static char *write_ids(char *to, const struct event *event)
{
    to = write_literal(to, "\"EventId\":");
    to = write_number(to, event->id);
    to = write_literal(to, ",\"ParcelId\":");
    return write_number(to, event->parcel);
}

static char *write_type(char *to, const struct event *event)
{
    to = write_literal(to, "\"Type\":");
    return write_bytes(to, event->type.bytes, event->type.length);
}

void event_write(const struct event *event, struct text *out)
{
    char *to = text_reserve(out, EVENT_SIZE_MAX + event->extra.length);
    *to++ = '{';
    to = event->type_first ? write_type(to, event) : write_ids(to, event);
    *to++ = ',';
    to = event->type_first ? write_ids(to, event) : write_type(to, event);
    to = write_literal(to, ",\"CreatedDateTimeUtc\":\"");
    to = write_time(to, event);
    *to++ = '"';
    if (event->status.length) {
        to = write_literal(to, ",\"StatusCode\":");
        to = write_bytes(to, event->status.bytes, event->status.length);
    }
    to = write_literal(to, ",\"Device\":{\"DeviceTransactionId\":");
    to = write_number(to, event->id);
    to = write_literal(to, ",\"DeviceId\":");
    to = write_number(to, event->device);
    *to++ = '}';
    if (event->user_head.length)
        to = write_user(to, event);
    to = write_bytes(to, event->extra.bytes ? event->extra.bytes : "", event->extra.length);
    *to++ = '}';
    text_ends_at(out, to);
}
