/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_TABLE_FIXTURE_H
#define TESTS_TABLE_FIXTURE_H

/* Compiling a `table` block that stands in the test, and reading what was told of it. */

#include "base/arena.h"
#include "config/diag.h"
#include "table/table.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

struct table_fixture {
    struct sp_arena *arena;
    struct diag *diag;
    struct buffer told;
    const struct table_plan *plan; /* NULL where the block has errors */
    const struct sp_table *table;
};

static inline struct table_fixture table_fixture_open(const char *block, unsigned time_digits)
{
    struct table_fixture fixture = {.arena = arena_new(16384),
                                    .diag = diag_new("t.yaml", sp_slice_of(block))};
    const struct yaml_node *node = yaml_parse(sp_slice_of(block), fixture.diag, fixture.arena);
    if (node && yaml_get(node, "table"))
        node = yaml_get(node, "table");
    fixture.plan = node ? table_compile(node, time_digits, fixture.diag, fixture.arena) : NULL;
    fixture.table = fixture.plan ? table_of(fixture.plan) : NULL;
    diag_print(fixture.diag, &fixture.told);
    return fixture;
}

/* For blocks that have to be right. */
static inline struct table_fixture table_fixture_good(const char *block, unsigned time_digits)
{
    struct table_fixture fixture = table_fixture_open(block, time_digits);
    if (!fixture.plan)
        printf("# %s\n", buffer_text(&fixture.told));
    CU_ASSERT_PTR_NOT_NULL_FATAL(fixture.plan);
    return fixture;
}

static inline void table_fixture_close(struct table_fixture *fixture)
{
    buffer_fini(&fixture->told);
    diag_free(fixture->diag);
    arena_free(fixture->arena);
}

static inline size_t table_fixture_column(const struct table_fixture *fixture, const char *name)
{
    for (size_t i = 0; i < fixture->table->column_count; i++)
        if (strcmp(fixture->table->columns[i].name, name) == 0)
            return i;
    printf("# there is no column %s\n", name);
    CU_FAIL_FATAL("no such column");
    return 0;
}

#define PARCEL_SUMMARY                                                                                       \
    "name: ParcelSummary\n"                                                                                  \
    "order: /EventId\n"                                                                                      \
    "columns:\n"                                                                                             \
    "  ParcelId: {from: /ParcelId, type: int, min: 1, key: true}\n"                                          \
    "  LatestEventId: {from: /EventId, type: bigint, min: 1}\n"                                              \
    "  LatestType: {from: /Type, type: text(50), case: upper, required: true}\n"                             \
    "  LatestCreatedDateTimeUtc: {from: /CreatedDateTimeUtc, type: timestamp, required: true}\n"             \
    "  LatestStatusCode: {from: /StatusCode, type: text(50), default: \"\"}\n"                               \
    "  LatestRunId: {from: /User/RunId, type: text(50), default: \"\"}\n"                                    \
    "  PickedUpAtUtc: {from: /CreatedDateTimeUtc, type: timestamp, when: {/Type: PICKUP}, keep: first,"      \
    " order_column: PickedUpEventId}\n"                                                                      \
    "  DeliveredAtUtc: {from: /CreatedDateTimeUtc, type: timestamp, when: {/Type: DELIVERY}, keep: first,"   \
    " order_column: DeliveredEventId}\n"

#endif
