/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that all threads share: one gets new ones, the others go on with the old as long as they can.
 */
#include <config.h>

#include "inside.h"
#include "refresh.h"

#include <time.h>

static struct refresh_facts facts_of(const struct aws *aws, uint64_t refused_edition)
{
    const struct grant *grant = &aws->grant;
    bool have = grant->credentials.edition > 0;
    return (struct refresh_facts){.have = have,
                                  .refused =
                                      have && !grant->fixed && grant->credentials.edition == refused_edition,
                                  .busy = aws->refreshing,
                                  .refresh_at = aws->refresh_at,
                                  .expires_at = aws->expires_at};
}

static bool are_equal(const struct aws_credentials *a, const struct aws_credentials *b)
{
    return strcmp(a->access_key_id, b->access_key_id) == 0 &&
           strcmp(a->secret_access_key, b->secret_access_key) == 0 &&
           strcmp(a->session_token, b->session_token) == 0;
}

static void take_over(struct aws *aws, const struct grant *grant)
{
    int64_t now = sp_clock_now();
    uint64_t edition = aws->grant.credentials.edition;
    bool same = edition && are_equal(&aws->grant.credentials, &grant->credentials);
    aws->grant = *grant;
    aws->grant.credentials.edition = edition + !same;
    aws->expires_at = grant->lives_ns ? now + grant->lives_ns : INT64_MAX;
    aws->refresh_at = refresh_plan(now, aws->expires_at, sp_random());
    aws->failure = (struct sp_error){.class = SP_OK};
}

/* Called and returns with the lock held, and lets go of it meanwhile. */
static int refresh(struct aws *aws, struct http *http, int64_t deadline, struct sp_error *err)
{
    struct grant grant = {.lives_ns = 0};
    struct sp_error failure = {0};
    aws->refreshing = true;
    pthread_mutex_unlock(&aws->lock);
    int rc = chain_get(aws, http, &grant, deadline, &failure);
    pthread_mutex_lock(&aws->lock);
    aws->refreshing = false;
    aws->refreshes++;
    if (rc == 0) {
        take_over(aws, &grant);
    } else {
        aws->failure = failure;
        aws->refresh_at = refresh_plan_again(sp_clock_now(), sp_random());
        *err = failure;
    }
    explicit_bzero(&grant, sizeof grant);
    pthread_cond_broadcast(&aws->refreshed);
    return rc;
}

/* False: the deadline came. */
static bool wait_for_refresh(struct aws *aws, int64_t deadline)
{
    int64_t left = deadline - sp_clock_now();
    struct timespec until;
    if (left <= 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + left % SP_SECOND;
    until.tv_sec += (time_t)(left / SP_SECOND + nanoseconds / SP_SECOND);
    until.tv_nsec = (long)(nanoseconds % SP_SECOND);
    pthread_cond_timedwait(&aws->refreshed, &aws->lock, &until);
    return true;
}

/* The old ones are good enough where new ones cannot be had yet. */
static bool goes_on(struct aws *aws, uint64_t refused_edition, const struct sp_error *err)
{
    struct refresh_facts facts = facts_of(aws, refused_edition);
    if (err->class == SP_STOPPED || !facts.have || facts.refused || sp_clock_now() >= facts.expires_at)
        return false;
    sp_log(SP_WARN, "credentials could not be renewed, the old ones still hold: %s", err->text);
    return true;
}

/* With the lock held.  Whoever waited for another's attempt shares how it came out, but for its interruption.
 */
static int get_ready(struct aws *aws, struct http *http, uint64_t refused_edition, int64_t deadline,
                     struct sp_error *err)
{
    bool waited = false;
    uint64_t seen = aws->refreshes;
    for (;;) {
        if (waited && aws->refreshes != seen && aws->failure.class == SP_OK)
            refused_edition = 0; /* there are none that are newer than these */
        struct refresh_facts facts = facts_of(aws, refused_edition);
        enum refresh_step step = refresh_decide(&facts, sp_clock_now());
        if (step == REFRESH_USE)
            return 0;
        if (waited && aws->refreshes != seen && aws->failure.class != SP_OK &&
            aws->failure.class != SP_STOPPED) {
            *err = aws->failure;
            return -1;
        }
        if (step == REFRESH_GET)
            return refresh(aws, http, deadline, err) == 0 || goes_on(aws, refused_edition, err) ? 0 : -1;
        seen = waited ? seen : aws->refreshes;
        waited = true;
        if (!wait_for_refresh(aws, deadline))
            return sp_fail(err, SP_UNAVAILABLE, "credentials did not come in time");
    }
}

int aws_credentials(struct aws *aws, struct http *http, uint64_t refused_edition, struct aws_credentials *out,
                    int64_t deadline, struct sp_error *err)
{
    pthread_mutex_lock(&aws->lock);
    int rc = get_ready(aws, http, refused_edition, deadline, err);
    if (rc == 0)
        *out = aws->grant.credentials;
    pthread_mutex_unlock(&aws->lock);
    return rc;
}

int aws_describe(struct aws *aws, struct http *http, struct sp_arena *arena, const char **out,
                 int64_t deadline, struct sp_error *err)
{
    pthread_mutex_lock(&aws->lock);
    int rc = get_ready(aws, http, 0, deadline, err);
    if (rc == 0)
        *out = sp_arena_text(arena, aws->grant.from, strlen(aws->grant.from));
    pthread_mutex_unlock(&aws->lock);
    return rc;
}
