/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_STATUS_H
#define SCANAPI_STATUS_H

/* What an answer that is no page means to the core, and how to say it without a secret.  Pure. */

#include "scanapi.h"

#include <lib_http/http.h>

bool status_is_markup(const struct http_answer *answer);

/* "answered text/html, 512 bytes, beginning '<html>…'" */
void status_describe(const struct scanapi_config *config, const struct http_answer *answer, char *out,
                     size_t size);

/* A status that is not 200. */
void status_fail(const struct scanapi_config *config, const struct http_answer *answer, struct sp_error *err);

#endif
