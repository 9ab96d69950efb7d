/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_PLUGIN_H
#define SCANPIPE_PLUGIN_H

/*
 * The plugin contract.  Start here, then read plugins/sink_null/.
 *
 * A plugin is straight, blocking C.  It never sleeps, retries, spawns threads, keeps static state,
 * or writes to stderr.  It blocks within the deadline it is handed and returns.  The core owns
 * retries, batching, time, threads and dead letters.
 *
 * Its shared object is named <kind>_<name>.so and exports one function, scanpipe_plugin(), which
 * returns pointers to constant descriptions, one a kind that it offers, ended by NULL.
 *
 * ABI: fields are only added at the tail of structs that carry their size, together with a new
 * minor.  The core copies the smaller size, so an older plugin goes on working; a plugin of a newer
 * minor or another major is refused.  Structs said to be frozen change only with the major.
 */

#include <scanpipe/arena.h>
#include <scanpipe/base.h>
#include <scanpipe/error.h>
#include <scanpipe/host.h>
#include <scanpipe/letters.h>
#include <scanpipe/option.h>
#include <scanpipe/queue.h>
#include <scanpipe/sink.h>
#include <scanpipe/source.h>
#include <scanpipe/state.h>
#include <scanpipe/table.h>

#define SP_ABI_MAJOR 1
#define SP_ABI_MINOR 0

enum sp_kind { SP_SOURCE = 1, SP_QUEUE = 2, SP_SINK = 3, SP_STATE = 4, SP_LETTERS = 5 };

enum sp_capability {
    SP_DURABLE = 1,    /* what was accepted survives kill -9 and a power cut                       */
    SP_LOCAL = 2,      /* lives on this machine: other machines do not see it                      */
    SP_IDEMPOTENT = 4, /* sinks: writing the same batch twice is writing it once                   */
    SP_TABLES = 8,     /* sinks: takes folded rows                                                 */
    SP_EVENTS = 16,    /* sinks: takes events                                                      */
    SP_EMBEDDED = 32,  /* needs no server; a missing table is made without being asked             */
    SP_HOLDS = 64,     /* letters: a scan hides what it saw until it ends; see letters.h           */
};

/* What a stage can do, as constants of the plugin.  0 means no limit. */
struct sp_capabilities {
    size_t size;
    uint32_t flags;       /* enum sp_capability */
    uint32_t time_digits; /* sinks: fractional digits that a timestamp keeps, 0 to 7 */
    /* Queues: body of one message; a queue that can hold less has `limits`.  Letters: of one letter as an
     * envelope, what every store of this kind can hold; one that is set to hold less rejects a letter, and
     * the core treats it like a larger one (dead_letters.oversize): so nobody need be asked beforehand. */
    int64_t message_bytes;
    int64_t batch_messages; /* queues: entries of one send, settle or extend; letters: of one put */
    int64_t batch_bytes;    /* queues: bodies of one send together */
    int64_t lease_max_ns;   /* queues: the longest lease */
};

/* What a stage is told when it is loaded.  Lives until unload. */
struct sp_stage {
    size_t size;
    const char *pipeline;         /* the pipeline's name */
    const char *name;             /* "source", "queue", "sink", "state", "dead_letters" */
    const struct sp_table *table; /* sinks of a pipeline with a table, else NULL */
    int64_t max_event_bytes;
};

/* What `create` is to make.  Texts live until it returns. */
struct sp_create {
    size_t size;
    bool apply;       /* false: only say what would be done */
    int64_t lease_ns; /* queues: the pipeline's visibility_timeout */
    const char
        *dead_letters;  /* queues: the `name` of what the same plugin made for the dead letters, or NULL */
    const char *policy; /* the `policy` of that, or NULL */
};

/* What it made; texts live in the arena. */
struct sp_created {
    size_t size;
    const char *name; /* how others call it, such as an ARN; NULL: not known before it is made */
    const char *const
        *steps; /* what was done, or would be: sentences without a full stop; none: all is there */
    size_t step_count;
    const char *policy; /* what those who use it must be allowed, and no more, in the server's own language,
                           together with the one that was handed in; NULL: nothing to say */
};

struct sp_plugin {
    size_t size; /* of this struct, as it was built */
    uint32_t abi_major, abi_minor;
    enum sp_kind kind;
    const char *name, *version;
    const char *summary; /* one line, no full stop */
    const struct sp_capabilities *capabilities;

    const struct sp_option *options;
    size_t option_count;
    size_t config_size;

    /* What is wrong with the options taken together; pure.  May be NULL. */
    void (*check)(const void *config, struct sp_check *check);

    /* Once a stage.  `config` is as large as config_size, filled from the options, and lives until
     * unload.  Opens nothing: no connection, no file.  *loaded is shared by the stage's handles. */
    int (*load)(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err);
    void (*unload)(void *loaded);

    /* Once a thread.  Opens nothing that can be away: connections are made by the first call that
     * needs one. */
    int (*open)(void *loaded, void **handle, struct sp_error *err);
    void (*close)(void *handle);

    /* Is it there, and may we?  Connects, changes nothing: what the stage makes by itself, as a file, need
     * not be there yet, if it can be made. */
    int (*probe)(void *handle, int64_t deadline, struct sp_error *err);

    /* From any thread: makes the call that the handle is in, if any, return soon, with SP_STOPPED
     * or whatever came first.  It may come between two calls and then does nothing; the core
     * repeats it until the call has returned. */
    void (*interrupt)(void *handle);

    /* The one of its kind. */
    union {
        const void *ops;
        const struct sp_source_ops *source;
        const struct sp_queue_ops *queue;
        const struct sp_sink_ops *sink;
        const struct sp_state_ops *state;
        const struct sp_letters_ops *letters;
    };

    /* For people; each may be NULL. */

    /* What one should know before one relies on the stage: who we are there, what its settings mean.
     * Connects, changes nothing.  What does not answer is told as far as it goes: `probe` says why not. Texts
     * live in the arena. */
    int (*survey)(void *handle, struct sp_arena *arena, const struct sp_finding **findings, size_t *count,
                  int64_t deadline, struct sp_error *err);

    /* Makes what the stage works on, on its server, where it is not there, and gives it the attributes that
     * it needs.  Doing it twice is doing it once. */
    int (*create)(void *handle, const struct sp_create *want, struct sp_arena *arena,
                  struct sp_created *created, int64_t deadline, struct sp_error *err);

    /* Makes the tables that the stage keeps for itself, and brings older ones up to date: step by step, once,
     * whoever else does the same now.  `plan` may be NULL, else gets text in the arena: the statements that
     * were to be done, empty where there were none.  A sink has sp_sink_ops.migrate instead. */
    int (*migrate)(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err);
};

#define SP_PLUGIN_HEAD .size = sizeof(struct sp_plugin), .abi_major = SP_ABI_MAJOR, .abi_minor = SP_ABI_MINOR

typedef const struct sp_plugin *const *sp_plugin_function(void);
SP_API sp_plugin_function scanpipe_plugin;

#endif
