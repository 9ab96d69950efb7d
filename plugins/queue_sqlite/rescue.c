/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rescue.h"

#include <stdlib.h>

/* Deeper trees are damage. */
enum { DEEPEST = 32 };

/* As the arenas of the core: without memory there is no going on. */
static void *needed(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void add_place(struct rescue_table *table, uint32_t place)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 64;
        table->places = needed(realloc(table->places, table->capacity * sizeof *table->places));
    }
    table->places[table->count++] = place;
    table->damaged = table->damaged || (place & RESCUE_LOST);
}

static unsigned char *page_new(const struct rescue *rescue)
{
    return needed(malloc(rescue->pages.page_size));
}

static bool read_tree_page(const struct rescue *rescue, uint32_t number, unsigned char *page,
                           struct tree_page *out)
{
    return pages_read(&rescue->pages, number, page) && tree_page_of(&rescue->pages, number, page, out);
}

/* ---- trees */

static bool is_leaf(enum tree_kind kind)
{
    return kind == TREE_TABLE_LEAF || kind == TREE_INDEX_LEAF;
}

static void walk(struct rescue *rescue, struct rescue_table *table, uint32_t number, bool index, int depth);

static void walk_children(struct rescue *rescue, struct rescue_table *table, const struct tree_page *tree,
                          bool index, int depth)
{
    for (size_t i = 0; i < tree->cells; i++) {
        struct tree_cell cell;
        if (tree_cell_at(&rescue->pages, tree, i, &cell))
            walk(rescue, table, cell.child, index, depth + 1);
        else
            add_place(table, RESCUE_LOST | tree->number);
    }
    walk(rescue, table, tree->right, index, depth + 1);
}

/* Goes through a tree in the order of its keys.  The inner pages of an index hold rows too. */
static void walk(struct rescue *rescue, struct rescue_table *table, uint32_t number, bool index, int depth)
{
    unsigned char *page = page_new(rescue);
    struct tree_page tree;
    bool good = depth < DEEPEST && number > 0 && number <= rescue->pages.count && !rescue->used[number] &&
                read_tree_page(rescue, number, page, &tree);
    enum tree_kind leaf = index ? TREE_INDEX_LEAF : TREE_TABLE_LEAF;
    enum tree_kind inner = index ? TREE_INDEX_INNER : TREE_TABLE_INNER;
    /* Only a root may be empty. */
    if (!good || (tree.kind != leaf && tree.kind != inner) || (tree.cells == 0 && depth > 0)) {
        add_place(table, RESCUE_LOST | (number & ~RESCUE_LOST));
    } else {
        rescue->used[number] = 1;
        if (tree.kind == leaf || index)
            add_place(table, number);
        if (tree.kind == inner)
            walk_children(rescue, table, &tree, index, depth);
    }
    free(page);
}

/* Which kind of tree a root is; tables where it cannot be told. */
static bool is_index_root(const struct rescue *rescue, uint32_t root)
{
    unsigned char *page = page_new(rescue);
    struct tree_page tree;
    bool index = read_tree_page(rescue, root, page, &tree) &&
                 (tree.kind == TREE_INDEX_LEAF || tree.kind == TREE_INDEX_INNER);
    free(page);
    return index;
}

/* ---- the schema */

/* On the heap; NULL where the value is no text. */
static char *text_of(const struct tree_value *value)
{
    if (value->type != TREE_TEXT)
        return NULL;
    char *text = needed(calloc(1, value->bytes.size + 1));
    if (value->bytes.size)
        memcpy(text, value->bytes.data, value->bytes.size);
    return text;
}

static char type_of(const struct tree_value *value)
{
    static const struct {
        const char *name;
        char type;
    } types[] = {{"table", 't'}, {"index", 'i'}, {"trigger", 'g'}, {"view", 'v'}};
    for (size_t i = 0; value->type == TREE_TEXT && i < sizeof types / sizeof *types; i++)
        if (sp_slice_equal(value->bytes, sp_slice_of(types[i].name)))
            return types[i].type;
    return 0;
}

