/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/call.h"

#include <stdlib.h>

static const struct sp_plugin *plugin_of(const struct crew *crew)
{
    return &crew->stage->plugin->about;
}

/* Loads the stage with its configuration; `pipeline` belongs to the edition, or is NULL.  NULL: it cannot be
 * loaded. */
static struct edition *new_edition(const struct stage *stage, struct pipeline *pipeline, struct sp_error *err)
{
    struct edition *edition = mem_zalloc(sizeof *edition);
    *edition = (struct edition){.stage = stage, .pipeline = pipeline};
    if (stage->plugin->about.load(stage->config, &stage->about, &edition->loaded, err) == 0)
        return edition;
    sp_error_context(err, "%s", stage->name);
    free(edition);
    return NULL;
}

static void free_edition(struct crew *crew, struct edition *edition)
{
    plugin_of(crew)->unload(edition->loaded);
    pipeline_free(edition->pipeline);
    free(edition);
}

int crew_load(struct crew *crew, const struct stage *stage, struct sp_error *err)
{
    *crew = (struct crew){.stage = stage};
    pthread_mutex_init(&crew->lock, NULL);
    if (!stage->plugin)
        return 0;
    crew->newest = new_edition(stage, NULL, err);
    return crew->newest ? 0 : -1;
}

void crew_unload(struct crew *crew)
{
    while (crew->newest) {
        struct edition *edition = crew->newest;
        crew->newest = edition->next;
        free_edition(crew, edition);
    }
    pthread_mutex_destroy(&crew->lock);
}

static bool begin_reading(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    bool mine = crew->newest && crew->stage->pipeline && !crew->reading_again;
    if (mine)
        crew->reading_again = true;
    pthread_mutex_unlock(&crew->lock);
    return mine;
}

static void end_reading(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->reading_again = false;
    pthread_mutex_unlock(&crew->lock);
}

static void add_edition(struct crew *crew, struct edition *edition)
{
    pthread_mutex_lock(&crew->lock);
    edition->next = crew->newest;
    crew->newest = edition;
    pthread_mutex_unlock(&crew->lock);
    sp_log(SP_INFO, "what its configuration reads from files has changed: going on with that");
}

bool crew_renew(struct crew *crew, struct pipeline *pipeline)
{
    const struct stage *stage = pipeline_stage(pipeline, crew->stage->name);
    struct edition *edition = NULL;
    struct sp_error err = {0};
    /* Nobody else replaces the newest one meanwhile: it may be looked at without the lock. */
    if (stage && stage->plugin == crew->stage->plugin && !stage_same(stage, crew->newest->stage)) {
        edition = new_edition(stage, pipeline, &err);
        if (!edition)
            sp_log(SP_ERROR, "%s; going on with the configuration from before", err.text);
    }
    if (edition)
        add_edition(crew, edition);
    else
        pipeline_free(pipeline);
    return edition != NULL;
}

bool crew_read_again(struct crew *crew)
{
    if (!begin_reading(crew))
        return false;
    const struct pipeline *before = crew->stage->pipeline;
    const char *speaker = log_name(crew->stage->name);
    struct diag *diag = diag_new(before->path, before->text);
    struct pipeline *again = pipeline_again(before, diag);
    bool changed = again && crew_renew(crew, again);
    if (!again) {
        SP_AUTO(buffer_fini) struct buffer why = {0};
        diag_print_first(diag, &why);
        sp_log(SP_WARN, "cannot read its secrets again, going on with those from before: %s",
               buffer_text(&why));
    }
    diag_free(diag);
    log_name(speaker);
    end_reading(crew);
    return changed;
}

/* Opens a handle of the newest edition. */
static int open_handle(struct seat *seat, struct sp_error *err)
{
    struct crew *crew = seat->crew;
    pthread_mutex_lock(&crew->lock);
    struct edition *edition = crew->newest;
    edition->seats++;
    pthread_mutex_unlock(&crew->lock);
    void *handle;
    if (plugin_of(crew)->open(edition->loaded, &handle, err) != 0) {
        pthread_mutex_lock(&crew->lock);
        edition->seats--;
        pthread_mutex_unlock(&crew->lock);
        sp_error_context(err, "%s", crew->stage->name);
        return -1;
    }
    seat->handle = handle;
    seat->edition = edition;
    return 0;
}

/* Takes an older edition off the list where nobody uses it any more; NULL where somebody does. */
static struct edition *leave(struct crew *crew, struct edition *edition)
{
    pthread_mutex_lock(&crew->lock);
    bool unused = --edition->seats == 0 && edition != crew->newest;
    struct edition **at = &crew->newest;
    while (unused && *at != edition)
        at = &(*at)->next;
    if (unused)
        *at = edition->next;
    pthread_mutex_unlock(&crew->lock);
    return unused ? edition : NULL;
}

static void close_handle(struct crew *crew, void *handle, struct edition *edition)
{
    plugin_of(crew)->close(handle);
    struct edition *unused = leave(crew, edition);
    if (unused)
        free_edition(crew, unused);
}

int seat_open(struct seat *seat, struct crew *crew, struct stop *stop, struct seat **list,
              struct sp_error *err)
{
    *seat = (struct seat){.crew = crew, .stop = stop};
    if (open_handle(seat, err) != 0)
        return -1;
    seat->next = *list;
    *list = seat;
    return 0;
}

void seat_close(struct seat *seat)
{
    if (seat->handle)
        close_handle(seat->crew, seat->handle, seat->edition);
    seat->handle = NULL;
}

static bool must_move(struct seat *seat)
{
    struct crew *crew = seat->crew;
    pthread_mutex_lock(&crew->lock);
    bool must = seat->edition != crew->newest;
    pthread_mutex_unlock(&crew->lock);
    return must;
}

/*
 * The main thread interrupts handles of calls at work, once the stop was asked for: so none is closed from
 * then on.  Both sides see the stop and the deadline in one order: who does not see the stop here has ended
 * his call before anybody looks for it.
 */
void seat_move(struct seat *seat)
{
    struct sp_error err = {0};
    void *handle = seat->handle;
    struct edition *edition = seat->edition;
    if (!must_move(seat) || atomic_load(&seat->stop->asked))
        return;
    if (open_handle(seat, &err) == 0)
        close_handle(seat->crew, handle, edition);
    else
        sp_log(SP_ERROR, "%s; going on with the configuration from before", err.text);
}
