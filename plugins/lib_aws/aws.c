/* SPDX-License-Identifier: Apache-2.0 */
/* The life of it, the clock, and where requests go. */
#include <config.h>

#include "inside.h"
#include "place.h"

#include <stdlib.h>

#define MINUTE_MS 60000

int aws_new(const struct aws_settings *settings, struct aws **out, struct sp_error *err)
{
    pthread_condattr_t clock;
    struct aws *aws = calloc(1, sizeof *aws);
    if (!aws)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    aws->settings = *settings;
    aws->env = getenv;
    atomic_init(&aws->clock_offset_ms, 0);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&aws->lock, NULL);
    pthread_cond_init(&aws->refreshed, &clock);
    pthread_condattr_destroy(&clock);
    *out = aws;
    return 0;
}

void aws_free(struct aws *aws)
{
    if (!aws)
        return;
    pthread_cond_destroy(&aws->refreshed);
    pthread_mutex_destroy(&aws->lock);
    explicit_bzero(aws, sizeof *aws);
    free(aws);
}

int64_t aws_wall_ms(struct aws *aws)
{
    return sp_clock_wall_ms() + atomic_load(&aws->clock_offset_ms);
}

bool aws_learn_clock(struct aws *aws, int64_t date_wall_ms)
{
    if (!date_wall_ms)
        return false;
    int64_t offset = date_wall_ms - sp_clock_wall_ms();
    int64_t change = offset - atomic_exchange(&aws->clock_offset_ms, offset);
    return change > MINUTE_MS || change < -MINUTE_MS;
}

static int fail_region(const struct sp_error *imds, struct sp_error *err)
{
    (void)sp_fail(err, SP_REFUSED,
                  "no region was found: not in the file, AWS_REGION, the profile or the url, and %.200s",
                  imds->text[0] ? imds->text : "the machine's metadata service is not asked");
    return sp_fail_cure(err, "give `region`, such as eu-west-1, or set AWS_REGION");
}

static int ask_machine(struct aws *aws, struct http *http, char region[AWS_REGION_SIZE], int64_t deadline,
                       struct sp_error *err)
{
    struct sp_error why = {0};
    struct chain_choice imds;
    if (!chain_imds(aws->env, &imds))
        return fail_region(&why, err);
    if (fetch_imds_region(http, imds.url, imds.timeout_ns, region, deadline, &why) == 0)
        return 0;
    if (why.class != SP_STOPPED)
        return fail_region(&why, err);
    *err = why;
    return -1;
}

static int find_place(struct aws *aws, struct http *http, struct place *out, int64_t deadline,
                      struct sp_error *err)
{
    const struct aws_settings *settings = &aws->settings;
    const char *name = settings->profile && *settings->profile ? settings->profile : NULL;
    char region[AWS_REGION_SIZE];
    bool found = false, read = !place_is_told(settings, aws->env);
    SP_AUTO(profile_fini) struct profile profile = {0};
    if (read && profile_read(aws->env, name, &profile, err) != 0)
        return -1;
    const struct profile *known = read ? &profile : NULL;
    if (place_choose(settings, aws->env, known, NULL, out, &found, err) != 0)
        return -1;
    if (found)
        return 0;
    if (ask_machine(aws, http, region, deadline, err) != 0)
        return -1;
    return place_choose(settings, aws->env, known, region, out, &found, err);
}

static bool look_at_place(struct aws *aws, struct aws_place *out)
{
    pthread_mutex_lock(&aws->lock);
    bool placed = aws->placed;
    pthread_mutex_unlock(&aws->lock);
    if (placed)
        *out = (struct aws_place){.region = aws->place.region,
                                  .endpoint = aws->place.endpoint,
                                  .region_from = aws->place.region_from,
                                  .endpoint_from = aws->place.endpoint_from,
                                  .url_region = aws->place.url_region[0] ? aws->place.url_region : NULL};
    return placed;
}

/* Several threads may find it at once; the first one's counts, and stays. */
int aws_place(struct aws *aws, struct http *http, struct aws_place *out, int64_t deadline,
              struct sp_error *err)
{
    struct place place;
    if (look_at_place(aws, out))
        return 0;
    if (find_place(aws, http, &place, deadline, err) != 0)
        return -1;
    pthread_mutex_lock(&aws->lock);
    if (!aws->placed)
        aws->place = place;
    aws->placed = true;
    pthread_mutex_unlock(&aws->lock);
    (void)look_at_place(aws, out);
    return 0;
}