/* Takes the name over. */
static struct rescue_table *add_table(struct rescue *rescue, char type, char *name)
{
    struct rescue_table *table = needed(calloc(1, sizeof *table)), **at = &rescue->tables;
    table->type = type;
    table->name = name;
    while (*at)
        at = &(*at)->next;
    *at = table;
    return table;
}

/* A row of sqlite_schema: type, name, table, root page, SQL. */
static void take_schema_row(struct rescue *rescue, const struct rescue_row *row)
{
    char type = row->count == 5 ? type_of(&row->values[0]) : 0;
    char *name = type && row->values[3].type == TREE_INTEGER ? text_of(&row->values[1]) : NULL;
    if (!name) {
        rescue->schema.damaged = true;
        return;
    }
    struct rescue_table *table = add_table(rescue, type, name);
    int64_t root = row->values[3].integer;
    table->root = root > 0 && root <= rescue->pages.count ? (uint32_t)root : 0;
    table->on = text_of(&row->values[2]);
    table->sql = text_of(&row->values[4]);
    if (type == 't' && root != 0 && table->root == 0)
        add_place(table, RESCUE_LOST);
}

static void read_schema(struct rescue *rescue)
{
    struct rescue_rows rows;
    struct rescue_row row;
    walk(rescue, &rescue->schema, 1, false, 0);
    rescue_rows_open(&rows, rescue, &rescue->schema, 0);
    for (enum rescue_step step; (step = rescue_next(&rows, &row)) != RESCUE_END;)
        if (step == RESCUE_ROW)
            take_schema_row(rescue, &row);
        else
            rescue->schema.damaged = true;
    rescue_rows_close(&rows);
}

/* Pages that are free: a list of pages that hold lists. */
static void mark_free(struct rescue *rescue)
{
    unsigned char *page = page_new(rescue);
    uint32_t trunk = 0;
    if (rescue->pages.header_good && pages_read(&rescue->pages, 1, page))
        trunk = pages_get32(page + 32);
    while (trunk > 0 && trunk <= rescue->pages.count && !rescue->used[trunk] &&
           pages_read(&rescue->pages, trunk, page)) {
        size_t count = pages_get32(page + 4), most = rescue->pages.usable / 4 - 2;
        rescue->used[trunk] = 1;
        for (size_t i = 0; i < count && i < most; i++) {
            uint32_t leaf = pages_get32(page + 8 + 4 * i);
            if (leaf > 0 && leaf <= rescue->pages.count)
                rescue->used[leaf] = 1;
        }
        trunk = pages_get32(page);
    }
    free(page);
}

/* ---- rows */

void rescue_rows_open(struct rescue_rows *rows, const struct rescue *rescue, const struct rescue_table *table,
                      size_t place)
{
    *rows = (struct rescue_rows){.rescue = rescue, .table = table, .place = place, .page = page_new(rescue)};
    rows->values = needed(malloc(RESCUE_COLUMNS * sizeof *rows->values));
}

void rescue_rows_close(struct rescue_rows *rows)
{
    free(rows->page);
    free(rows->room.bytes);
    free(rows->values);
    *rows = (struct rescue_rows){0};
}

static enum rescue_step take_row(struct rescue_rows *rows, size_t index, struct rescue_row *out)
{
    const struct pages *pages = &rows->rescue->pages;
    struct tree_cell cell;
    *out = (struct rescue_row){.page = rows->tree.number};
    if (!tree_cell_at(pages, &rows->tree, index, &cell))
        return RESCUE_LOST_ROW;
    struct sp_slice bytes = {(const char *)cell.local, cell.local_size};
    if (!rows->beginnings)
        bytes = tree_row(pages, &cell, &rows->room);
    size_t count = tree_columns(bytes, cell.size, rows->values, RESCUE_COLUMNS);
    out->id = cell.rowid;
    if (count == TREE_BAD)
        return RESCUE_LOST_ROW;
    out->values = rows->values;
    out->count = count;
    return RESCUE_ROW;
}

