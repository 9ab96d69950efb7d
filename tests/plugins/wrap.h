/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_WRAP_H
#define TESTS_WRAP_H

/*
 * A stage around another, of any kind.  Every operation is forwarded to the inner stage, with a hook before
 * it and one after it: a plugin that misbehaves on purpose is its hooks and its options.  It links wrap.c,
 * wrap_inner.c and wrap_match.c, and says WRAP_PLUGIN once.
 */

#include <scanpipe/plugin.h>

#include <stdatomic.h>

enum wrap_op {
    WRAP_PROBE,
    WRAP_READ, /* of a source, and of a sink */
    WRAP_SEND,
    WRAP_RECEIVE,
    WRAP_SETTLE,
    WRAP_EXTEND,
    WRAP_DEPTH,
    WRAP_WRITE,
    WRAP_MIGRATE,
    WRAP_GET,
    WRAP_PUT, /* of a state, and of a store of letters */
    WRAP_SCAN,
    WRAP_REMOVE,
    WRAP_UPKEEP,
    WRAP_TEXT_OF, /* of a source; pure, so that nobody watches over it: only a hook before it */
    WRAP_OPEN,    /* opening a handle: the same */
    WRAP_OPS
};

extern const char *const wrap_op_names[WRAP_OPS];
/* WRAP_OPS where there is none of that name. */
enum wrap_op wrap_op_of(const char *name);

/* The head of every wrapper's configuration. */
struct wrap_config {
    const char *inner; /* a plugin's name, found in the folders of SCANPIPE_PLUGIN_PATH, or a path */
    struct sp_map options;
};

#define WRAP_OPTIONS                                                                                         \
    {.name = "inner",                                                                                        \
     .type = SP_OPT_STRING,                                                                                  \
     .flags = SP_OPT_REQUIRED,                                                                               \
     .offset = offsetof(struct wrap_config, inner),                                                          \
     .doc = "The plugin inside: its name, or the path of its shared object"},                                \
    {                                                                                                        \
        .name = "options", .type = SP_OPT_MAP, .offset = offsetof(struct wrap_config, options),              \
        .doc = "The options of the plugin inside"                                                            \
    }

/* The inner stage, and what its wrapper keeps beside it. */
struct wrap_stage {
    const void *config; /* the wrapper's */
    const struct sp_plugin *inner;
    void *inner_config, *inner_loaded;
    void *own;                        /* the hooks' */
    _Atomic uint64_t calls[WRAP_OPS]; /* how often each was called, over all handles */
};

struct wrap_handle {
    struct wrap_stage *stage;
    void *inner;
    atomic_bool interrupted; /* during the call at work */
};

/* A call at work; what its operation does not have is NULL or 0. */
struct wrap_call {
    enum wrap_op op;
    uint64_t number; /* the first call of the operation on this stage is 1 */
    int64_t deadline;

    /* Entry by entry.  What a hook before the call marks as failed does not reach the inner stage where
     * `partial` is set: the others do, one by one. */
    struct sp_result *results;
    size_t count;
    bool partial;

    const struct sp_batch *batch;
    const struct sp_message *messages;
    const struct sp_letter *letters;
    const struct sp_settle *settles;
    const struct sp_slice *receipts;
    const struct sp_receive *want;
    struct sp_arena *arena;
    struct sp_slice cursor; /* from which a page is read */

    struct sp_page *page;
    const struct sp_received **received;
    size_t *received_count;
    struct sp_depth *depth;
    struct sp_written *written;
    bool *swapped;
    int64_t *version;
};

/* The plugin's hooks.  `before` that returns -1 ends the call with err; `after` gets what the inner stage
 * returned and says what the core gets. */
int wrap_hook_load(struct wrap_stage *stage, struct sp_error *err);
void wrap_hook_unload(struct wrap_stage *stage);
int wrap_hook_before(struct wrap_handle *handle, struct wrap_call *call, struct sp_error *err);
int wrap_hook_after(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err);

/* Sleeps; false where the call was interrupted or its deadline came. */
bool wrap_sleep(struct wrap_handle *handle, const struct wrap_call *call, int64_t ns);

/* What makes a call, or one entry of it, the one that is meant.  All of what is set must be so. */
struct wrap_match {
    const char *key;   /* a row's key column, or a letter's event_key */
    const char *order; /* a row's order column, or a letter's event_id */
    const char *bytes; /* in an event, a message, a letter, or a text of a row */
};

