/* SPDX-License-Identifier: Apache-2.0 */
/* Down the chain, from what is known to who must be asked. */
#include <config.h>

#include "grant.h"
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

static const char give_keys[] =
    "give access_key_id and secret_access_key, set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, let `profile` name one, or give the machine or container "
    "a role";

static int take_keys(const struct chain_choice *choice, const struct profile *profile, struct grant *out,
                     struct sp_error *err)
{
    char shown[16];
    const char *where = choice->source == CHAIN_OWN ? "the file" : "the environment";
    int rc = grant_set(choice->access_key_id, choice->secret_access_key, choice->session_token, out, err);
    grant_shorten(choice->access_key_id, shown);
    out->fixed = choice->source != CHAIN_PROFILE;
    if (choice->source == CHAIN_OWN)
        snprintf(out->from, sizeof out->from, "the file (access_key_id %s)", shown);
    else if (choice->source == CHAIN_ENVIRONMENT)
        snprintf(out->from, sizeof out->from, "the environment (AWS_ACCESS_KEY_ID %s)", shown);
    else
        snprintf(out->from, sizeof out->from, "profile '%.100s' (%s)", profile->name, shown);
    if (rc == 0)
        return 0;
    if (choice->source == CHAIN_PROFILE)
        sp_error_context(err, "profile '%s'", profile->name);
    else
        sp_error_context(err, "%s", where);
    return -1;
}

static int fail_nothing(const struct profile *profile, const struct sp_error *imds, struct sp_error *err)
{
    (void)sp_fail(
        err, SP_REFUSED,
        "no credentials were found: not in the file, not in the environment, not in profile '%.40s', no "
        "container's, and %.240s",
        profile->name, imds ? imds->text : "the machine's metadata service is not asked");
    return sp_fail_cure(err, "%s", give_keys);
}

/* Where nothing answers, or somebody who knows of no such thing, there is no such service, as far as anyone
 * can tell; but those that came from it once will come from it again. */
static int ask_machine(struct aws *aws, struct http *http, const struct chain_choice *choice,
                       const struct profile *profile, struct grant *out, int64_t deadline,
                       struct sp_error *err)
{
    struct sp_error why = {0};
    bool there = false;
    if (fetch_imds(aws, http, choice, out, &there, deadline, &why) == 0)
        return 0;
    pthread_mutex_lock(&aws->lock);
    bool before = aws->grant.credentials.edition > 0;
    pthread_mutex_unlock(&aws->lock);
    bool none = !there || (why.class == SP_REFUSED && !why.cure[0]);
    if (none && !before && why.class != SP_STOPPED)
        return fail_nothing(profile, &why, err);
    *err = why;
    return -1;
}

static int ask(struct aws *aws, struct http *http, const struct chain_choice *choice,
               const struct profile *profile, struct grant *out, int64_t deadline, struct sp_error *err)
{
    switch (choice->source) {
    case CHAIN_NONE:
        return fail_nothing(profile, NULL, err);
    case CHAIN_OWN:
    case CHAIN_ENVIRONMENT:
    case CHAIN_PROFILE:
        return take_keys(choice, profile, out, err);
    case CHAIN_WEB_IDENTITY:
        return sts_web_identity(aws, http, choice, out, deadline, err);
    case CHAIN_CONTAINER:
        return fetch_container(aws, http, choice, out, deadline, err);
    case CHAIN_IMDS:
        return ask_machine(aws, http, choice, profile, out, deadline, err);
    }
    return -1;
}

int chain_get(struct aws *aws, struct http *http, struct grant *out, int64_t deadline, struct sp_error *err)
{
    struct chain_choice choice;
    SP_AUTO(profile_fini) struct profile profile = {0};
    if (chain_before_profile(&aws->settings, aws->env, &choice, err) != 0)
        return -1;
    if (!choice.source) {
        const char *name = aws->settings.profile;
        if (profile_read(aws->env, name && *name ? name : NULL, &profile, err) != 0 ||
            chain_of_profile(&profile, &choice, err) != 0)
            return -1;
    }
    if (!choice.source && chain_after_profile(aws->env, &choice, err) != 0)
        return -1;
    *out = (struct grant){.lives_ns = 0};
    return ask(aws, http, &choice, &profile, out, deadline, err);
}
