/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_KIT_KIT_H
#define TESTS_KIT_KIT_H

/*
 * What a check of the conformance suite has at hand.
 *
 * Each check runs in a process of its own that ends with it: what fails says so and is over, nothing has to
 * be cleaned up, and a plugin that crashes or hangs fails one check.  Until the check loads a stage its
 * process has one thread and has not touched the plugin, so that it can fork others that are as fresh.
 */

#include "base/arena.h"
#include "plugin/plugin.h"
#include <scanpipe/host.h>

#include <stdatomic.h>
#include <sys/types.h>

struct kit_options;

/* What the command line says, and what this check has. */
struct kit {
    const struct plugin *plugin;
    const struct kit_options *options;
    int64_t lease_ns;          /* a lease whose end is waited for */
    int64_t soon_ns;           /* how long what ought to happen at once may take */
    const char *output;        /* sinks: the file with the events, or NULL; "-": standard output */
    const char *picky;         /* sinks: the command that makes a table reject rows, or NULL */
    const char *expect_events; /* sources: the file with all events, or NULL */
    int64_t expect_not_events; /* sources: how many; -1: not said */
    bool fresh;                /* each check finds an empty store of its own */
    const char *folder;        /* of this check, empty at first */
    uint64_t dice;
    struct sp_arena *arena; /* lives as long as the check */
    struct kit_stage *stages;
};

struct check {
    const char *name; /* "given ..., when ..., then ..." */
    void (*run)(struct kit *kit);
};

struct check_list {
    const struct check *checks;
    size_t count;
};

#define CHECK_LIST(name, array) const struct check_list name = {array, sizeof(array) / sizeof(array)[0]}

extern const struct check_list lifecycle_checks;
extern const struct check_list queue_checks, queue_lease_checks, queue_wait_checks, queue_crash_checks;
extern const struct check_list state_checks;
extern const struct check_list letters_checks, letters_scan_checks;
extern const struct check_list sink_checks, sink_fold_checks, sink_crash_checks, sink_event_checks;
extern const struct check_list source_checks, source_cursor_checks;

/* ---- What a check says.  Any thread and any helper may. */

_Noreturn void kit_fail(const char *file, int line, const char *format, ...) SP_PRINTF(3, 4);
/* The check needs what was not said, or is not there: a SKIP. */
_Noreturn void kit_skip(const char *format, ...) SP_PRINTF(1, 2);
/* The check is of what such a plugin does not have: it passes, and says so. */
_Noreturn void kit_not_for(const char *format, ...) SP_PRINTF(1, 2);

#define REQUIRE(condition, ...)                                                                              \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            kit_fail(__FILE__, __LINE__, __VA_ARGS__);                                                       \
    } while (0)

/* What the thread's last call into the plugin said. */
extern _Thread_local struct sp_error kit_error;

/* After a call that failed: fails the check, or pauses where it is to be tried again, which `contended` and
 * `throttled` may ask for at any time.  `tries` begins at 0. */
void kit_tried(const char *file, int line, const char *call, unsigned *tries);

