/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * What an event costs: nanoseconds for scanning it alone, and for folding it into ParcelSummary.
 * Prints; asserts nothing.  Arguments: events a batch (10000), parcels (200000), rounds (40).
 */

#include "base/arena.h"
#include "base/mem.h"
#include "config/diag.h"
#include "table/fold.h"

#include <scanpipe/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char block[] =
    "name: ParcelSummary\n"
    "order: /EventId\n"
    "columns:\n"
    "  ParcelId: {from: /ParcelId, type: int, min: 1, key: true}\n"
    "  LatestEventId: {from: /EventId, type: bigint, min: 1}\n"
    "  LatestType: {from: /Type, type: text(50), case: upper, required: true}\n"
    "  LatestCreatedDateTimeUtc: {from: /CreatedDateTimeUtc, type: timestamp, required: true}\n"
    "  LatestStatusCode: {from: /StatusCode, type: text(50), default: \"\"}\n"
    "  LatestRunId: {from: /User/RunId, type: text(50), default: \"\"}\n"
    "  PickedUpAtUtc: {from: /CreatedDateTimeUtc, type: timestamp, when: {/Type: PICKUP}, keep: first,"
    " order_column: PickedUpEventId}\n"
    "  DeliveredAtUtc: {from: /CreatedDateTimeUtc, type: timestamp, when: {/Type: DELIVERY}, keep: first,"
    " order_column: DeliveredEventId}\n";

static const char *const pointers[] = {"/EventId",    "/ParcelId",  "/Type", "/CreatedDateTimeUtc",
                                       "/StatusCode", "/User/RunId"};
#define POINTERS (sizeof pointers / sizeof *pointers)

static double now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct sp_slice make_event(struct sp_arena *arena, uint64_t id, uint64_t parcels, uint64_t *seed)
{
    static const char *const types[] = {"STATUS", "PICKUP", "DELIVERY"};
    uint64_t random = random_next(seed);
    const char *text = sp_arena_printf(
        arena,
        "{\"EventId\":%llu,\"ParcelId\":%llu,\"Type\":\"%s\",\"CreatedDateTimeUtc\":"
        "\"2021-05-%02lluT21:11:34.1506147Z\",\"StatusCode\":\"CREATED\",\"Device\":{\"DeviceTransactionId\":"
        "%llu,\"DeviceId\":103},\"User\":{\"UserId\":\"NC1001\",\"CarrierId\":\"NC\",\"RunId\":\"%llu\"}}",
        (unsigned long long)id, (unsigned long long)(5000 + random % parcels), types[(random >> 40) % 3],
        (unsigned long long)(1 + (random >> 20) % 28), (unsigned long long)id,
        (unsigned long long)(random >> 50));
    return sp_slice_of(text);
}

static void bench_scan(const struct sp_slice *events, size_t count, size_t rounds, struct sp_arena *arena)
{
    const struct sp_json_paths *paths;
    struct sp_json_value found[POINTERS];
    struct sp_json_fault fault;
    size_t bad, bytes = 0;
    if (sp_json_paths_new(pointers, POINTERS, arena, &paths, &bad) != 0)
        abort();
    double start = now_ns();
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            if (sp_json_scan_whole(paths, events[i], found, &fault) != 0)
                abort();
            bytes += found[2].raw.size + events[i].size;
        }
    }
    double events_done = (double)(rounds * count);
    printf("scan    %6.1f ns an event of %.0f bytes\n", (now_ns() - start) / events_done,
           (double)bytes / events_done);
}

static void bench_fold(const struct table_plan *plan, const struct sp_slice *events, size_t count,
                       size_t rounds)
{
    struct fold *fold = fold_new(plan);
    struct fold_reject why;
    struct sp_batch batch = {0};
    double adding = 0, finishing = 0;
    size_t rows = 0;
    for (size_t round = 0; round < rounds; round++) {
        double start = now_ns();
        fold_start(fold);
        for (size_t i = 0; i < count; i++)
            if (fold_add(fold, events[i], (uint32_t)i, &why) != FOLD_TAKEN)
                abort();
        double added = now_ns();
        fold_finish(fold, &batch);
        adding += added - start;
        finishing += now_ns() - added;
        rows = batch.row_count;
    }
    double events_done = (double)(rounds * count);
    printf("add     %6.1f ns an event\n", adding / events_done);
    printf("finish  %6.1f ns an event, %zu rows of %zu events\n", finishing / events_done, rows, count);
    printf("memory  %zu KiB\n", fold_footprint(fold) / 1024);
    fold_free(fold);
}

static size_t argument(char **argv, int argc, int at, size_t otherwise)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    size_t count = argument(argv, argc, 1, 10000), rounds = argument(argv, argc, 3, 40);
    uint64_t seed = 88172645463325252, parcels = argument(argv, argc, 2, 200000);
    struct sp_arena *arena = arena_new(1 << 20);
    struct sp_slice *events = mem_alloc(count * sizeof *events);
    for (size_t i = 0; i < count; i++)
        events[i] = make_event(arena, 80000 + i, parcels, &seed);

    struct diag *diag = diag_new("bench", sp_slice_of(block));
    const struct yaml_node *node = yaml_parse(sp_slice_of(block), diag, arena);
    const struct table_plan *plan = node ? table_compile(node, 7, diag, arena) : NULL;
    if (!plan)
        abort();
    bench_scan(events, count, rounds, arena);
    bench_fold(plan, events, count, rounds);
    diag_free(diag);
    mem_free_at(&events);
    arena_free(arena);
}
