/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_CHAIN_H
#define LIB_AWS_CHAIN_H

/* Which of the places where credentials may be is asked: decided from settings, environment and profile
 * alone. Pure. */

#include "aws.h"
#include "profile.h"

enum chain_source {
    CHAIN_NONE,
    CHAIN_OWN,         /* the file's own */
    CHAIN_ENVIRONMENT, /* AWS_ACCESS_KEY_ID */
    CHAIN_WEB_IDENTITY,
    CHAIN_PROFILE,
    CHAIN_CONTAINER,
    CHAIN_IMDS,
};

struct chain_choice {
    enum chain_source source;
    const char *access_key_id, *secret_access_key, *session_token; /* own, environment, profile */
    const char *role_arn, *token_file, *session_name; /* web identity, which may be a profile's */
    const char *token;                                /* container: token_file stands before it */
    char url[1024];                                   /* container, IMDS; IMDS: without '/' */
    int64_t timeout_ns;                               /* IMDS */
};

/* What stands before the profile.  A profile that the stage's own file names stands before the environment.
 */
int chain_before_profile(const struct aws_settings *settings, aws_env *env, struct chain_choice *out,
                         struct sp_error *err) SP_MUST_CHECK;
/* What the profile says; its texts are the profile's.  SP_REFUSED where it needs what is not supported. */
int chain_of_profile(const struct profile *profile, struct chain_choice *out,
                     struct sp_error *err) SP_MUST_CHECK;
/* What stands after it. */
int chain_after_profile(aws_env *env, struct chain_choice *out, struct sp_error *err) SP_MUST_CHECK;

/* IMDS: where it is and how long it may take; false: AWS_EC2_METADATA_DISABLED, or an endpoint that is none.
 */
bool chain_imds(aws_env *env, struct chain_choice *out);

#endif
