/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "place.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The first character is the version of the format. */
#define FORMAT "1 %" PRIu32 " %" PRIu64 " %" PRId64 " %" PRIu32 " %016" PRIx64 " %d "

size_t place_print(const struct place *place, char out[PLACE_TEXT_SIZE])
{
    int length = snprintf(out, PLACE_TEXT_SIZE, FORMAT "%s", place->generation, place->line, place->offset,
                          place->head_size, place->head_hash, place->finished, place->name);
    return (size_t)length;
}

bool place_parse(struct sp_slice cursor, struct place *out)
{
    *out = (struct place){0};
    if (cursor.size == 0)
        return true;
    char text[PLACE_TEXT_SIZE];
    if (cursor.size >= sizeof text)
        return false;
    memcpy(text, cursor.data, cursor.size);
    text[cursor.size] = '\0';
    int finished, length = 0;
    int fields =
        sscanf(text, "1 %" SCNu32 " %" SCNu64 " %" SCNd64 " %" SCNu32 " %" SCNx64 " %d%n", &out->generation,
               &out->line, &out->offset, &out->head_size, &out->head_hash, &finished, &length);
    if (fields != 6 || text[length] != ' ' || out->offset < PLACE_COUNT_LINES)
        return false;
    const char *name = text + length + 1;
    if (strlen(name) >= sizeof out->name || strlen(text) != cursor.size || strchr(name, '/'))
        return false;
    strcpy(out->name, name);
    out->finished = finished != 0;
    return true;
}

bool place_from_text(const char *text, const char *only, struct place *out)
{
    *out = (struct place){.offset = PLACE_COUNT_LINES};
    const char *colon = strrchr(text, ':');
    const char *number = colon ? colon + 1 : text;
    size_t name_size = colon ? (size_t)(colon - text) : strlen(only);
    if (!isdigit((unsigned char)*number) || name_size == 0 || name_size >= sizeof out->name)
        return false;
    memcpy(out->name, colon ? text : only, name_size);
    char *end;
    errno = 0;
    out->line = strtoull(number, &end, 10);
    return errno == 0 && *end == '\0' && !strchr(out->name, '/');
}

int place_compare(const struct place *a, const struct place *b)
{
    int by_name = strcmp(a->name, b->name);
    if (by_name != 0)
        return by_name;
    if (a->generation != b->generation)
        return a->generation < b->generation ? -1 : 1;
    return a->line == b->line ? 0 : a->line < b->line ? -1 : 1;
}
