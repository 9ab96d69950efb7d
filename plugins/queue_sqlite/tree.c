/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tree.h"

#include <stdlib.h>

/* Larger rows are none of SQLite's (SQLITE_MAX_LENGTH). */
#define ROW_MOST UINT64_C(1000000000)

/* Seven bits a byte, the ninth byte whole; the bytes used, or 0 where `end` comes first. */
static size_t take_varint(const unsigned char *at, const unsigned char *end, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 9 && at + i < end; i++) {
        value = i == 8 ? value << 8 | at[i] : value << 7 | (at[i] & 0x7f);
        if (i == 8 || at[i] < 0x80) {
            *out = value;
            return i + 1;
        }
    }
    return 0;
}

static bool is_inner(enum tree_kind kind)
{
    return kind == TREE_INDEX_INNER || kind == TREE_TABLE_INNER;
}

bool tree_page_of(const struct pages *pages, uint32_t number, const unsigned char *bytes,
                  struct tree_page *out)
{
    size_t head = number == 1 ? 100 : 0;
    enum tree_kind kind = bytes[head];
    if (kind != TREE_INDEX_INNER && kind != TREE_TABLE_INNER && kind != TREE_INDEX_LEAF &&
        kind != TREE_TABLE_LEAF)
        return false;
    size_t after = head + (is_inner(kind) ? 12 : 8), cells = pages_get16(bytes + head + 3);
    if (after + 2 * cells > pages->usable)
        cells = (pages->usable - after) / 2; /* what is there may still be good */
    *out = (struct tree_page){.number = number,
                              .kind = kind,
                              .cells = cells,
                              .right = is_inner(kind) ? pages_get32(bytes + head + 8) : 0,
                              .head = head,
                              .bytes = bytes};
    return true;
}

/* How much of a row of `size` bytes stands on the page itself. */
static size_t local_part(const struct pages *pages, enum tree_kind kind, uint64_t size)
{
    size_t usable = pages->usable;
    size_t most = kind == TREE_TABLE_LEAF ? usable - 35 : (usable - 12) * 64 / 255 - 23;
    size_t least = (usable - 12) * 32 / 255 - 23;
    if (size <= most)
        return (size_t)size;
    size_t part = least + (size_t)((size - least) % (usable - 4));
    return part <= most ? part : least;
}

/* The row itself: what is behind child, size and rowid. */
static bool take_payload(const struct pages *pages, enum tree_kind kind, const unsigned char *at,
                         const unsigned char *end, struct tree_cell *cell)
{
    if (cell->size == 0 || cell->size > ROW_MOST)
        return false;
    size_t local = local_part(pages, kind, cell->size);
    bool more = local < cell->size;
    if ((size_t)(end - at) < local + (more ? 4 : 0))
        return false;
    cell->local = at;
    cell->local_size = local;
    cell->overflow = more ? pages_get32(at + local) : 0;
    return true;
}

bool tree_cell_at(const struct pages *pages, const struct tree_page *page, size_t index,
                  struct tree_cell *out)
{
    size_t pointers = page->head + (is_inner(page->kind) ? 12 : 8);
    size_t offset = pages_get16(page->bytes + pointers + 2 * index), used;
    const unsigned char *at = page->bytes + offset, *end = page->bytes + pages->usable;
    struct tree_cell cell = {0};
    uint64_t rowid;
    if (offset < pointers + 2 * page->cells || offset + 4 > pages->usable)
        return false;
    if (is_inner(page->kind)) {
        cell.child = pages_get32(at);
        at += 4;
    }
    if (page->kind != TREE_TABLE_INNER) {
        if ((used = take_varint(at, end, &cell.size)) == 0)
            return false;
        at += used;
    }
    if (page->kind == TREE_TABLE_INNER || page->kind == TREE_TABLE_LEAF) {
        if ((used = take_varint(at, end, &rowid)) == 0)
            return false;
        cell.rowid = (int64_t)rowid;
        at += used;
    }
    if (page->kind != TREE_TABLE_INNER && !take_payload(pages, page->kind, at, end, &cell))
        return false;
    *out = cell;
    return true;
}

/* As the arenas of the core: without memory there is no going on. */
static void make_room(struct tree_room *room, size_t size)
{
    if (room->capacity >= size)
        return;
    free(room->bytes);
    room->bytes = malloc(size);
    if (!room->bytes)
        abort();
    room->capacity = size;
}

struct sp_slice tree_row(const struct pages *pages, const struct tree_cell *cell, struct tree_room *room)
{
    if (cell->overflow == 0)
        return (struct sp_slice){(const char *)cell->local, cell->local_size};
    /* What the file cannot hold is not asked of the memory. */
    uint64_t most = (uint64_t)pages->count * pages->usable;
    size_t size = (size_t)(cell->size < most ? cell->size : most), got = cell->local_size;
    make_room(room, (size > got ? size : got) + pages->page_size);
    unsigned char *page = room->bytes + room->capacity - pages->page_size;
    memcpy(room->bytes, cell->local, got);
    for (uint32_t next = cell->overflow; got < size; next = pages_get32(page)) {
        if (!pages_read(pages, next, page))
            break;
        size_t some = size - got < pages->usable - 4 ? size - got : pages->usable - 4;
        memcpy(room->bytes + got, page + 4, some);
        got += some;
    }
    return (struct sp_slice){(const char *)room->bytes, got};
}

static int64_t integer_of(const unsigned char *at, size_t size)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

/* Bytes of a column of a serial type below 12. */
static const unsigned char fixed_sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};

static bool take_value(uint64_t serial, const unsigned char *at, size_t left, struct tree_value *out)
{
    if (serial == 10 || serial == 11)
        return false;
    uint64_t size = serial < 10 ? fixed_sizes[serial] : (serial - 12) / 2;
    *out = (struct tree_value){.type = TREE_CUT};
    if (serial >= 12)
        out->bytes = (struct sp_slice){(const char *)at, left < size ? left : (size_t)size};
    if (left < size)
        return true;
    if (serial >= 12) {
        out->type = serial & 1 ? TREE_TEXT : TREE_BLOB;
    } else if (serial == 0) {
        out->type = TREE_NULL;
    } else if (serial == 7) {
        uint64_t bits = (uint64_t)integer_of(at, 8);
        memcpy(&out->real, &bits, sizeof bits);
        out->type = TREE_REAL;
    } else {
        out->type = TREE_INTEGER;
        out->integer = serial >= 8 ? (int64_t)(serial - 8) : integer_of(at, (size_t)size);
    }
    return true;
}

size_t tree_columns(struct sp_slice bytes, uint64_t size, struct tree_value *out, size_t max)
{
    const unsigned char *start = (const unsigned char *)bytes.data, *end = start + bytes.size;
    uint64_t header, serial, sum;
    size_t used = take_varint(start, end, &header), count = 0;
    if (used == 0 || header < used || header > bytes.size)
        return TREE_BAD;
    const unsigned char *types = start + used, *types_end = start + header;
    sum = header;
    while (types < types_end) {
        if ((used = take_varint(types, types_end, &serial)) == 0 || count == max)
            return TREE_BAD;
        types += used;
        size_t at = sum < bytes.size ? (size_t)sum : bytes.size;
        if (!take_value(serial, start + at, bytes.size - at, &out[count]))
            return TREE_BAD;
        sum += serial < 10 ? fixed_sizes[serial] : (serial - 12) / 2;
        if (sum > size)
            return TREE_BAD;
        count++;
    }
    return count;
}
