/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_GRANT_H
#define LIB_AWS_GRANT_H

/* What an endpoint answered, made into credentials, or into a failure that holds no secret.  Pure. */

#include "inside.h"

/* When the answer came: the server's own clock, else ours. */
struct grant_source {
    const char *who; /* "the container's endpoint", for errors */
    int64_t wall_ms;
    bool extend;                /* IMDS: what has expired there is good all the same until it renews them */
    const char *const *secrets; /* that were sent, ended by NULL: a message that repeats one is not told */
};

/* What can stand in a header and a signature. */
int grant_set(const char *access_key_id, const char *secret_access_key, const char *session_token,
              struct grant *out, struct sp_error *err) SP_MUST_CHECK;

/* {"AccessKeyId": ..., "SecretAccessKey": ..., "Token": ..., "Expiration": ...}, or {"Code": ..., "Message":
 * ...}. */
int grant_from_json(struct sp_slice body, const struct grant_source *source, struct grant *out,
                    struct sp_error *err) SP_MUST_CHECK;
/* AssumeRoleWithWebIdentityResponse. */
int grant_from_xml(struct sp_slice body, const struct grant_source *source, struct grant *out,
                   struct sp_error *err) SP_MUST_CHECK;

/* "AKIA…WXYZ": what of an access key's id is told. */
void grant_shorten(const char *access_key_id, char out[16]);

/* Fails with what an endpoint said: class by status and code. */
int grant_fail(long status, const char *code, const char *message, const struct grant_source *source,
               struct sp_error *err);
/* The same of a whole answer, XML of STS or JSON. */
int grant_fail_xml(long status, struct sp_slice body, const struct grant_source *source,
                   struct sp_error *err);
int grant_fail_json(long status, struct sp_slice body, const struct grant_source *source,
                    struct sp_error *err);

#endif
