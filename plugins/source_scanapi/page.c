/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "page.h"

#include "resync.h"

static struct sp_slice rest_of(const struct page *page, size_t at)
{
    return (struct sp_slice){page->body.data + at, page->body.size - at};
}

/* Goes over one value of any kind, and the white space behind it. */
static bool skip_value(struct page *page, struct sp_slice *value_out)
{
    size_t length;
    struct sp_json_fault fault;
    if (sp_json_scan(NULL, rest_of(page, page->at), NULL, &length, &fault) != 0) {
        page->fault = (struct sp_json_fault){page->at + fault.offset, fault.reason};
        return false;
    }
    *value_out = (struct sp_slice){page->body.data + page->at, length};
    page->at = skip_space(page->body, page->at + length);
    return true;
}

static bool no_array(struct page *page, const char *reason)
{
    page->fault = (struct sp_json_fault){page->at, reason};
    return false;
}

/* A key with escapes matches nothing: no feed writes the names of its envelope so. */
static bool token_is(struct sp_slice token, struct sp_slice key)
{
    size_t at = 0;
    for (size_t i = 0; i < token.size; i++, at++) {
        char c = token.data[i];
        if (c == '~' && i + 1 < token.size)
            c = token.data[++i] == '0' ? '~' : '/';
        if (at == key.size || key.data[at] != c)
            return false;
    }
    return at == key.size;
}

static bool enter_member(struct page *page, struct sp_slice token)
{
    struct sp_slice key, other;
    page->closers[page->depth++] = '}';
    do {
        page->at = skip_space(page->body, page->at + 1);
        if (!char_is(page, page->at, '"'))
            return no_array(page, "the key of the events is missing");
        if (!skip_value(page, &key))
            return false;
        if (!char_is(page, page->at, ':'))
            return no_array(page, "a colon is missing");
        page->at = skip_space(page->body, page->at + 1);
        if (token_is(token, (struct sp_slice){key.data + 1, key.size - 2}))
            return true;
    } while (skip_value(page, &other) && char_is(page, page->at, ','));
    return page->fault.reason ? false : no_array(page, "the key of the events is missing");
}

static bool enter_item(struct page *page, struct sp_slice token)
{
    struct sp_slice other;
    size_t index = 0;
    for (size_t i = 0; i < token.size; i++) {
        if (token.data[i] < '0' || token.data[i] > '9' || index > 1000000)
            return no_array(page, "an array stands where the pointer has a key");
        index = index * 10 + (size_t)(token.data[i] - '0');
    }
    page->closers[page->depth++] = ']';
    page->at = skip_space(page->body, page->at + 1);
    for (; index > 0; index--) {
        if (!skip_value(page, &other))
            return false;
        if (!char_is(page, page->at, ','))
            return no_array(page, "the item of the events is missing");
        page->at = skip_space(page->body, page->at + 1);
    }
    return true;
}

static bool find_array(struct page *page, const char *pointer)
{
    if (page->body.size >= 3 && memcmp(page->body.data, "\xEF\xBB\xBF", 3) == 0)
        page->at = 3;
    page->at = skip_space(page->body, page->at);
    while (*pointer == '/' && page->depth < PAGE_DEPTH) {
        struct sp_slice token = {pointer + 1, strcspn(pointer + 1, "/")};
        pointer = token.data + token.size;
        bool entered = char_is(page, page->at, '{')   ? enter_member(page, token)
                       : char_is(page, page->at, '[') ? enter_item(page, token)
                                                      : no_array(page, "it is no JSON object");
        if (!entered)
            return false;
    }
    return char_is(page, page->at, '[') || no_array(page, "the events are no array");
}

enum page_step page_open(struct page *page, struct sp_slice body, const char *pointer,
                         const struct sp_json_paths *paths, struct sp_json_value *found)
{
    *page = (struct page){
        .body = body, .paths = paths, .found = found, .separated = true, .budget = 8 * body.size + 4096};
    if (!find_array(page, pointer))
        return PAGE_NO_ARRAY;
    page->at++;
    return PAGE_MORE;
}

static enum page_step page_cut(struct page *page)
{
    page->fault = (struct sp_json_fault){page->body.size, "it ends within the array of events"};
    return page->any_seen ? PAGE_CUT : PAGE_EMPTY_CUT;
}

static enum page_step take_broken(struct page *page, const struct sp_json_fault *fault,
                                  struct page_element *out)
{
    size_t start = page->at, end = resync_find(page, start);
    page->any_seen = true;
    /* An element that goes on to the last byte looks as one that was cut: what ends the page may stand in a
     * text of it.  Then the page is at fault, until it has come again and again. */
    bool to_the_end = start + fault->offset >= page->body.size;
    if (end == RESYNC_NONE || (to_the_end && page->body.data[end] == ']'))
        return page_cut(page);
    page->at = end;
    size_t commas = 0;
    for (size_t i = start; i < end; i++)
        commas += page->body.data[i] == ',';
    while (end > start + 1 && skip_space(page->body, end - 1) >= end)
        end--;
    *out = (struct page_element){.bytes = {page->body.data + start, end - start},
                                 .broken = fault->reason,
                                 .broken_at = fault->offset < end - start ? fault->offset : end - start,
                                 .separated = page->separated,
                                 .at_most = commas + 1};
    page->broken_seen = true;
    page->separated = false;
    return PAGE_MORE;
}

/* A stray bracket must not hide the events behind it.  But an array that was whole, and behind which
 * there are none, is good whatever became of the envelope. */
static bool is_end(struct page *page)
{
    if (resync_is_end(page, page->at))
        return true;
    return !page->broken_seen && !memchr(page->body.data + page->at, '{', page->body.size - page->at);
}

enum page_step page_next(struct page *page, struct page_element *out)
{
    page->at = skip_space(page->body, page->at);
    while (char_is(page, page->at, ',')) {
        page->separated = true;
        page->at = skip_space(page->body, page->at + 1);
    }
    if (page->at == page->body.size)
        return page_cut(page);
    if (char_is(page, page->at, ']') && is_end(page))
        return PAGE_END;
    size_t length;
    struct sp_json_fault fault;
    if (sp_json_scan(page->paths, rest_of(page, page->at), page->found, &length, &fault) != 0)
        return take_broken(page, &fault, out);
    size_t behind = skip_space(page->body, page->at + length);
    if (page->body.data[page->at] != '{' && !char_is(page, behind, ',') && !char_is(page, behind, ']')) {
        /* A lone quote makes a string with the start of the next event in it. */
        fault = (struct sp_json_fault){length, "no comma follows"};
        return take_broken(page, &fault, out);
    }
    *out = (struct page_element){.bytes = {page->body.data + page->at, length},
                                 .separated = page->separated,
                                 .at_most = 1};
    page->any_seen = true;
    page->separated = false;
    page->at += length;
    return PAGE_MORE;
}
