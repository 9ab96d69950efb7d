/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_FILE_JOB_H
#define SOURCE_FILE_JOB_H

/* One read, as reader.c, find.c and page.c pass it on. */

#include "reader.h"

struct job {
    const struct source *source;
    const struct asked *asked;
    struct reader *reader;
    struct place from; /* where the stream is to be opened */
    bool behind;       /* `from` is the end of its file: the next one is to be opened */
    struct place until;
    bool bounded;
    const char *gap;
};

static inline bool job_is_over(const struct job *job)
{
    return atomic_load(job->asked->interrupted) || sp_clock_now() >= job->asked->deadline;
}

/* Opens what job->from speaks of, or the file behind it; without a stream and without an error there is
 * none (yet). */
int find_stream(struct job *job, struct sp_error *err) SP_MUST_CHECK;

/* At the end of the stream's file. */
enum follows {
    FOLLOWS_MORE, /* not at the end */
    FOLLOWS_WAIT, /* the file may grow, or another one may come */
    FOLLOWS_NEXT, /* there is another file */
    FOLLOWS_NONE, /* that was all */
};
int find_follows(struct job *job, enum follows *out, struct sp_error *err) SP_MUST_CHECK;

/* Lines at the front of the stream. */
struct lines {
    size_t bytes, count;
    enum stream_state state; /* how the last fill came out */
};

/* Reads until a page is full, the end, or the job's time is over. */
int page_collect(struct job *job, uint64_t limit, struct lines *out, struct sp_error *err) SP_MUST_CHECK;

/* Takes the lines, as events and what is none, into the page. */
void page_fill(struct job *job, const struct lines *lines, struct sp_page *page);

#endif
