/* SPDX-License-Identifier: Apache-2.0 */

/* What a service manager is told, word by word: a socket of our own listens. */

#include <config.h>

#include "cmd/service.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <scanpipe/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int ear = -1;
static char heard[4096];

/* Listens at a path, or at an abstract name, and tells the environment. */
static void listen_at(const char *name)
{
    struct sockaddr_un address;
    socklen_t length;
    CU_ASSERT_FATAL(notify_address(name, &address, &length));
    ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(bind(ear, (struct sockaddr *)&address, length), 0);
    setenv("NOTIFY_SOCKET", name, 1);
}

/* The datagram that came; "" where none did. */
static const char *hear(void)
{
    ssize_t got = recv(ear, heard, sizeof heard - 1, MSG_DONTWAIT);
    heard[got > 0 ? got : 0] = '\0';
    return heard;
}

static void addresses(void)
{
    struct sockaddr_un address;
    socklen_t length, head = offsetof(struct sockaddr_un, sun_path);
    CU_ASSERT(notify_address("/run/n", &address, &length));
    CU_ASSERT_EQUAL(length, head + 7);
    CU_ASSERT_STRING_EQUAL(address.sun_path, "/run/n");
    /* An abstract name begins with NUL, and has none at its end. */
    CU_ASSERT(notify_address("@abc", &address, &length));
    CU_ASSERT_EQUAL(length, head + 4);
    CU_ASSERT(memcmp(address.sun_path, "\0abc", 5) == 0);
    CU_ASSERT_FALSE(notify_address(NULL, &address, &length));
    CU_ASSERT_FALSE(notify_address("", &address, &length));
    CU_ASSERT_FALSE(notify_address("@", &address, &length));
    CU_ASSERT_FALSE(notify_address("vsock:2:1", &address, &length));
    char longest[sizeof address.sun_path + 1];
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    CU_ASSERT_FALSE(notify_address(longest, &address, &length));
    longest[sizeof longest - 2] = '\0';
    CU_ASSERT(notify_address(longest, &address, &length));
    CU_ASSERT_EQUAL(length, sizeof address);
}

static void watchdogs(void)
{
    CU_ASSERT_EQUAL(notify_watchdog_ns("30000000", "42", 42), 30 * SP_SECOND);
    CU_ASSERT_EQUAL(notify_watchdog_ns("30000000", NULL, 42), 30 * SP_SECOND);
    /* It may be another process's. */
    CU_ASSERT_EQUAL(notify_watchdog_ns("30000000", "43", 42), 0);
    CU_ASSERT_EQUAL(notify_watchdog_ns("30000000", "", 42), 0);
    CU_ASSERT_EQUAL(notify_watchdog_ns(NULL, NULL, 42), 0);
    CU_ASSERT_EQUAL(notify_watchdog_ns("", NULL, 42), 0);
    CU_ASSERT_EQUAL(notify_watchdog_ns("-1", NULL, 42), 0);
    CU_ASSERT_EQUAL(notify_watchdog_ns("30s", NULL, 42), 0);
    CU_ASSERT_EQUAL(notify_watchdog_ns("9223372036854775807", NULL, 42), 0);
}

