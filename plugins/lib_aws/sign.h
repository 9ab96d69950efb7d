/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_SIGN_H
#define LIB_AWS_SIGN_H

/* AWS Signature Version 4 (docs.aws.amazon.com, "Create a signed AWS API request").  Pure. */

#include <scanpipe/base.h>
#include <scanpipe/error.h>

/* The key that is derived from the secret for a day, which costs four HMACs; kept by who signs.  {0} is
 * empty. */
struct sign_key {
    unsigned char secret_digest[32], key[32];
    char region[64], service[32], date[9];
    bool there;
};

struct sign_request {
    const char *method, *url;
    const char *const *headers; /* "Name: value", in any order; no Host: it is taken from the URL */
    size_t header_count;
    struct sp_slice body;
    int64_t wall_ms;
    const char *region, *service;
    const char *access_key_id, *secret_access_key, *session_token; /* token: "" or NULL: none */
};

enum { SIGN_HEADERS = 4, SIGN_AUTHORIZATION = 2048, SIGN_TOKEN = 4096 };

/* Whole headers, to send beside those that were signed. */
struct signature {
    char host[280];              /* said, so that what is sent is what was signed */
    char date[32];               /* "X-Amz-Date: 20261123T101112Z" */
    char token[SIGN_TOKEN + 32]; /* "X-Amz-Security-Token: ..."; "": none */
    char authorization[SIGN_AUTHORIZATION];
};

/* SP_REFUSED where something is longer than it can be, or would break out of its header. */
int sign(const struct sign_request *request, struct sign_key *key, struct signature *out,
         struct sp_error *err) SP_MUST_CHECK;

/* The headers of the signature that are there, at most SIGN_HEADERS; they point into it. */
size_t sign_headers(const struct signature *signature, const char *headers[SIGN_HEADERS]);

#endif
