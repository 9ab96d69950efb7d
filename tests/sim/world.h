/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

/*
 * What is outside of the processes and survives them: source, queue, sink, state, letters, all in memory,
 * each with a plugin (stage_*.c), and what goes wrong with them (fate.c).
 */

#include "feed.h"
#include "plugin/plugin.h"

enum { KEYS_MAX = 128 }; /* of rows */

extern const struct plugin sim_source, sim_queue, sim_queue_of_ten, sim_sink, sim_state, sim_letters;

struct world {
    const struct plan *plan;
    struct dice dice; /* of faults, and of what stages are free to choose */
    bool faults;      /* until the draining begins */
    int64_t wall_offset_ms;
    struct process processes[PROCESSES + 1]; /* the last one drains */
    size_t process_count;
};
extern struct world world;

void world_open(const struct plan *plan);

int64_t world_wall_ms(void);
/* Where `where` lives. */
bool world_pid_lives(const struct process *where, int64_t pid);
/* From now on this stage loses things now and then and says nothing: the laws must notice.  False: there is
 * no such stage. */
bool world_lie(const char *stage);
/* Whether a stage lies now. */
bool stage_lies(enum sim_stage stage);
/* Whether the system refuses something now (a thread, a handle). */
bool fault_in_system(void);

/* Each stage forgets everything. */
void queue_open_world(void);
void sink_open_world(void);
void state_open_world(void);
void letters_open_world(void);

/* What the laws look at. */
size_t queue_left(void);                               /* messages */
size_t queue_leased_to(const struct process *process); /* that it knows of, and that do not end soon */
/* Counts a death for each event that the process holds, NULL: that anybody ever held; but for those of some
 * keys, where they are given. */
void queue_blame(const struct process *process, const bool *but_for_keys);
void queue_tell(void);
int64_t sink_away_for(void);              /* since when, and it answers nobody; 0: it is there */
bool sink_has(const struct event *event); /* it is in its row, or a later one has taken its place */
bool sink_row(unsigned key, struct summary *out);
int64_t state_cursor(void); /* the place that the poller's record stands at; -1: there is none */
bool state_held_by(const struct process *process);
size_t letters_count(void);

/* Other programs send. */
void queue_put_foreign(struct event *event);

#endif
