/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "bad.h"

#include "dice.h"
#include "event.h"

#include <inttypes.h>
#include <stdio.h>

/* In the templates: */
#define OWN       "\x01" /* its own id */
#define NEIGHBOUR "\x02" /* the id of a good event */
#define SERIAL    "\x03" /* what makes it unique */

#define TIME ",\"CreatedDateTimeUtc\":\"2021-05-11T21:11:34.1506147Z\""
#define REST ",\"StatusCode\":\"\",\"Device\":{\"DeviceTransactionId\":" SERIAL ",\"DeviceId\":103}}"
#define TYPE ",\"Type\":\"STATUS\""
#define IDS  "{\"EventId\":" OWN ",\"ParcelId\":5002"

struct way {
    const char *name;
    const char *bytes;
};

static const struct way malformed[] = {
    {"EventId missing", "{\"ParcelId\":5002" TYPE TIME REST},
    {"EventId null", "{\"EventId\":null,\"ParcelId\":5002" TYPE TIME REST},
    {"EventId zero", "{\"EventId\":0,\"ParcelId\":5002" TYPE TIME REST},
    {"EventId negative", "{\"EventId\":-" OWN ",\"ParcelId\":5002" TYPE TIME REST},
    {"EventId text", "{\"EventId\":\"EV" OWN "\",\"ParcelId\":5002" TYPE TIME REST},
    {"EventId digits as text", "{\"EventId\":\"" OWN "\",\"ParcelId\":5002" TYPE TIME REST},
    {"EventId fraction", "{\"EventId\":" OWN ".5,\"ParcelId\":5002" TYPE TIME REST},
    {"EventId 2^63", "{\"EventId\":9223372036854775808,\"ParcelId\":5002" TYPE TIME REST},
    {"EventId 9e18 as exponent", "{\"EventId\":9e18,\"ParcelId\":5002" TYPE TIME REST},
    {"EventId 9000000000000000000 and no ParcelId", "{\"EventId\":9000000000000000000" TYPE TIME REST},
    {"EventId of a good one and ParcelId zero", "{\"EventId\":" NEIGHBOUR ",\"ParcelId\":0" TYPE TIME REST},
    {"EventId of a good one and Type blank",
     "{\"EventId\":" NEIGHBOUR ",\"ParcelId\":5002,\"Type\":\"\"" TIME REST},
    {"ParcelId missing", "{\"EventId\":" OWN TYPE TIME REST},
    {"ParcelId zero", "{\"EventId\":" OWN ",\"ParcelId\":0" TYPE TIME REST},
    {"ParcelId negative", "{\"EventId\":" OWN ",\"ParcelId\":-5002" TYPE TIME REST},
    {"ParcelId text", "{\"EventId\":" OWN ",\"ParcelId\":\"P-5002\"" TYPE TIME REST},
    {"ParcelId 2^63", "{\"EventId\":" OWN ",\"ParcelId\":9223372036854775808" TYPE TIME REST},
    {"Type missing", IDS TIME REST},
    {"Type null", IDS ",\"Type\":null" TIME REST},
    {"Type empty", IDS ",\"Type\":\"\"" TIME REST},
    {"Type blank", IDS ",\"Type\":\" \\t \"" TIME REST},
    {"CreatedDateTimeUtc missing", IDS TYPE REST},
    {"CreatedDateTimeUtc null", IDS TYPE ",\"CreatedDateTimeUtc\":null" REST},
    {"CreatedDateTimeUtc text", IDS TYPE ",\"CreatedDateTimeUtc\":\"yesterday\"" REST},
    {"CreatedDateTimeUtc number", IDS TYPE ",\"CreatedDateTimeUtc\":1620767494" REST},
    {"CreatedDateTimeUtc without zone", IDS TYPE ",\"CreatedDateTimeUtc\":\"2021-05-11T21:11:34.15\"" REST},
    {"CreatedDateTimeUtc without time", IDS TYPE ",\"CreatedDateTimeUtc\":\"2021-05-11\"" REST},
    {"CreatedDateTimeUtc of no such day", IDS TYPE ",\"CreatedDateTimeUtc\":\"2021-02-30T21:11:34Z\"" REST},
    {"a string", "\"event " SERIAL ", [no] {object}\""},
    {"a number", SERIAL},
    {"an array", "[" SERIAL ",{\"EventId\":" OWN ",\"ParcelId\":5002" TYPE TIME "}]"},
    {"lone surrogate",
     IDS TYPE TIME ",\"StatusCode\":\"\\ud83d\",\"Device\":{\"DeviceTransactionId\":" SERIAL "}}"},
    {"lone low surrogate",
     IDS TYPE TIME ",\"StatusCode\":\"\\ude9a x\",\"Device\":{\"DeviceTransactionId\":" SERIAL "}}"},
};

static const struct way broken[] = {
    {"no value", "{\"EventId\":" OWN ",\"ParcelId\":" TYPE TIME REST},
    {"no comma", IDS " \"Type\":\"STATUS\"" TIME REST},
    {"no colon", IDS ",\"Type\" \"STATUS\"" TIME REST},
    {"comma at the end", IDS TYPE TIME ",\"Serial\":" SERIAL ",}"},
    {"two commas", IDS "," TYPE TIME REST},
    {"name without quotes", "{EventId:" OWN ",\"ParcelId\":5002" TYPE TIME REST},
    {"half a word", IDS TYPE TIME ",\"Ok\":tru" REST},
    {"a number that is none", "{\"EventId\":" OWN ",\"ParcelId\":50..02" TYPE TIME REST},
    {"a zero before a number", "{\"EventId\":0" OWN ",\"ParcelId\":5002" TYPE TIME REST},
    {"unknown escape", IDS ",\"Type\":\"STA\\qTUS\"" TIME REST},
    {"half an escape", IDS ",\"Type\":\"STA\\u00zzTUS\"" TIME REST},
    {"no members but text", "{ event " SERIAL " is not here }"},
};

