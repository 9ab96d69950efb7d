/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_SERVER_H
#define SCANAPI_SIM_SERVER_H

/* Serves a feed on 127.0.0.1, a thread a connection, until SIGTERM, SIGINT or the end of its lifetime. */

#include "feed.h"

/* Returns the exit status of the program. */
int server_run(const struct feed *feed, const struct settings *settings);

int64_t server_now(void);

#endif
