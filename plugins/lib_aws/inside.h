/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_INSIDE_H
#define LIB_AWS_INSIDE_H

/* What the files of lib_aws share. */

#include "aws.h"
#include "chain.h"
#include "profile.h"
#include "sign.h"

#include <pthread.h>
#include <stdatomic.h>

enum { AWS_ENDPOINT_SIZE = 512, AWS_REGION_SIZE = 64, AWS_FROM_SIZE = 192, AWS_ANSWER_SIZE = 16384 };

struct place {
    char region[AWS_REGION_SIZE], url_region[AWS_REGION_SIZE], endpoint[AWS_ENDPOINT_SIZE];
    char sts_endpoint[AWS_ENDPOINT_SIZE];
    char region_from[AWS_FROM_SIZE], endpoint_from[AWS_FROM_SIZE];
};

/* Credentials as somebody gave them. */
struct grant {
    struct aws_credentials credentials;
    int64_t lives_ns; /* from now on; 0: for ever */
    bool fixed;       /* asking again gives the same, as long as the process lives */
    char from[AWS_FROM_SIZE + 64];
};

struct aws {
    struct aws_settings settings;
    aws_env *env;
    _Atomic int64_t clock_offset_ms;

    pthread_mutex_t lock; /* of what follows; nobody blocks under it */
    struct place place;
    bool placed;
    struct sign_key key;

    struct grant grant; /* edition 0: none yet */
    int64_t refresh_at, expires_at;
    bool refreshing;
    pthread_cond_t refreshed;
    uint64_t refreshes;      /* attempts that are over */
    struct sp_error failure; /* of the last one; SP_OK: none */
};

/* fetch.c: asks whoever `choice` names.  SP_UNAVAILABLE, SP_THROTTLED or SP_REFUSED. */
int fetch_container(struct aws *aws, struct http *http, const struct chain_choice *choice, struct grant *out,
                    int64_t deadline, struct sp_error *err) SP_MUST_CHECK;
/* *there_out: something answered. */
int fetch_imds(struct aws *aws, struct http *http, const struct chain_choice *choice, struct grant *out,
               bool *there_out, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;
int fetch_imds_region(struct http *http, const char *endpoint, int64_t timeout_ns, char out[AWS_REGION_SIZE],
                      int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* sts.c */
int sts_web_identity(struct aws *aws, struct http *http, const struct chain_choice *choice, struct grant *out,
                     int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* chain_get.c: goes down the whole chain. */
int chain_get(struct aws *aws, struct http *http, struct grant *out, int64_t deadline,
              struct sp_error *err) SP_MUST_CHECK;

#endif
