/* SPDX-License-Identifier: Apache-2.0 */
/* Which file is to be read: the one at the path, or one after another of a folder. */
#include <config.h>

#include "folder.h"
#include "job.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

int source_fail(const struct source *source, const char *name, int error, struct sp_error *err)
{
    const char *path = source->options->path, *slash = name ? "/" : "";
    enum sp_class class = SP_UNKNOWN;
    const char *cure = "";
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        class = source->options->follow ? SP_UNAVAILABLE : SP_REFUSED;
        cure = source->options->follow ? "it is read when it appears" : "make it, or change `path`";
        break;
    case EISDIR:
        sp_fail(err, SP_REFUSED, "%s%s%s is neither a file nor a folder", path, slash, name ? name : "");
        return sp_fail_cure(err, "to read a pipe, set `path: \"-\"` and let the shell open it");
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENAMETOOLONG:
        class = SP_REFUSED;
        cure = "let this user read it, or change `path`";
        break;
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ESTALE:
        class = SP_UNAVAILABLE;
        break;
    default:
        break;
    }
    sp_fail(err, class, "%s%s%s cannot be read: %s", path, slash, name ? name : "", strerrordesc_np(error));
    return sp_fail_cure(err, "%s", cure);
}

static int find_standard(struct job *job, struct sp_error *err)
{
    struct reader *reader = job->reader;
    reader->stream = stream_open_standard();
    if (!reader->stream)
        return source_fail(job->source, NULL, errno, err);
    strcpy(reader->name, "-");
    reader->stream->generation = job->from.generation;
    reader->stream->wanted_line = job->from.line;
    if (job->from.offset != PLACE_COUNT_LINES)
        reader->stream->line = job->from.line;
    return 0;
}

/* Goes to job->from in the stream just opened; where that is another file by now, to its start. */
static void resume_or_restart(struct job *job)
{
    struct stream *stream = job->reader->stream;
    if (stream_resume(stream, &job->from))
        return;
    job->gap = sp_arena_printf(job->asked->arena,
                               "%s was replaced or cut short since its line %llu was read: it is read again "
                               "from its start",
                               job->reader->name, (unsigned long long)job->from.line);
    struct place start = {.generation = job->from.generation + 1};
    stream_resume(stream, &start);
}

/*
 * Where reading is to end, told in a file that was replaced while it was followed, and is read again from its
 * start: is this that file?  Its first bytes say so.  Where it is another one by now, all of it is behind the
 * end.
 */
static void know_generation(struct job *job)
{
    struct stream *stream = job->reader->stream;
    const struct place *until = &job->until;
    if (!job->bounded || until->head_size == 0 || stream->generation > until->generation ||
        strcmp(job->reader->name, until->name) != 0)
        return;
    bool same = until->head_size <= stream->head_size &&
                stream_head_hash(stream, until->head_size) == until->head_hash;
    stream->generation = until->generation + !same;
    if (!same)
        job->gap = sp_arena_printf(job->asked->arena,
                                   "%s was replaced or cut short since its line %llu was read: what it had "
                                   "then is not to be had again",
                                   job->reader->name, (unsigned long long)until->line);
}

/* 0 and no stream: there is no such file. */
static int open_file(struct job *job, const char *path, const char *name, const struct place *from,
                     struct sp_error *err)
{
    struct reader *reader = job->reader;
    struct place place = *from;
    snprintf(reader->name, sizeof reader->name, "%s", name);
    reader->stream = stream_open(path, reader->name);
    if (!reader->stream)
        return errno == ENOENT ? 0 : source_fail(job->source, reader->in_folder ? name : NULL, errno, err);
    job->from = place;
    resume_or_restart(job);
    know_generation(job);
    return 0;
}

static int find_single(struct job *job, struct sp_error *err)
{
    struct place from = job->from;
    if (job->behind)
        from = (struct place){.generation = job->from.generation + 1};
    job->reader->in_folder = false;
    if (open_file(job, job->source->options->path, job->source->base, &from, err) != 0)
        return -1;
    if (!job->reader->stream)
        return source_fail(job->source, NULL, ENOENT, err);
    job->behind = false;
    return 0;
}

static int open_in_folder(struct job *job, const char *name, const struct place *from, struct sp_error *err)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", job->source->options->path, name);
    if (length >= (int)sizeof path)
        return source_fail(job->source, name, ENAMETOOLONG, err);
    return open_file(job, path, name, from, err);
}

static int find_in_folder(struct job *job, struct sp_error *err)
{
    job->reader->in_folder = true;
    if (job->from.name[0] && !job->behind) {
        if (open_in_folder(job, job->from.name, &job->from, err) != 0)
            return -1;
        if (job->reader->stream)
            return 0;
        if (!job->from.finished)
            job->gap =
                sp_arena_printf(job->asked->arena, "%s is gone; what followed its line %llu was not read",
                                job->from.name, (unsigned long long)job->from.line);
        job->from.finished = true;
    }
    /* A file that is found may be gone again before it is opened: then it is the next one's turn. */
    char name[PLACE_NAME_SIZE];
    bool found = true;
    memcpy(name, job->from.name, sizeof name);
    while (!job->reader->stream) {
        const struct place start = {0};
        if (folder_next(job->source->options->path, name, name, &found) != 0)
            return source_fail(job->source, NULL, errno, err);
        if (!found)
            return 0;
        if (open_in_folder(job, name, &start, err) != 0)
            return -1;
    }
    job->behind = false;
    return 0;
}

int find_stream(struct job *job, struct sp_error *err)
{
    job->reader->leaving_since = 0;
    if (job->source->standard)
        return find_standard(job, err);
    struct stat about;
    if (stat(job->source->options->path, &about) != 0)
        return source_fail(job->source, NULL, errno, err);
    if (S_ISDIR(about.st_mode))
        return find_in_folder(job, err);
    if (!S_ISREG(about.st_mode))
        return source_fail(job->source, NULL, EISDIR, err);
    return find_single(job, err);
}

/* A file that was renamed may still be written to until its writer has noticed: it is left only when its
 * path has named another one for a while. */
static enum follows follows_single(struct job *job)
{
    struct reader *reader = job->reader;
    struct stat now;
    if (stat(job->source->options->path, &now) != 0 ||
        (now.st_ino == reader->stream->about.st_ino && now.st_dev == reader->stream->about.st_dev)) {
        reader->leaving_since = 0;
        return FOLLOWS_WAIT;
    }
    int64_t clock = sp_clock_now();
    if (!reader->leaving_since)
        reader->leaving_since = clock;
    return clock - reader->leaving_since >= job->source->options->poll_interval ? FOLLOWS_NEXT : FOLLOWS_WAIT;
}

int find_follows(struct job *job, enum follows *out, struct sp_error *err)
{
    bool follow = job->source->options->follow && !job->source->standard;
    *out = follow ? FOLLOWS_WAIT : FOLLOWS_NONE;
    if (job->reader->in_folder) {
        char name[PLACE_NAME_SIZE];
        bool found;
        if (folder_next(job->source->options->path, job->reader->name, name, &found) != 0)
            return source_fail(job->source, NULL, errno, err);
        *out = found ? FOLLOWS_NEXT : *out;
    } else if (follow) {
        *out = follows_single(job);
    }
    return 0;
}