/* The first of these neither close more than they open nor leave a string open: two of them in a page
 * cannot look like one great element that ends well and takes the good ones between them with it.  The
 * others are for a page that has one such event. */
#define UNBALANCED_TOGETHER 3

static const struct way unbalanced[] = {
    {"no brace at the end", IDS TYPE TIME ",\"Device\":{\"DeviceTransactionId\":" SERIAL "}"},
    {"brackets crossed", IDS TYPE TIME ",\"Device\":[{\"DeviceTransactionId\":" SERIAL "]}}"},
    {"array not closed", IDS TYPE TIME ",\"Devices\":[" SERIAL "}"},
    {"one brace too many", IDS TYPE TIME ",\"Device\":{\"DeviceTransactionId\":" SERIAL "}}}"},
    {"no quote at the end", IDS TYPE TIME ",\"StatusCode\":\"" SERIAL "}"},
};

static const struct way invalid_utf8[] = {
    {"a byte alone", IDS TYPE TIME ",\"StatusCode\":\"caf\xe9\",\"Serial\":" SERIAL "}"},
    {"half a character", IDS TYPE TIME ",\"StatusCode\":\"caf\xc3\",\"Serial\":" SERIAL "}"},
    {"overlong", IDS TYPE TIME ",\"StatusCode\":\"a\xc0\xaf\",\"Serial\":" SERIAL "}"},
    {"a surrogate", IDS TYPE TIME ",\"StatusCode\":\"\xed\xa0\x80\",\"Serial\":" SERIAL "}"},
    {"in a name", IDS TYPE TIME ",\"\xff\xfe\":\"\",\"Serial\":" SERIAL "}"},
};

/* A NUL cannot stand in a template. */
#define NUL_HERE "\x04"

static const struct way nul_raw[] = {
    {"NUL in a string", IDS TYPE TIME ",\"StatusCode\":\"O" NUL_HERE "K\",\"Serial\":" SERIAL "}"},
    {"NUL between members", IDS TYPE TIME "," NUL_HERE "\"Serial\":" SERIAL "}"},
};

static const struct way no_id[] = {{"no EventId in the line", NULL}};

#define WAYS(array) ((struct ways){array, sizeof(array) / sizeof((array)[0])})

struct ways {
    const struct way *first;
    size_t count;
};

static struct ways ways_of(enum slot_kind kind)
{
    switch (kind) {
    case SLOT_BROKEN:
        return WAYS(broken);
    case SLOT_UNBALANCED:
        return (struct ways){unbalanced, UNBALANCED_TOGETHER};
    case SLOT_UNREADABLE:
        return WAYS(unbalanced);
    case SLOT_INVALID_UTF8:
        return WAYS(invalid_utf8);
    case SLOT_NUL_RAW:
        return WAYS(nul_raw);
    case SLOT_NO_ID:
        return WAYS(no_id);
    default:
        return WAYS(malformed);
    }
}

static const struct way *way_of(const struct bad_slot *bad)
{
    struct ways ways = ways_of(bad->kind);
    return &ways.first[dice_below(bad->draw, ways.count)];
}

void bad_append(const struct bad_slot *bad, struct text *out)
{
    for (const char *at = way_of(bad)->bytes; *at;) {
        size_t plain = strcspn(at, OWN NEIGHBOUR SERIAL NUL_HERE);
        text_append(out, at, plain);
        at += plain;
        if (*at == OWN[0])
            text_format(out, "%" PRId64, bad->own);
        else if (*at == NEIGHBOUR[0])
            text_format(out, "%" PRId64, bad->neighbour);
        else if (*at == SERIAL[0])
            text_format(out, "%" PRIu64, bad->serial);
        else if (*at == NUL_HERE[0])
            text_fill(out, '\0', 1);
        at += *at != '\0';
    }
}

const char *bad_name(const struct bad_slot *bad)
{
    return way_of(bad)->name;
}

static void kinds_add(struct bad_kinds *kinds, enum slot_kind kind, double percent)
{
    uint64_t before = kinds->count ? kinds->upto[kinds->count - 1] : 0;
    kinds->upto[kinds->count] = before + dice_threshold(percent);
    kinds->kind[kinds->count++] = kind;
    kinds->any = kinds->any || percent > 0;
}

void bad_kinds_init(struct bad_kinds *kinds, const struct feed_options *options, bool good_too)
{
    *kinds = (struct bad_kinds){0};
    kinds_add(kinds, SLOT_MALFORMED, options->malformed);
    kinds_add(kinds, SLOT_BROKEN, options->broken);
    kinds_add(kinds, SLOT_UNBALANCED, options->unbalanced);
    kinds_add(kinds, SLOT_INVALID_UTF8, options->invalid_utf8);
    kinds_add(kinds, SLOT_NUL_RAW, good_too ? options->nul / 3 : options->nul);
    if (good_too) {
        kinds_add(kinds, SLOT_NUL_NOTE, options->nul / 3);
        kinds_add(kinds, SLOT_NUL_STATUS, options->nul / 3);
        kinds_add(kinds, SLOT_WIDE_PARCEL, options->wide_parcels);
    }
}

enum slot_kind bad_kind(const struct bad_kinds *kinds, uint64_t draw)
{
    for (size_t i = 0; i < kinds->count; i++)
        if (dice_hits(draw, kinds->upto[i]))
            return kinds->kind[i];
    return SLOT_GOOD;
}