enum rescue_step rescue_next(struct rescue_rows *rows, struct rescue_row *out)
{
    while (rows->place < rows->table->count) {
        uint32_t number = rows->table->places[rows->place];
        if (!rows->loaded &&
            ((number & RESCUE_LOST) || !read_tree_page(rows->rescue, number, rows->page, &rows->tree))) {
            *out = (struct rescue_row){.page = number & ~RESCUE_LOST};
            rows->place++;
            return RESCUE_LOST_PAGE;
        }
        rows->loaded = true;
        if (rows->cell < rows->tree.cells)
            return take_row(rows, rows->cell++, out);
        rows->loaded = false;
        rows->cell = 0;
        rows->place++;
    }
    return RESCUE_END;
}

/* ---- pages that no tree leads to */

static bool is_type(const struct tree_value *value, enum tree_type type)
{
    return value->type == type || value->type == TREE_CUT;
}

bool rescue_is_message(const struct tree_value *values, size_t count)
{
    return count == 6 && values[0].type == TREE_NULL && values[1].type == TREE_INTEGER &&
           values[1].integer >= 0 && values[2].type == TREE_INTEGER && values[2].integer > 0 &&
           values[3].type == TREE_INTEGER && values[3].integer >= 0 &&
           (values[4].type == TREE_NULL || is_type(&values[4], TREE_BLOB)) && is_type(&values[5], TREE_BLOB);
}

static bool is_letter(const struct tree_value *values, size_t count)
{
    return count >= 16 && values[0].type == TREE_BLOB && values[0].bytes.size == 32 &&
           values[1].type == TREE_INTEGER && values[2].type == TREE_TEXT &&
           is_type(&values[12], TREE_INTEGER);
}

static bool is_state(const struct tree_value *values, size_t count)
{
    return count == 5 && values[0].type == TREE_TEXT && values[1].type == TREE_TEXT &&
           values[2].type == TREE_INTEGER && values[3].type == TREE_BLOB && values[4].type == TREE_INTEGER;
}

static const struct known {
    const char *name;
    enum tree_kind leaf;
    bool (*is_row)(const struct tree_value *values, size_t count);
} known_tables[] = {{"QueueMessages", TREE_TABLE_LEAF, rescue_is_message},
                    {"FailedEvents", TREE_TABLE_LEAF, is_letter},
                    {"PipelineState", TREE_INDEX_LEAF, is_state}};
enum { KNOWN_TABLES = sizeof known_tables / sizeof *known_tables };

struct orphan {
    uint32_t page;
    int64_t first, last; /* ids */
};

struct orphans {
    struct orphan *items; /* heap */
    size_t count, capacity, given;
};

/* The first and the last id of a leaf whose rows are of the known table; false where none is. */
static bool look_at_leaf(struct rescue *rescue, uint32_t number, const struct known *known,
                         struct orphan *out)
{
    struct rescue_table alone = {.places = &number, .count = 1};
    struct rescue_rows rows;
    struct rescue_row row;
    bool any = false;
    *out = (struct orphan){.page = number};
    rescue_rows_open(&rows, rescue, &alone, 0);
    rows.beginnings = true;
    for (enum rescue_step step; (step = rescue_next(&rows, &row)) != RESCUE_END;) {
        if (step != RESCUE_ROW || rows.tree.kind != known->leaf || !known->is_row(row.values, row.count))
            continue;
        out->first = any ? out->first : row.id;
        out->last = row.id;
        any = true;
    }
    rescue_rows_close(&rows);
    return any;
}

static void add_orphan(struct orphans *orphans, const struct orphan *orphan)
{
    if (orphans->count == orphans->capacity) {
        orphans->capacity = orphans->capacity ? 2 * orphans->capacity : 64;
        orphans->items = needed(realloc(orphans->items, orphans->capacity * sizeof *orphans->items));
    }
    orphans->items[orphans->count++] = *orphan;
}

