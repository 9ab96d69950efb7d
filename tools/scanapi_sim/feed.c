/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "feed.h"

struct feed *feed_open(const struct feed_options *options, char *message, size_t room, int *status)
{
    if (options->generate)
        return feed_generated_open(options);
    return feed_file_open(options, message, room, status);
}

void feed_close(struct feed *feed)
{
    if (feed)
        feed->close(feed);
}