static void its_life(void)
{
    char name[64], pid[24];
    struct service service;
    /* Given a manager that listens at an abstract name and wants to hear every 100 ms, */
    snprintf(name, sizeof name, "@scanpipe-test-%ld-%" PRIx64, (long)getpid(), sp_random());
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    listen_at(name);
    setenv("WATCHDOG_USEC", "100000000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    service_open(&service);
    /* then children are not told of it. */
    CU_ASSERT(!getenv("NOTIFY_SOCKET") && !getenv("WATCHDOG_USEC") && !getenv("WATCHDOG_PID"));

    service_opening(&service, 120 * SP_SECOND);
    CU_ASSERT_STRING_EQUAL(hear(), "EXTEND_TIMEOUT_USEC=125000000\nSTATUS=loading and opening the stages\n");
    service_ready(&service);
    CU_ASSERT_STRING_EQUAL(hear(), "READY=1\nSTATUS=started\n");
    /* When the loop comes round, then the watchdog hears of it at once and at half of its time; */
    service_beat(&service, NULL);
    CU_ASSERT_STRING_EQUAL(hear(), "WATCHDOG=1\n");
    service_beat(&service, NULL);
    CU_ASSERT_STRING_EQUAL(hear(), "");
    service.beat_at -= 50 * SP_SECOND;
    service_beat(&service, NULL);
    CU_ASSERT_STRING_EQUAL(hear(), "WATCHDOG=1\n");
    /* but not while a thread stands still. */
    service.beat_at -= 50 * SP_SECOND;
    service_beat(&service, "keeper");
    CU_ASSERT_STRING_EQUAL(hear(), "");
    /* While threads end, which has its own bound, it hears of us, and of nobody that they go on. */
    service_keep_alive(&service);
    CU_ASSERT_STRING_EQUAL(hear(), "WATCHDOG=1\n");
    CU_ASSERT(service.stuck_since != 0);
    service_beat(&service, NULL);
    CU_ASSERT(service.stuck_since == 0);

    struct timespec now;
    int64_t usec;
    service_reloading(&service, 20 * SP_SECOND);
    clock_gettime(CLOCK_MONOTONIC, &now);
    CU_ASSERT_EQUAL(sscanf(hear(), "RELOADING=1\nMONOTONIC_USEC=%" SCNd64 "\n", &usec), 1);
    int64_t since = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000 - usec;
    CU_ASSERT(since >= 0 && since < 60000000);
    CU_ASSERT(strstr(heard, "\nEXTEND_TIMEOUT_USEC=25000000\n") != NULL);
    service_refused(&service);
    CU_ASSERT_STRING_EQUAL(hear(), "READY=1\nSTATUS=started\n");

    service_stopping(&service, 20 * SP_SECOND);
    CU_ASSERT_STRING_EQUAL(hear(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=25000000\n"
                                   "STATUS=stopping; what is in flight is finished or handed back\n");
    service_stopping(&service, 20 * SP_SECOND);
    CU_ASSERT_STRING_EQUAL(hear(), "");
    CU_ASSERT_FALSE(service_wants_status(&service));
    service_close(&service);
    close(ear);
}

static struct engine_report some_report(void)
{
    return (struct engine_report){.events_read = 3000,
                                  .events_written = 2900,
                                  .letters_stored = 11,
                                  .queue_visible = 4,
                                  .queue_leased = 1,
                                  .queue_known = true,
                                  .has_source = true,
                                  .holds_poller = true,
                                  .caught_up = true,
                                  .cursor = "83269\n"};
}

static void lines_for_people(void)
{
    struct engine_report report = some_report();
    struct display_rates rates = {1500, 1450};
    SP_AUTO(buffer_fini) struct buffer out = {0};
    service_line(&out, &report, rates, false);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out),
                           "caught up; read 3000 (1500/s), queue 4+1, written 2900 (1450/s), "
                           "rejected 11, cursor 83269\\x0a");
    /* What is held, and why, comes first. */
    buffer_clear(&out);
    report.trouble = "sink";
    report.trouble_ns = 125 * SP_SECOND;
    snprintf(report.trouble_why, sizeof report.trouble_why, "cannot connect:\nrefused");
    report.halted = "ingest paused";
    service_line(&out, &report, rates, true);
    CU_ASSERT_STRING_EQUAL(
        buffer_text(&out),
        "ingest paused; held up by the sink for 2m5s (cannot connect:\\x0arefused); caught up; "
        "read 3000 (1500/s), queue 4+1, written 2900 (1450/s), rejected 11, cursor 83269\\x0a; "
        "the file was refused at the last reload, see the log");
    buffer_clear(&out);
    report.holds_poller = false;
    CU_ASSERT_STRING_EQUAL(display_where(&report), "another process reads");
    report = (struct engine_report){0};
    service_line(&out, &report, (struct display_rates){0, 0}, false);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out),
                           "writes what is queued; read 0 (0/s), written 0 (0/s), rejected 0");
}

