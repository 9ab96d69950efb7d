/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "options.h"
#include "page.h"
#include "server.h"

#include <inttypes.h>
#include <unistd.h>

#define EXIT_USAGE  64
#define EXIT_IO     74
#define PRINT_BYTES ((size_t)1 << 20)

enum print { PRINT_GOOD, PRINT_ALL, PRINT_BAD };

static void print_slot(const struct page_maker *maker, const struct slot *slot, enum print what,
                       struct text *out)
{
    bool good = page_shows_good(maker, slot);
    if (what == PRINT_BAD && !good) {
        const char *fault = slot_is_good(slot) ? "unreadable" : maker->feed->fault(maker->feed, slot);
        text_format(out, "%" PRId64 "\t%s\n", slot->position, fault);
    } else if (what == PRINT_ALL || (what == PRINT_GOOD && good)) {
        page_append_element(maker, slot, out);
        text_literal(out, "\n");
    }
}

/* What the feed holds from its oldest event on, in order, each once. */
static int print_feed(const struct feed *feed, const struct settings *settings, enum print what)
{
    struct page_maker maker = {.feed = feed, .options = settings->page, .seed = settings->feed.seed};
    struct text out = {0};
    bool failed = false;
    uint64_t first = feed->find(feed, (int64_t)settings->page.retention);
    for (uint64_t index = first; index < feed->count && !failed; index++) {
        struct slot slot = feed->slot(feed, index);
        print_slot(&maker, &slot, what, &out);
        if (out.length >= PRINT_BYTES || index + 1 == feed->count) {
            failed = fwrite(out.data, 1, out.length, stdout) < out.length;
            out.length = 0;
        }
    }
    failed = fflush(stdout) || failed;
    text_fini(&out);
    if (failed)
        perror("scanapi-sim: standard output");
    return failed ? EXIT_IO : 0;
}

int main(int argc, char **argv)
{
    struct settings settings;
    char message[OPTIONS_MESSAGE_SIZE];
    int status = 0;
    options_defaults(&settings);
    if (options_parse(&settings, argc, argv, server_now(), message) < 0) {
        fprintf(stderr, "scanapi-sim: %s\nscanapi-sim --help lists the options.\n", message);
        return EXIT_USAGE;
    }
    if (settings.run.help) {
        options_help(stdout);
        return 0;
    }
    struct feed *feed = feed_open(&settings.feed, message, sizeof message, &status);
    if (!feed) {
        fprintf(stderr, "scanapi-sim: %s\n", message);
        return status;
    }
    if (settings.run.print || settings.run.print_all || settings.run.print_bad)
        status = print_feed(feed, &settings,
                            settings.run.print       ? PRINT_GOOD
                            : settings.run.print_all ? PRINT_ALL
                                                     : PRINT_BAD);
    else
        status = server_run(feed, &settings);
    feed_close(feed);
    return status;
}
