/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_PROFILE_H
#define LIB_AWS_PROFILE_H

/* One profile, as ~/.aws/credentials and ~/.aws/config have it together. */

#include "ini.h"

#include <scanpipe/error.h>

/* getenv(), or a test's own. */
typedef char *aws_env(const char *name);

/* A variable's value; NULL where it is not set or empty. */
const char *env_text(aws_env *env, const char *name);
/* Whether it says "true". */
bool env_true(aws_env *env, const char *name);

/* A whole file, for free().  0, or the errno; EFBIG where there is more than `most`. */
int file_read(const char *path, size_t most, char **data_out, size_t *size_out) SP_MUST_CHECK;

enum { PROFILE_PATH = 1024 };

struct profile_file {
    char path[PROFILE_PATH];
    int trouble; /* errno, ENOENT among them; 0: it was read */
    struct ini ini;
    const char *section; /* NULL: the profile is not in it */
};

struct profile {
    char name[128];
    struct profile_file credentials, config;
};

/* Reads both files.  `name`: NULL is AWS_PROFILE, and where that is not set [default], which alone need not
 * be there.  SP_REFUSED: it is not there, or a file is not in order.  For profile_fini() where it returns 0.
 */
int profile_read(aws_env *env, const char *name, struct profile *out, struct sp_error *err) SP_MUST_CHECK;
void profile_fini(struct profile *profile);

/* A key's value, of ~/.aws/credentials first; NULL: not there, or empty. */
const char *profile_get(const struct profile *profile, const char *key);

/* The endpoint of a service, its own or that of all; NULL: none. */
const char *profile_endpoint(const struct profile *profile, const char *service, char *out, size_t size);

/* How a profile is to be had.  As botocore, what borrows stands before keys. */
enum profile_kind {
    PROFILE_NOTHING,      /* says nothing of credentials */
    PROFILE_KEYS,         /* has them */
    PROFILE_HALF,         /* has a key id without a secret */
    PROFILE_WEB_IDENTITY, /* role_arn and web_identity_token_file */
    PROFILE_ROLE,         /* role_arn with source_profile or credential_source */
    PROFILE_SSO,
    PROFILE_PROCESS,
};

struct profile_keys {
    const char *access_key_id, *secret_access_key, *session_token, *path;
};

enum profile_kind profile_judge(const struct profile *profile, struct profile_keys *keys);

#endif