/* A call that must succeed. */
#define WORKS(call)                                                                                          \
    for (unsigned tries_ = 0; (call) != 0;)                                                                  \
    kit_tried(__FILE__, __LINE__, #call, &tries_)

/* ---- Time and chance */

/* A deadline that is not reached. */
int64_t kit_soon(const struct kit *kit);
/* How long a call that ought to return "soon" may take, on a busy machine. */
int64_t kit_soon_ns(const struct kit *kit);
void kit_sleep(int64_t ns);

uint64_t kit_random(uint64_t *dice);
/* 0 to bound - 1. */
size_t kit_below(uint64_t *dice, size_t bound);

/* Runs `function` in so many threads and waits for all of them. */
struct kit_thread {
    void *with;
    size_t number;
};
void kit_threads(size_t count, void (*function)(const struct kit_thread *thread), void *with);

/* ---- Stages */

struct kit_stage {
    struct kit_stage *next;
    struct kit *kit;
    struct sp_stage about;
    void *config, *loaded;
    void *config_before; /* a copy: plugins do not change theirs */
    void *handles[64];   /* those that are open */
    size_t handle_count;
};

/* What the options name. */
enum kit_place {
    KIT_HERE,
    KIT_AWAY,  /* something that is not there */
    KIT_APART, /* another store */
};

/* What a stage is to be like; all of it may be left out. */
struct kit_wish {
    enum kit_place place;
    const char *pipeline; /* its name */
    const struct sp_table *table;
};

struct kit_stage *kit_load(struct kit *kit, const struct kit_wish *wish);
void kit_unload(struct kit_stage *stage);
void *kit_open(struct kit_stage *stage);
void kit_close(struct kit_stage *stage, void *handle);
/* Closes and unloads what the check has left. */
void kit_unload_all(struct kit *kit);

/* A folder in the check's own, made. */
const char *kit_folder(struct kit *kit, const char *name);
/* A name that no check of any run had, "kit_6f3a..."; of this process and those it forks later. */
const char *kit_unique(struct kit *kit);

static inline bool kit_can(const struct kit *kit, uint32_t flags)
{
    return (kit->plugin->capabilities.flags & flags) == flags;
}

/* Skips where what is stored ends with the process. */
void kit_needs_durable(const struct kit *kit);
/* Skips where two stages cannot have stores of their own. */
/* Two stores: KIT_APART is of use. */
void kit_needs_apart(const struct kit *kit);

/* Calls interrupt() as the core does, again and again until `done`; fails where that takes too long. */
void kit_interrupt(struct kit *kit, void *handle, const atomic_bool *done);

/* The text of a string that is shown in messages: at most a line, without what breaks it. */
const char *kit_shown(struct kit *kit, struct sp_slice text);

/* ---- Helpers: processes that are forked before any stage is loaded, to be killed or to compete */

struct helper {
    pid_t pid;
    int to, from;
};

/* What the helper itself has. */
struct helper_side {
    int to, from;
};

typedef void helper_main(struct kit *kit, struct helper_side *side, void *with);
struct helper helper_start(struct kit *kit, helper_main *main, void *with);
void helper_kill(struct helper *helper); /* -9, and waits */
void helper_end(struct helper *helper);  /* waits for it; it must have gone well */

/* Whole messages through the pipes; false at the end of the other. */
bool pipe_put(int fd, const void *data, size_t size);
bool pipe_get(int fd, void *data, size_t size);
void pipe_say(int fd, int64_t number);
/* Fails where the other has ended. */
int64_t pipe_hear(int fd);
/* What was said and not heard yet, without waiting; false where there is nothing. */
bool pipe_drain(int fd, int64_t *number);

/* ---- Options */

struct kit_options {
    const char *file; /* YAML, or NULL */
    const char *const *words;
    size_t word_count; /* OPTION=VALUE */
    const char *const *away;
    size_t away_count;
    const char *const *apart;
    size_t apart_count;
};

/* Fills a configuration as the core does; what is wrong goes to `problems`.  ${KIT_DIR} is `folder`. */
void *options_fill(const struct plugin *plugin, const struct kit_options *options, const char *folder,
                   enum kit_place place, struct sp_arena *arena, struct buffer *problems);
/* Whether some value names ${KIT_DIR}. */
bool options_name_folder(const struct kit_options *options);
/* Whether an option says where the plugin's data is. */
bool options_have_place(const struct plugin *plugin);
/* Whether it is known how the plugin's store can be away. */
bool options_know_away(const struct plugin *plugin, const struct kit_options *options);

/* ---- Running */

struct run {
    struct kit kit;
    const struct check_list *const *chapters;
    size_t chapter_count;
    const char *only; /* part of a name, or NULL */
    uint64_t seed;
    size_t jobs;
    bool verbose;
};

/* Runs the checks and prints TAP; how many failed, or RUN_NOTHING where `only` is in no name. */
#define RUN_NOTHING SIZE_MAX
size_t run_checks(const struct run *run);
/* In a check's process: where kit_fail() and kit_skip() say it. */
void report_to(int fd);

#endif