static void a_status_is_told_where_it_is_new(void)
{
    char path[300];
    struct service service;
    struct engine_report report = some_report();
    snprintf(path, sizeof path, "%s/n", tap_scratch_dir());
    listen_at(path);
    setenv("WATCHDOG_USEC", "100000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    service_open(&service);
    CU_ASSERT(service_wants_status(&service));
    service_status(&service, &report);
    CU_ASSERT(strncmp(hear(), "STATUS=caught up; read 3000 (", 29) == 0);
    CU_ASSERT_FALSE(service_wants_status(&service));
    service.meter = (struct display_meter){.at = sp_clock_now(), .rates = service.meter.rates};
    service_status(&service, &report);
    CU_ASSERT_STRING_EQUAL(hear(), "");
    /* Ready again, after a reload: that was another status, which is old by now. */
    service_ready(&service);
    CU_ASSERT_STRING_EQUAL(hear(), "READY=1\nSTATUS=started\n");
    CU_ASSERT(service_wants_status(&service));
    service_status(&service, &report);
    CU_ASSERT(strncmp(hear(), "STATUS=caught up; read 3000 (", 29) == 0);
    /* The watchdog is another process's: it hears nothing of us. */
    service_beat(&service, NULL);
    CU_ASSERT_STRING_EQUAL(hear(), "");
    service_close(&service);
    close(ear);
    unlink(path);
}

static void what_must_be_heard_is_told_until_it_is(void)
{
    char path[300];
    struct service service;
    struct engine_report report = some_report();
    snprintf(path, sizeof path, "%s/n", tap_scratch_dir());
    /* Given a manager that is not there for a while, */
    setenv("NOTIFY_SOCKET", path, 1);
    service_open(&service);
    service_reloading(&service, SP_SECOND);
    service_ready(&service);
    service_status(&service, &report);
    service_beat(&service, NULL);
    /* when it is there, then it hears the last of what it must know, once, and the status after that. */
    listen_at(path);
    service_beat(&service, NULL);
    CU_ASSERT_STRING_EQUAL(hear(), "READY=1\nSTATUS=started\n");
    service_beat(&service, NULL);
    CU_ASSERT_STRING_EQUAL(hear(), "");
    service_status(&service, &report);
    CU_ASSERT(strncmp(hear(), "STATUS=caught up; ", 18) == 0);
    /* The stop too, while the threads end. */
    close(ear);
    unlink(path);
    service_stopping(&service, SP_SECOND);
    listen_at(path);
    service_keep_alive(&service);
    CU_ASSERT(strncmp(hear(), "STOPPING=1\n", 11) == 0);
    service_close(&service);
    close(ear);
    unlink(path);
    unsetenv("NOTIFY_SOCKET");
}

static void nobody_listens(void)
{
    struct service service;
    struct engine_report report = some_report();
    setenv("WATCHDOG_USEC", "1000", 1);
    service_open(&service);
    CU_ASSERT_EQUAL(service_slack_ns(&service), INT64_MAX);
    CU_ASSERT_FALSE(service_wants_status(&service));
    service_ready(&service);
    service_beat(&service, NULL);
    service_status(&service, &report);
    service_stopping(&service, SP_SECOND);
    service_close(&service);
    /* A manager that is gone is no failure of ours. */
    setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
    service_open(&service);
    service_ready(&service);
    service_beat(&service, NULL);
    service_close(&service);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"a socket has a path or an abstract name", addresses},
        {"the watchdog is asked for in microseconds, of one process", watchdogs},
        {"ready, alive, reloading, stopping", its_life},
        {"the status says what is held, and how far it is", lines_for_people},
        {"a status is told where it is new", a_status_is_told_where_it_is_new},
        {"what must be heard is told until it is", what_must_be_heard_is_told_until_it_is},
        {"without a manager nothing is told", nobody_listens},
    };
    return tap_run("service", tests, sizeof tests / sizeof *tests);
}