static int by_first(const void *a, const void *b)
{
    const struct orphan *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* Puts what lies between two leaves of the tree there, with a mark wherever ids are missing. */
static void fill_gap(struct rescue_table *table, struct orphans *orphans, const struct orphan *before,
                     const struct orphan *after)
{
    int64_t last = before ? before->last : INT64_MIN;
    for (; orphans->given < orphans->count; orphans->given++) {
        const struct orphan *one = &orphans->items[orphans->given];
        if (after && one->first >= after->first)
            break;
        if (last == INT64_MIN || last + 1 < one->first)
            add_place(table, RESCUE_LOST | one->page);
        add_place(table, one->page);
        last = one->last;
    }
    if (!after || last == INT64_MIN || last + 1 < after->first)
        add_place(table, RESCUE_LOST | (after ? after->page : 0));
}

/* Puts the orphans where pages are lost; those that fit nowhere come last. */
static void merge_orphans(struct rescue *rescue, const struct known *known, struct rescue_table *table,
                          struct orphans *orphans)
{
    struct rescue_table merged = *table;
    struct orphan before, after;
    bool any_before = false, gap = false;
    qsort(orphans->items, orphans->count, sizeof *orphans->items, by_first);
    merged.places = NULL;
    merged.count = merged.capacity = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (table->places[i] & RESCUE_LOST) {
            gap = true;
            continue;
        }
        bool any = look_at_leaf(rescue, table->places[i], known, &after);
        if (gap && any)
            fill_gap(&merged, orphans, any_before ? &before : NULL, &after);
        gap = gap && !any;
        add_place(&merged, table->places[i]);
        if (any)
            before = after;
        any_before = any_before || any;
    }
    if (gap)
        fill_gap(&merged, orphans, any_before ? &before : NULL, NULL);
    for (; orphans->given < orphans->count; orphans->given++)
        add_place(&merged, orphans->items[orphans->given].page);
    free(table->places);
    *table = merged;
}

static struct rescue_table *find_table(const struct rescue *rescue, const char *name)
{
    struct rescue_table *table = rescue->tables;
    while (table && (table->type != 't' || strcmp(table->name, name) != 0))
        table = table->next;
    return table;
}

/* Whether one of its leaves has rows of the known table; *any_out: whether there are rows at all. */
static bool looks_like(struct rescue *rescue, const struct rescue_table *table, const struct known *known,
                       bool *any_out)
{
    unsigned char *page = page_new(rescue);
    struct tree_page tree;
    bool found = false;
    *any_out = false;
    for (size_t i = 0; i < table->count && !found; i++) {
        struct orphan ignored;
        if ((table->places[i] & RESCUE_LOST) || !read_tree_page(rescue, table->places[i], page, &tree) ||
            tree.cells == 0)
            continue;
        *any_out = true;
        found = tree.kind == known->leaf && look_at_leaf(rescue, table->places[i], known, &ignored);
    }
    free(page);
    return found;
}

/* The schema may be what is damaged: a name, or where a table begins.  Then its rows tell. */
static void mend_names(struct rescue *rescue, const struct known *known)
{
    struct rescue_table *table = find_table(rescue, known->name);
    bool any;
    if (table && !looks_like(rescue, table, known, &any) && any) {
        for (size_t i = 0; i < table->count; i++)
            if (!(table->places[i] & RESCUE_LOST))
                rescue->used[table->places[i]] = 0;
        table->count = 0;
        add_place(table, RESCUE_LOST);
    }
    for (struct rescue_table *other = rescue->tables; !table && other; other = other->next)
        if (other->type == 't' && looks_like(rescue, other, known, &any)) {
            free(other->name);
            other->name = needed(strdup(known->name));
            return;
        }
}

/* Rows that the leaves say they have. */
static uint64_t count_rows(const struct rescue *rescue, const struct rescue_table *table)
{
    unsigned char *page = page_new(rescue);
    struct tree_page tree;
    uint64_t count = 0;
    for (size_t i = 0; i < table->count; i++)
        if (!(table->places[i] & RESCUE_LOST) && read_tree_page(rescue, table->places[i], page, &tree))
            count += tree.cells;
    free(page);
    return count;
}

/* Whether the table lacks rows, as far as can be told. */
static bool lacks_rows(const struct rescue *rescue, const struct rescue_table *table)
{
    if (!table) /* where there never was one no page looks like its rows */
        return true;
    return table->damaged || (strcmp(table->name, "QueueMessages") == 0 && rescue->totals_known &&
                              count_rows(rescue, table) < rescue->total_messages);
}

