/* SPDX-License-Identifier: Apache-2.0 */

/* sink_liar.so, of every kind: a real stage whose answers break the contract.  None of its lies says that
 * something is safe which is not: that no core could know. */

#include <config.h>

#include "wrap.h"

#include <pthread.h>
#include <stdlib.h>

struct liar_config {
    struct wrap_config wrap;
    struct sp_list lies;
    int64_t every;
};

static const struct sp_option options[] = {
    WRAP_OPTIONS,
    {.name = "lies",
     .type = SP_OPT_LIST,
     .offset = offsetof(struct liar_config, lies),
     .doc = "What it lies about: see liar.c"},
    {.name = "every",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct liar_config, every),
     .default_text = "2",
     .min = 1,
     .max = 1000000,
     .doc = "Each call of an operation whose number this divides is lied about, by one of the lies in turn"},
};

WRAP_PLUGIN("liar", "a stage whose answers break the contract", options, struct liar_config)

/* What `again` gives out once more, on whatever handle asks next; heap. */
struct liar {
    pthread_mutex_t lock;
    struct sp_received kept;
};

typedef int lie_function(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err);

/* ---- Any operation */

/* Done, and told as a failure that has no class, ... */
static int class_of_none(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)call;
    if (rc != 0)
        return rc;
    sp_fail(err, SP_UNAVAILABLE, "a class that there is not");
    err->class = (enum sp_class)77;
    return -1;
}

/* ... or that of success, ... */
static int class_ok(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)call;
    return rc != 0 ? rc : sp_fail(err, SP_OK, "failed, with the class of success");
}

/* ... or of which nothing is said. */
static int silent(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)call, (void)rc, (void)err;
    return -1;
}

/* Neither 0 nor -1. */
static int odd_return(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)call;
    return rc != 0 ? rc : (sp_fail(err, SP_UNAVAILABLE, "returns 7"), 7);
}

/* Entries that are done, with classes that there are not. */
static int odd_results(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    for (size_t i = 0; call->results && i < call->count; i++)
        call->results[i] = (struct sp_result){(enum sp_class)(i % 2 ? 77 : -5), 4000000000u, NULL};
    return rc;
}

/* ---- Queues */

static int sent_twice(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    if (call->op == WRAP_SEND && rc == 0)
        return handle->stage->inner->queue->send(handle->inner, call->messages, call->count, call->results,
                                                 call->deadline, err);
    return rc;
}

static int settled_twice(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    if (call->op == WRAP_SETTLE && rc == 0)
        return handle->stage->inner->queue->settle(handle->inner, call->settles, call->count, call->results,
                                                   call->deadline, err);
    return rc;
}

/* One message has two places in the answer. */
static int received_twice(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    if (call->op != WRAP_RECEIVE || rc != 0 || *call->received_count == 0)
        return rc;
    size_t count = *call->received_count;
    struct sp_received *more = sp_arena_alloc(call->arena, (count + 1) * sizeof *more);
    memcpy(more, *call->received, count * sizeof *more);
    more[count] = more[0];
    *call->received = more;
    *call->received_count = count + 1;
    return rc;
}

static struct sp_slice heap_copy(struct sp_slice bytes)
{
    char *copy = malloc(bytes.size + 1);
    memcpy(copy, bytes.data, bytes.size);
    return (struct sp_slice){copy, bytes.size};
}

static void keep(struct liar *liar, const struct sp_received *message)
{
    struct sp_attribute *attributes = calloc(message->attribute_count + 1, sizeof *attributes);
    for (size_t i = 0; i < message->attribute_count; i++)
        attributes[i] = (struct sp_attribute){heap_copy(message->attributes[i].name),
                                              heap_copy(message->attributes[i].value)};
    liar->kept = *message;
    liar->kept.body = heap_copy(message->body);
    liar->kept.receipt = heap_copy(message->receipt);
    liar->kept.attributes = attributes;
}

/* The first message of all comes again and again, with the receipt that it had. */
static int received_again(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)err;
    struct liar *liar = handle->stage->own;
    if (call->op != WRAP_RECEIVE || rc != 0 || *call->received_count == 0)
        return rc;
    pthread_mutex_lock(&liar->lock);
    if (!liar->kept.receipt.data)
        keep(liar, &(*call->received)[0]);
    size_t count = *call->received_count;
    struct sp_received *more = sp_arena_alloc(call->arena, (count + 1) * sizeof *more);
    memcpy(more, *call->received, count * sizeof *more);
    more[count] = liar->kept;
    *call->received = more;
    *call->received_count = count + 1;
    pthread_mutex_unlock(&liar->lock);
    return rc;
}

/* Leases that ended before they began. */
static int leases_ended(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    if (call->op != WRAP_RECEIVE || rc != 0 || *call->received_count == 0)
        return rc;
    size_t count = *call->received_count;
    struct sp_received *changed = sp_arena_alloc(call->arena, count * sizeof *changed);
    memcpy(changed, *call->received, count * sizeof *changed);
    for (size_t i = 0; i < count; i++)
        changed[i].lease_end = i % 2 ? INT64_MIN : 0;
    *call->received = changed;
    return rc;
}

static int wild_depth(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    if (call->op == WRAP_DEPTH)
        call->depth->visible = call->depth->leased = UINT64_MAX - call->number;
    return rc;
}

