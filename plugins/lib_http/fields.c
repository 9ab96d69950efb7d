/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "inside.h"

#include <ctype.h>
#include <stdlib.h>

/* Nobody means a pause of more than a day. */
#define LONGEST_PAUSE_S INT64_C(86400)

int64_t fields_date(const char *value)
{
    /* A date begins with its day's name; libcurl would make one of a number too. */
    if (!value || !isalpha((unsigned char)*value))
        return 0;
    time_t seconds = curl_getdate(value, NULL);
    return seconds > 0 ? (int64_t)seconds * 1000 : 0;
}

int64_t fields_pause(const char *retry_after, int64_t date_wall_ms, int64_t wall_ms)
{
    if (!retry_after)
        return 0;
    size_t digits = strspn(retry_after, "0123456789");
    if (digits > 0 && retry_after[digits])
        return 0;
    if (digits > 0) {
        int64_t seconds = digits <= 9 ? strtol(retry_after, NULL, 10) : LONGEST_PAUSE_S;
        return (seconds < LONGEST_PAUSE_S ? seconds : LONGEST_PAUSE_S) * SP_SECOND;
    }
    int64_t until = fields_date(retry_after), now = date_wall_ms ? date_wall_ms : wall_ms;
    if (until <= now)
        return 0;
    int64_t pause = until - now;
    return (pause < LONGEST_PAUSE_S * 1000 ? pause : LONGEST_PAUSE_S * 1000) * SP_MILLISECOND;
}