/* Looks at each page that no tree leads to.  A table that is lost altogether comes back by its rows. */
static void adopt_orphans(struct rescue *rescue, const struct known *known)
{
    struct rescue_table *table = find_table(rescue, known->name);
    struct orphans orphans = {0};
    unsigned char *page = page_new(rescue);
    struct tree_page tree;
    if (lacks_rows(rescue, table))
        for (uint32_t number = 2; number <= rescue->pages.count; number++) {
            struct orphan orphan;
            if (rescue->used[number] || !read_tree_page(rescue, number, page, &tree) ||
                tree.kind != known->leaf || !look_at_leaf(rescue, number, known, &orphan))
                continue;
            rescue->used[number] = 1;
            add_orphan(&orphans, &orphan);
        }
    if (!table && orphans.count > 0) {
        table = add_table(rescue, 't', needed(strdup(known->name)));
        add_place(table, RESCUE_LOST);
    }
    if (orphans.count > 0)
        merge_orphans(rescue, known, table, &orphans);
    free(orphans.items);
    free(page);
}

/* The row of QueueTotals: an id that is no column, the last id, and how many messages there are. */
static void read_totals(struct rescue *rescue)
{
    const struct rescue_table *table = find_table(rescue, "QueueTotals");
    struct rescue_rows rows;
    struct rescue_row row;
    if (!table)
        return;
    rescue_rows_open(&rows, rescue, table, 0);
    if (rescue_next(&rows, &row) == RESCUE_ROW && row.count == 5 && row.values[1].type == TREE_INTEGER &&
        row.values[3].type == TREE_INTEGER && row.values[3].integer >= 0) {
        rescue->totals_known = true;
        rescue->last_id = row.values[1].integer;
        rescue->total_messages = (uint64_t)row.values[3].integer;
    }
    rescue_rows_close(&rows);
}

/* The totals tell of messages of which not even a trace was met: they may be missing anywhere. */
static void mark_missing(struct rescue *rescue)
{
    struct rescue_table *table = find_table(rescue, "QueueMessages");
    if (!table || table->damaged || !lacks_rows(rescue, table))
        return;
    struct rescue_table marked = *table;
    marked.places = NULL;
    marked.count = marked.capacity = 0;
    add_place(&marked, RESCUE_LOST);
    for (size_t i = 0; i < table->count; i++) {
        add_place(&marked, table->places[i]);
        add_place(&marked, RESCUE_LOST | table->places[i]);
    }
    free(table->places);
    *table = marked;
}

static void count_unplaced(struct rescue *rescue)
{
    unsigned char *page = page_new(rescue);
    struct tree_page tree;
    for (uint32_t number = 2; rescue->schema.damaged && number <= rescue->pages.count; number++)
        if (!rescue->used[number] && read_tree_page(rescue, number, page, &tree) && is_leaf(tree.kind) &&
            tree.cells > 0)
            rescue->unplaced_pages++;
    free(page);
}

/* ---- all of it */

int rescue_open(struct rescue *rescue, const char *path, struct sp_error *err)
{
    *rescue = (struct rescue){.schema = {.type = 't'}};
    if (pages_open(&rescue->pages, path, err) < 0)
        return -1;
    rescue->used = needed(calloc((size_t)rescue->pages.count + 1, 1));
    read_schema(rescue);
    for (struct rescue_table *table = rescue->tables; table; table = table->next)
        if (table->root && (table->type == 't' || table->type == 'i'))
            walk(rescue, table, table->root, table->type == 'i' || is_index_root(rescue, table->root), 0);
    for (size_t i = 0; i < KNOWN_TABLES; i++)
        mend_names(rescue, &known_tables[i]);
    mark_free(rescue);
    read_totals(rescue);
    for (size_t i = 0; i < KNOWN_TABLES; i++)
        adopt_orphans(rescue, &known_tables[i]);
    mark_missing(rescue);
    count_unplaced(rescue);
    return 0;
}

void rescue_close(struct rescue *rescue)
{
    for (struct rescue_table *table; (table = rescue->tables);) {
        rescue->tables = table->next;
        free(table->name);
        free(table->on);
        free(table->sql);
        free(table->places);
        free(table);
    }
    free(rescue->schema.places);
    free(rescue->used);
    pages_close(&rescue->pages);
    *rescue = (struct rescue){.pages = {.file = -1, .log = -1}};
}

const struct rescue_table *rescue_find(const struct rescue *rescue, const char *name)
{
    return find_table(rescue, name);
}
