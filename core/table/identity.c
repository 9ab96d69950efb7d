/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/utf8.h"
#include "table/fold.h"
#include "table/plan.h"

/* How much of one value people are shown. */
#define SHOWN 200

/* A string, number or boolean as text of one line; NULL for what is none. */
static const char *scalar_text(const struct sp_json_value *value, struct sp_arena *arena)
{
    struct sp_slice text = value->raw;
    switch (value->kind) {
    case SP_JSON_ABSENT:
    case SP_JSON_NULL:
    case SP_JSON_OBJECT:
    case SP_JSON_ARRAY:
        return NULL;
    case SP_JSON_STRING_ESCAPED:
        text = sp_json_unescape(value, arena);
        break;
    default:
        break;
    }
    char *copy = sp_arena_text(arena, text.data, utf8_cut(text.data, text.size, SHOWN));
    size_t size = utf8_cut(text.data, text.size, SHOWN);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f)
            copy[i] = '?';
    return copy;
}

void fold_identify(const struct table_plan *plan, struct sp_slice bytes, struct sp_arena *arena,
                   struct fold_identity *out)
{
    size_t count = sp_json_paths_count(plan->identity), length;
    struct sp_json_value *found = sp_arena_alloc(arena, count * sizeof *found);
    struct sp_json_fault fault;
    *out = (struct fold_identity){0};
    /* What stood before a fault can still be told. */
    if (sp_json_scan(plan->identity, bytes, found, &length, &fault) != 0 && fault.offset == 0)
        return;
    out->order = scalar_text(&found[0], arena);
    for (size_t i = 1; i < count; i++) {
        const char *part = scalar_text(&found[i], arena);
        if (!part) {
            out->key = NULL;
            return;
        }
        out->key = out->key ? sp_arena_printf(arena, "%s,%s", out->key, part) : part;
    }
}
