/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_URL_H
#define LIB_AWS_URL_H

/* Taking URLs of http and https apart, so strictly that libcurl cannot see another host in one.  Pure. */

#include <scanpipe/base.h>

struct url {
    bool https;
    struct sp_slice host; /* of an IPv6 address with its brackets */
    struct sp_slice port; /* empty: the scheme's own */
    struct sp_slice path; /* empty, or begins with '/' */
    struct sp_slice query;
};

/* NULL, or a constant text that says what is wrong: no scheme but these, a name and password, characters that
 * no URL has. */
const char *url_split(const char *text, struct url *out) SP_MUST_CHECK;

/* Whether the host is `name`, in whatever case. */
bool url_host_is(const struct url *url, const char *name);

/* This machine: localhost, 127.0.0.0/8, ::1. */
bool url_is_loopback(const struct url *url);

#endif
