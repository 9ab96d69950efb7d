/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_ROUTES_H
#define SCANAPI_SIM_ROUTES_H

/* What the paths answer: the feed, /_sim/stats and /_sim/set. */

#include "faults.h"
#include "http.h"
#include "page.h"
#include "stats.h"

#include <pthread.h>
#include <stdatomic.h>

struct routes {
    const struct feed *feed;
    uint64_t seed;
    atomic_bool stop;
    pthread_mutex_t lock; /* of all below */
    struct settings settings;
    struct faults faults;
    struct stats stats;
};

/* What a connection keeps between its requests. */
struct routes_scratch {
    struct page_maker maker;
    struct text body;
};

void routes_init(struct routes *routes, const struct feed *feed, const struct settings *settings,
                 int64_t now);
void routes_fini(struct routes *routes);

/* -1: the connection must end. */
int routes_answer(struct routes *routes, struct routes_scratch *scratch, struct http_connection *connection,
                  struct http_request *request);

void routes_scratch_fini(struct routes_scratch *scratch);

#endif
