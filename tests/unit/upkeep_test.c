/* SPDX-License-Identifier: Apache-2.0 */
/* Who looks after the store of dead letters, and when. */
#include <config.h>

#include "tap.h"

#include "base/arena.h"
#include "engine/upkeep.h"

#include <scanpipe/host.h>
#include <unistd.h>

static const int64_t hour = 3600 * SP_SECOND;
static const int64_t hour_ms = 3600 * 1000, now_ms = 1795403777294;

static void test_record(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct sp_error err;
    struct upkeep upkeep = {.held = true, .done_wall_ms = now_ms, .nonce = 0x123456789abcdef0}, back;
    holder_self(&upkeep.holder);
    CU_ASSERT_EQUAL_FATAL(upkeep_parse(upkeep_format(&upkeep, arena), arena, &back, &err), 0);
    CU_ASSERT_TRUE(back.held && holder_is(&back.holder, &upkeep.holder));
    CU_ASSERT_EQUAL(back.done_wall_ms, now_ms);
    CU_ASSERT_EQUAL(back.nonce, upkeep.nonce);
    upkeep.held = false;
    CU_ASSERT_EQUAL_FATAL(upkeep_parse(upkeep_format(&upkeep, arena), arena, &back, &err), 0);
    CU_ASSERT_FALSE(back.held);
    CU_ASSERT_EQUAL_FATAL(upkeep_parse(sp_slice_of(""), arena, &back, &err), 0);
    CU_ASSERT_TRUE(!back.held && back.done_wall_ms == 0);
    CU_ASSERT_EQUAL(upkeep_parse(sp_slice_of("[1]"), arena, &back, &err), -1);
    CU_ASSERT_EQUAL(err.class, SP_REFUSED);
}

static void test_due(void)
{
    struct holder self;
    struct upkeep upkeep = {0};
    struct lease_watch watch = {.version = 1};
    holder_self(&self);
    CU_ASSERT_TRUE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour)); /* never done */
    upkeep.done_wall_ms = now_ms - hour_ms + 1;
    CU_ASSERT_FALSE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour));
    CU_ASSERT_TRUE(upkeep_may_take(&upkeep, &watch, &self, now_ms + 1, hour));
    upkeep.done_wall_ms = now_ms + 5; /* somebody's clock was wrong */
    CU_ASSERT_TRUE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour));
    upkeep.done_wall_ms = now_ms;
    watch.still_ns = hour;
    CU_ASSERT_TRUE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour));
}

static void test_never_two(void)
{
    struct holder self;
    struct upkeep upkeep = {.held = true, .done_wall_ms = 1};
    struct lease_watch watch = {.version = 1};
    holder_self(&self);
    upkeep.holder = self;
    upkeep.holder.pid = getppid(); /* that lives */
    CU_ASSERT_FALSE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour));
    upkeep.holder = self;
    snprintf(upkeep.holder.boot, sizeof upkeep.holder.boot, "another machine");
    CU_ASSERT_FALSE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour));
    watch.still_ns = hour - 1;
    CU_ASSERT_FALSE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour));
    watch.still_ns = hour;
    CU_ASSERT_TRUE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour));
    watch.still_ns = 0;
    upkeep.holder = self; /* what this process wrote, and did not hear of */
    CU_ASSERT_TRUE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour));
    upkeep.holder.pid = 0x7ffffff0; /* nobody */
    CU_ASSERT_TRUE(upkeep_may_take(&upkeep, &watch, &self, now_ms, hour));
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"the record is read as it was written", test_record},
        {"it is due an hour after it was done", test_due},
        {"it is never two at a time, and a crash delays it by an hour at most", test_never_two},
    };
    return tap_run("upkeep", tests, sizeof tests / sizeof *tests);
}
