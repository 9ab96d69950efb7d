/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SCANAPI_H
#define SCANAPI_SCANAPI_H

/* The options of the plugin. */

#include <scanpipe/option.h>

struct scanapi_config {
    const char *url, *path;
    const char *from_parameter, *limit_parameter;
    int64_t page_size;
    const char *events, *id;
    struct sp_map well_formed;
    int64_t start;
    int64_t poll_interval;
    const char *bearer;
    struct sp_map headers;
    int64_t timeout, connect_timeout;
    int64_t max_page_bytes;
    bool compression;
    const char *tls_ca, *proxy, *user_agent;
};

#define SCANAPI_OPTIONS 19
extern const struct sp_option scanapi_options[SCANAPI_OPTIONS];

/* The plugin's `check` hook. */
void scanapi_check(const void *checked, struct sp_check *check);

#endif