/* ---- Sinks */

/* All is written, and all is named as a culprit. */
static int culprits_written(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    for (size_t i = 0; call->op == WRAP_WRITE && rc == 0 && i < call->count; i++)
        call->results[i] = (struct sp_result){SP_REJECTED, 4000000000u, "written all the same"};
    return rc;
}

static int wild_rows(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    if (call->op == WRAP_WRITE)
        call->written->rows_touched = UINT64_MAX;
    return rc;
}

/* ---- Sources */

static void add_events(struct wrap_call *call, const struct sp_slice *events, size_t count)
{
    struct sp_page *page = call->page;
    struct sp_slice *all = sp_arena_alloc(call->arena, (page->event_count + count) * sizeof *all);
    if (page->event_count)
        memcpy(all, page->events, page->event_count * sizeof *all);
    if (count)
        memcpy(all + page->event_count, events, count * sizeof *all);
    page->events = all;
    page->event_count += count;
}

static int events_twice(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    if (call->op == WRAP_READ && call->page && rc == 0)
        add_events(call, call->page->events, call->page->event_count);
    return rc;
}

/* What is no event stands among the events. */
static int junk_events(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    const struct sp_slice junk[] = {{NULL, 0},     {"", 0},           {"junk", 4}, {"two\nlines", 9},
                                    {"\r\n\n", 3}, {"{\"a\":\0}", 7}, {"[1", 2}};
    if (call->op == WRAP_READ && call->page && rc == 0 && call->page->event_count > 0)
        add_events(call, junk, sizeof junk / sizeof *junk);
    return rc;
}

/* The page is to be read again. */
static int cursor_stays(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    if (call->op == WRAP_READ && call->page && rc == 0) {
        call->page->cursor = sp_arena_copy(call->arena, call->cursor);
        call->page->ended = call->page->caught_up = false;
    }
    return rc;
}

static int wild_wait(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    if (call->op == WRAP_READ && call->page)
        call->page->wait_ns = INT64_MIN + 1;
    return rc;
}

/* ---- States */

/* Written, and told as a race that was lost. */
static int not_swapped(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    if (call->op == WRAP_PUT && call->swapped && rc == 0)
        *call->swapped = false;
    return rc;
}

static int wild_version(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)err;
    if (call->op == WRAP_PUT && call->version && rc == 0)
        *call->version = call->number % 4 == 0 ? 0 : INT64_MIN + (int64_t)call->number;
    return rc;
}

/* ---- Letters */

static int stored_twice(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    if (call->op == WRAP_PUT && call->letters && rc == 0)
        return handle->stage->inner->letters->put(handle->inner, call->letters, call->count, call->results,
                                                  call->deadline, err);
    return rc;
}

static const struct {
    const char *name;
    lie_function *tell;
} lies[] = {
    {"class_of_none", class_of_none},
    {"class_ok", class_ok},
    {"silent", silent},
    {"odd_return", odd_return},
    {"odd_results", odd_results},
    {"sent_twice", sent_twice},
    {"settled_twice", settled_twice},
    {"received_twice", received_twice},
    {"received_again", received_again},
    {"leases_ended", leases_ended},
    {"wild_depth", wild_depth},
    {"culprits_written", culprits_written},
    {"wild_rows", wild_rows},
    {"events_twice", events_twice},
    {"junk_events", junk_events},
    {"cursor_stays", cursor_stays},
    {"wild_wait", wild_wait},
    {"not_swapped", not_swapped},
    {"wild_version", wild_version},
    {"stored_twice", stored_twice},
};

static lie_function *lie_of(const char *name)
{
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        if (strcmp(lies[i].name, name) == 0)
            return lies[i].tell;
    return NULL;
}

int wrap_hook_load(struct wrap_stage *stage, struct sp_error *err)
{
    const struct liar_config *config = stage->config;
    for (size_t i = 0; i < config->lies.count; i++)
        if (!lie_of(config->lies.items[i]))
            return sp_fail(err, SP_REFUSED, "there is no lie '%s'", config->lies.items[i]);
    struct liar *liar = calloc(1, sizeof *liar);
    pthread_mutex_init(&liar->lock, NULL);
    stage->own = liar;
    return 0;
}

static void drop(const struct sp_received *message)
{
    for (size_t i = 0; i < message->attribute_count; i++) {
        free((char *)message->attributes[i].name.data);
        free((char *)message->attributes[i].value.data);
    }
    free((struct sp_attribute *)message->attributes);
    free((char *)message->body.data);
    free((char *)message->receipt.data);
}

void wrap_hook_unload(struct wrap_stage *stage)
{
    struct liar *liar = stage->own;
    drop(&liar->kept);
    pthread_mutex_destroy(&liar->lock);
    free(liar);
}

int wrap_hook_before(struct wrap_handle *handle, struct wrap_call *call, struct sp_error *err)
{
    (void)handle, (void)call, (void)err;
    return 0;
}

int wrap_hook_after(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    const struct liar_config *config = handle->stage->config;
    uint64_t every = (uint64_t)config->every;
    if (config->lies.count == 0 || call->number % every != 0)
        return rc;
    return lie_of(config->lies.items[call->number / every % config->lies.count])(handle, call, rc, err);
}