#define WRAP_MATCH_OPTIONS(at)                                                                               \
    {.name = "key",                                                                                          \
     .type = SP_OPT_STRING,                                                                                  \
     .offset = (at) + offsetof(struct wrap_match, key),                                                      \
     .doc = "Calls with a row or letter of this key"},                                                       \
        {.name = "order",                                                                                    \
         .type = SP_OPT_STRING,                                                                              \
         .offset = (at) + offsetof(struct wrap_match, order),                                                \
         .doc = "Calls with a row that has this number in an order column"},                                 \
    {                                                                                                        \
        .name = "bytes", .type = SP_OPT_STRING, .offset = (at) + offsetof(struct wrap_match, bytes),         \
        .doc = "Calls with these bytes in an event, a message or a text"                                     \
    }

bool wrap_match_is_empty(const struct wrap_match *match);
/* Entries of the call (rows, events, messages, letters; 0 for other calls) and whether one is meant. */
size_t wrap_entries(const struct wrap_call *call);
bool wrap_matches_entry(const struct wrap_match *match, const struct wrap_call *call, size_t entry);
/* Whether any is; an empty match is met by every call. */
bool wrap_matches(const struct wrap_match *match, const struct wrap_call *call);

/* The inner stage: wrap_inner.c. */
int wrap_inner_load(struct wrap_stage *stage, enum sp_kind kind, const struct sp_stage *about,
                    struct sp_error *err);
void wrap_inner_unload(struct wrap_stage *stage);

/* "250ms", "5s", "60KiB", "17": false where the text is none. */
bool wrap_parse_number(const char *text, int64_t *out);

/* The lifecycle and the operations of every wrapper: wrap.c. */
int wrap_load_source(const void *config, const struct sp_stage *about, void **loaded, struct sp_error *err);
int wrap_load_queue(const void *config, const struct sp_stage *about, void **loaded, struct sp_error *err);
int wrap_load_sink(const void *config, const struct sp_stage *about, void **loaded, struct sp_error *err);
int wrap_load_state(const void *config, const struct sp_stage *about, void **loaded, struct sp_error *err);
int wrap_load_letters(const void *config, const struct sp_stage *about, void **loaded, struct sp_error *err);
void wrap_unload(void *loaded);
int wrap_open(void *loaded, void **handle, struct sp_error *err);
void wrap_close(void *handle);
int wrap_probe(void *handle, int64_t deadline, struct sp_error *err);
void wrap_interrupt(void *handle);

extern const struct sp_source_ops wrap_source_ops;
extern const struct sp_queue_ops wrap_queue_ops;
extern const struct sp_sink_ops wrap_sink_ops;
extern const struct sp_state_ops wrap_state_ops;
extern const struct sp_letters_ops wrap_letters_ops;

/* Capabilities are constants, and the inner plugin is an option: these are what the embedded ones have. */
extern const struct sp_capabilities wrap_capabilities;

#define WRAP_KIND(title, line, table, config_type, kind_, which)                                             \
    static const struct sp_plugin wrapped_##which = {                                                        \
        SP_PLUGIN_HEAD,                                                                                      \
        .kind = (kind_),                                                                                     \
        .name = (title),                                                                                     \
        .version = "1.0",                                                                                    \
        .summary = (line),                                                                                   \
        .capabilities = &wrap_capabilities,                                                                  \
        .options = (table),                                                                                  \
        .option_count = sizeof(table) / sizeof(table)[0],                                                    \
        .config_size = sizeof(config_type),                                                                  \
        .load = wrap_load_##which,                                                                           \
        .unload = wrap_unload,                                                                               \
        .open = wrap_open,                                                                                   \
        .close = wrap_close,                                                                                 \
        .probe = wrap_probe,                                                                                 \
        .interrupt = wrap_interrupt,                                                                         \
        .ops = &wrap_##which##_ops,                                                                          \
    };

#define WRAP_PLUGIN(title, line, table, config_type)                                                         \
    WRAP_KIND(title, line, table, config_type, SP_SOURCE, source)                                            \
    WRAP_KIND(title, line, table, config_type, SP_QUEUE, queue)                                              \
    WRAP_KIND(title, line, table, config_type, SP_SINK, sink)                                                \
    WRAP_KIND(title, line, table, config_type, SP_STATE, state)                                              \
    WRAP_KIND(title, line, table, config_type, SP_LETTERS, letters)                                          \
    const struct sp_plugin *const *scanpipe_plugin(void)                                                     \
    {                                                                                                        \
        static const struct sp_plugin *const all[] = {&wrapped_source, &wrapped_queue,   &wrapped_sink,      \
                                                      &wrapped_state,  &wrapped_letters, NULL};              \
        return all;                                                                                          \
    }

#endif
