/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "resync.h"

/* Brackets that are open.  Those deeper than the stack are only counted: they close whatever comes. */
#define WALK_DEPTH 256

struct walk {
    bool in_string, nested_too;
    size_t depth;
    char open[WALK_DEPTH];
};

/* Trying costs: a page made to fool us must not take more than a few times its length. */
static bool try_value(struct page *page, size_t *at)
{
    size_t length;
    struct sp_json_fault fault;
    if (page->budget == 0)
        return false;
    bool right = sp_json_scan(NULL, (struct sp_slice){page->body.data + *at, page->body.size - *at}, NULL,
                              &length, &fault) == 0;
    size_t spent = (right ? length : fault.offset) + 1;
    page->budget -= spent < page->budget ? spent : page->budget;
    if (right)
        *at = skip_space(page->body, *at + length);
    return right;
}

/* Further members of the containers around the array, and their ends. */
static bool skip_members(struct page *page, size_t *at, char closer)
{
    while (char_is(page, *at, ',')) {
        *at = skip_space(page->body, *at + 1);
        if (closer == '}') {
            if (!char_is(page, *at, '"') || !try_value(page, at) || !char_is(page, *at, ':'))
                return false;
            *at = skip_space(page->body, *at + 1);
        }
        if (!try_value(page, at))
            return false;
    }
    return char_is(page, *at, closer);
}

bool resync_is_end(struct page *page, size_t at)
{
    at = skip_space(page->body, at + 1);
    for (size_t level = page->depth; level-- > 0;) {
        if (!skip_members(page, &at, page->closers[level]))
            return false;
        at = skip_space(page->body, at + 1);
    }
    return at == page->body.size;
}

/* Does a whole object with at least one key follow the comma, and a comma or the array's end that? */
static bool is_start(struct page *page, size_t comma)
{
    size_t at = skip_space(page->body, comma + 1);
    if (!char_is(page, at, '{') || !char_is(page, skip_space(page->body, at + 1), '"'))
        return false;
    return try_value(page, &at) && (char_is(page, at, ',') || (char_is(page, at, ']')));
}

static void walk_open(struct walk *walk, char bracket)
{
    if (walk->depth < WALK_DEPTH)
        walk->open[walk->depth] = bracket;
    walk->depth++;
}

static char walk_top(const struct walk *walk)
{
    return walk->depth == 0 ? '\0' : walk->depth > WALK_DEPTH ? '?' : walk->open[walk->depth - 1];
}

/* A brace closes the arrays that were left open within its object, too; a stray one closes nothing. */
static void walk_close_brace(struct walk *walk)
{
    if (walk->depth > WALK_DEPTH) {
        walk->depth--;
        return;
    }
    for (size_t depth = walk->depth; depth > 0; depth--)
        if (walk->open[depth - 1] == '{') {
            walk->depth = depth - 1;
            return;
        }
}

static bool ends_at_comma(struct page *page, const struct walk *walk, size_t at)
{
    if (!walk->in_string && walk->depth == 0)
        return true;
    bool doubtful = walk->in_string || walk_top(walk) == '{' || walk->nested_too;
    return doubtful && is_start(page, at);
}

static bool ends_at_bracket(struct page *page, struct walk *walk, size_t at)
{
    if (!walk->in_string && walk->depth > 0 && walk_top(walk) != '{' && !walk->nested_too) {
        walk->depth--;
        return false;
    }
    if (resync_is_end(page, at))
        return true;
    if (!walk->in_string && walk->depth > 0 && walk_top(walk) != '{')
        walk->depth--;
    return false;
}

static size_t walk_on(struct page *page, size_t start, bool nested_too)
{
    struct walk walk = {.nested_too = nested_too};
    for (size_t at = start; at < page->body.size; at++) {
        char c = page->body.data[at];
        if (c == '"')
            walk.in_string = !walk.in_string;
        else if (c == '\\' && walk.in_string && (char_is(page, at + 1, '"') || char_is(page, at + 1, '\\')))
            at++;
        else if (c == ',' && ends_at_comma(page, &walk, at))
            return at;
        else if (c == ']' && at > start && ends_at_bracket(page, &walk, at))
            return at;
        else if (!walk.in_string && (c == '{' || c == '['))
            walk_open(&walk, c);
        else if (!walk.in_string && c == '}')
            walk_close_brace(&walk);
    }
    return RESYNC_NONE;
}

size_t resync_find(struct page *page, size_t start)
{
    size_t end = walk_on(page, start, page->nested_too);
    if (end != RESYNC_NONE || page->nested_too)
        return end;
    /* From here on for the whole page: walking to its end once for each broken element would not do. */
    page->nested_too = true;
    return walk_on(page, start, true);
}
