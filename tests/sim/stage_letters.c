/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "fate.h"
#include "laws.h"
#include "tally.h"

#include <stdio.h>

struct stored {
    struct stored *next;
    unsigned char id[SP_SHA256_SIZE];
    int64_t version;
};

static struct {
    struct stored *letters;
    size_t count;
    int64_t versions;
} store;

void letters_open_world(void)
{
    memset(&store, 0, sizeof store);
}

size_t letters_count(void)
{
    return store.count;
}

static void tally_letter(const struct event *event, const char *class)
{
    static const struct {
        const char *class;
        enum happening happened;
    } kinds[] = {{"rejected", LETTER_REJECTED},
                 {"value", LETTER_VALUE},
                 {"malformed", LETTER_MALFORMED},
                 {"too_large", LETTER_TOO_LARGE},
                 {"killed", LETTER_KILLED}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].class, class) == 0)
            tally(kinds[i].happened);
    if (!event_is_poison(event))
        tally(LETTER_OF_AN_INNOCENT);
}

struct storing {
    unsigned char id[SP_SHA256_SIZE];
    struct event *event;
};

static void store_now(void *argument)
{
    const struct storing *storing = argument;
    struct stored *stored = store.letters;
    while (stored && memcmp(stored->id, storing->id, sizeof stored->id) != 0)
        stored = stored->next;
    if (!stored) {
        stored = world_alloc(sizeof *stored);
        memcpy(stored->id, storing->id, sizeof stored->id);
        stored->next = store.letters;
        store.letters = stored;
        store.count++;
    }
    stored->version = ++store.versions;
    storing->event->dead = true;
}

static int letters_put(void *pointer, const struct sp_letter *letters, size_t count,
                       struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    if (call_enter(handle, OP_PUT, deadline, &fate, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        bool done;
        enum sp_class class = entry_fate(handle, &done);
        results[i] = (struct sp_result){class, SP_NO_COLUMN, NULL};
        struct event *event = feed_event(letters[i].event);
        trace("dead letter: %.60s (%s: %s)", event ? event->text.data : "?", letters[i].class,
              letters[i].reason);
        law_letter(event, &letters[i]);
        tally_letter(event, letters[i].class);
        struct storing *storing = world_alloc(sizeof *storing);
        memcpy(storing->id, letters[i].id, sizeof storing->id);
        storing->event = event;
        if (done && fate.late_at)
            timer_add(fate.late_at, store_now, storing);
        else if (done && !stage_lies(SIM_LETTERS))
            store_now(storing);
    }
    return call_leave(handle, &fate, err);
}

const struct plugin sim_letters = {
    SIM_PLUGIN(SP_LETTERS, sim_letters),
    .ops.letters = {.size = sizeof(struct sp_letters_ops), .put = letters_put},
    .capabilities = {.size = sizeof(struct sp_capabilities), .flags = SP_DURABLE},
};
