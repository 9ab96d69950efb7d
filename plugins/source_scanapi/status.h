/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_STATUS_H
#define SCANAPI_STATUS_H

/* What an answer that is no page means to the core, and how to say it without a secret.  Pure. */

#include "scanapi.h"

#include <scanpipe/error.h>

#include <curl/curl.h>

/* Of the body this much is looked at. */
#define HEAD_SIZE 1024

struct status_answer {
    long status;
    const char *content_type; /* may be NULL */
    const char *redirect;     /* where it sends us, or NULL */
    int64_t retry_after;      /* seconds; 0: not said */
    struct sp_slice head;     /* how the body begins */
    size_t size;              /* of the body, as far as it came */
};

bool status_is_markup(const struct status_answer *answer);

/* "answered text/html, 512 bytes, beginning '<html>…'" */
void status_describe(const struct scanapi_config *config, const struct status_answer *answer, char *out,
                     size_t size);

/* A status that is not 200. */
void status_fail(const struct scanapi_config *config, const struct status_answer *answer,
                 struct sp_error *err);

/* The transfer itself failed. */
void status_fail_transfer(const struct scanapi_config *config, CURLcode code, const char *detail,
                          const struct status_answer *answer, struct sp_error *err);

#endif
