/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_AWS_H
#define LIB_AWS_AWS_H

/*
 * What every service of AWS needs: who we are (credentials), where it is (region, endpoint), what time it
 * thinks it is, and requests signed for it.  One a stage, shared by its handles; any thread may call any of
 * it.  No secret is ever put into an error, a log or a description.
 */

#include <lib_http/http.h>

/* The stage's options, as they stand in the file.  NULL: not given.  The texts outlive `aws`. */
struct aws_settings {
    const char *service; /* "sqs" */
    const char *url;     /* of what is asked for, where its host may name the region; or NULL */
    const char *region, *endpoint, *profile;
    const char *access_key_id; /* these come together or not at all */
    const char *secret_access_key;
    const char *session_token; /* or NULL */
};

struct aws;

/* Reads nothing and connects to nothing: the first call that needs something does. */
int aws_new(const struct aws_settings *settings, struct aws **out, struct sp_error *err) SP_MUST_CHECK;
void aws_free(struct aws *aws);

/* Where requests go: file, AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL, profile, the URL's own host where that is
 * not of AWS (a server for tests), the region's own.  The region: file, AWS_REGION, AWS_DEFAULT_REGION,
 * profile, the URL's host, IMDS.  Texts live as long as `aws`.  May block (IMDS, files) the first time.
 * SP_REFUSED where there is none, with the cure. */
struct aws_place {
    const char *region, *endpoint;           /* an endpoint ends without '/' */
    const char *region_from, *endpoint_from; /* "the file", "AWS_REGION", "profile 'x'", ... for people */
    const char *url_region;                  /* that the URL's host names, be it another one; NULL: none */
};
int aws_place(struct aws *aws, struct http *http, struct aws_place *out, int64_t deadline,
              struct sp_error *err) SP_MUST_CHECK;

/* Credentials as they are now: a copy, which the caller's stack holds. */
struct aws_credentials {
    char access_key_id[128];
    char secret_access_key[256];
    char session_token[4096]; /* "": none */
    uint64_t edition;         /* 1 on: counts those that differ */
};

/*
 * In order: the file's own; environment; web identity; profile; container; IMDSv2.  Refreshed ahead of their
 * expiry (from 15 minutes before, by 10 minutes before at the latest, with jitter) by whichever thread needs
 * them first, while the others go on with the old until those really expire; then they wait for it, and share
 * its failure.  Requests for them use `http`, those to the machine and the container without any proxy.
 * `refused_edition`: these were refused by the service (ExpiredToken, InvalidClientTokenId), get newer ones;
 * 0: none.  Where there are no newer ones, the same come back with the same edition.  SP_REFUSED where
 * nothing is found or a profile needs what is not supported (assumed roles, SSO, credential_process: each
 * with a way out); SP_UNAVAILABLE where an endpoint is away.
 */
int aws_credentials(struct aws *aws, struct http *http, uint64_t refused_edition, struct aws_credentials *out,
                    int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* "the environment (AWS_ACCESS_KEY_ID AKIA…WXYZ)", "profile 'ops' of ~/.aws/credentials (…)": for people,
 * without secrets; lives in the arena.  Gets them where nobody did. */
int aws_describe(struct aws *aws, struct http *http, struct sp_arena *arena, const char **out,
                 int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* Who these credentials are, by STS GetCallerIdentity: an ARN, in the arena. */
int aws_identity(struct aws *aws, struct http *http, struct sp_arena *arena, const char **arn_out,
                 int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* Wall clock as the service sees it: ours and the offset that was learnt from its `Date`. */
int64_t aws_wall_ms(struct aws *aws);
/* True where the offset changed by more than a minute. */
bool aws_learn_clock(struct aws *aws, int64_t date_wall_ms);

/*
 * A request signed with Signature Version 4 as it leaves, and its answer.  `headers` are signed with it, as
 * are Host, X-Amz-Date and X-Amz-Security-Token.  Where it is refused for credentials that have expired or
 * for the clock (`stale` says so of an answer), it is signed anew with what was learnt and sent again, once.
 */
enum aws_stale { AWS_FRESH, AWS_STALE_CREDENTIALS, AWS_STALE_CLOCK };
struct aws_request {
    struct http_request http;     /* without the headers of the signature */
    const char *service, *region; /* NULL: those of `aws` */
    /* NULL: nothing is sent again */
    enum aws_stale (*stale)(struct http *http, const struct http_answer *answer);
};
int aws_send(struct aws *aws, struct http *http, const struct aws_request *request, struct http_answer *out,
             int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

#endif
