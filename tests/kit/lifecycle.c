/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for plugins of every kind: scanpipe/plugin.h. */
#include <config.h>

#include "work.h"

#include <ctype.h>
#include <dirent.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Entries of a folder, "." and ".." not counted. */
static size_t count_entries(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    REQUIRE(folder, "%s cannot be read", path);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2;
}

/* Descriptors of files and connections: what can be away.  Pipes and the like are inside the process. */
static size_t count_opened(void)
{
    size_t count = 0;
    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
        int domain = 0;
        struct stat about;
        socklen_t size = sizeof domain;
        if (fstat(fd, &about) != 0)
            continue;
        if (S_ISSOCK(about.st_mode) && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0)
            count += domain != AF_UNIX;
        else
            count += S_ISREG(about.st_mode) || S_ISDIR(about.st_mode) || S_ISCHR(about.st_mode);
    }
    return count;
}

static size_t count_files(void)
{
    return count_entries("/proc/self/fd") - 1; /* the folder itself was open */
}

static size_t count_threads(void)
{
    return count_entries("/proc/self/task");
}

static bool is_sentence(const char *text)
{
    size_t size = text ? strlen(text) : 0;
    return size > 0 && !strchr(text, '\n') && text[size - 1] != '.';
}

static void check_option(const struct kit *kit, const struct sp_option *option)
{
    const char *name = option->name;
    REQUIRE(name && *name, "an option has no name");
    for (const char *at = name; *at; at++)
        REQUIRE(islower((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '_' || *at == '.',
                "option %s: a name has small letters, digits and '_'", name);
    REQUIRE(option->offset < kit->plugin->about.config_size, "option %s lies outside of the configuration",
            name);
    REQUIRE(is_sentence(option->doc), "option %s: `doc` is one line without a full stop", name);
    REQUIRE(option->type != SP_OPT_ENUM || (option->choices && option->choices[0]),
            "option %s has no choices", name);
    REQUIRE(!(option->flags & SP_OPT_REQUIRED) || !option->default_text,
            "option %s is required and has a default", name);
    REQUIRE(!option->reserved, "option %s: `reserved` is set", name);
}

static void check_description(struct kit *kit)
{
    const struct sp_plugin *about = &kit->plugin->about;
    const struct sp_capabilities *can = &kit->plugin->capabilities;
    REQUIRE(is_sentence(about->summary), "`summary` is one line without a full stop");
    REQUIRE(*about->name && !strpbrk(about->name, "/ \n"), "`name` is \"%s\"", about->name);
    REQUIRE(*about->version, "`version` is empty");
    REQUIRE(can->time_digits <= 7, "`time_digits` is %u, more than the 7 there are", can->time_digits);
    REQUIRE(can->message_bytes >= 0 && can->batch_messages >= 0 && can->batch_bytes >= 0 &&
                can->lease_max_ns >= 0,
            "a limit is negative");
    if (about->kind == SP_SINK) {
        REQUIRE(can->flags & (SP_TABLES | SP_EVENTS), "it takes neither rows nor events");
        REQUIRE(!(can->flags & SP_TABLES) || about->sink->migrate || !about->sink->read,
                "it has tables that can be read, and no migrate()");
    }
    for (size_t i = 0; i < about->option_count; i++)
        for (size_t j = 0; j < i; j++)
            REQUIRE(strcmp(about->options[i].name, about->options[j].name) != 0, "option %s is there twice",
                    about->options[i].name);
    for (size_t i = 0; i < about->option_count; i++)
        check_option(kit, &about->options[i]);
}

static void check_file_name(struct kit *kit)
{
    static const char *const homes[] = {"source", "queue", "sink", "state", "letters"};
    const char *slash = strrchr(kit->plugin->path, '/');
    const char *file = slash ? slash + 1 : kit->plugin->path;
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++)
        if (strcmp(file, sp_arena_printf(kit->arena, "%s_%s.so", homes[i], kit->plugin->about.name)) == 0)
            return;
    kit_fail(__FILE__, __LINE__, "%s cannot be found by the name '%s': call it <kind>_<name>.so", file,
             kit->plugin->about.name);
}

static void load_opens_nothing(struct kit *kit)
{
    kit_unload(work_load(kit, NULL)); /* libraries may make their own once */
    size_t opened = count_opened(), threads = count_threads();
    struct kit_stage *stage = work_load(kit, NULL);
    kit_open(stage);
    REQUIRE(count_opened() <= opened, "load() or open() has opened a file or a connection");
    REQUIRE(count_threads() <= threads, "load() or open() has started a thread");
    REQUIRE(count_entries(kit->folder) == 0, "load() or open() has made a file");
}

static struct kit_stage *load_away(struct kit *kit)
{
    if (!options_know_away(kit->plugin, kit->options) && !options_have_place(kit->plugin))
        kit_not_for("no option says where its data is, so it cannot be away");
    if (!options_know_away(kit->plugin, kit->options))
        kit_skip("it is not known how it could be away: --away OPTION=VALUE");
    return work_load(kit, &(struct kit_wish){.place = KIT_AWAY});
}

static void require_away(const char *call, int rc)
{
    REQUIRE(rc == -1, "%s returns %d although nothing is there", call, rc);
    REQUIRE(kit_error.class == SP_UNAVAILABLE || kit_error.class == SP_REFUSED,
            "%s says %s, neither unavailable nor refused: %s", call, sp_class_name(kit_error.class),
            kit_error.text);
    REQUIRE(kit_error.text[0], "%s does not say what is wrong", call);
}

static void away_is_told_by_calls(struct kit *kit)
{
    struct kit_stage *stage = load_away(kit);
    void *handle = kit_open(stage), *other = kit_open(stage);
    require_away("probe()", kit->plugin->about.probe(handle, kit_soon(kit), &kit_error));
    for (int times = 0; times < 3; times++)
        require_away("a call", work_try(stage, handle));
    require_away("a call on another handle", work_try(stage, other));
    kit_close(stage, handle);
    require_away("probe()", kit->plugin->about.probe(other, kit_soon(kit), &kit_error));
}

static void probe_answers(struct kit *kit)
{
    struct kit_stage *stage = work_load(kit, NULL);
    void *handle = kit_open(stage);
    work_prepare(stage, handle);
    for (int times = 0; times < 3; times++)
        WORKS(kit->plugin->about.probe(handle, kit_soon(kit), &kit_error));
    WORKS(work_try(stage, handle));
    WORKS(kit->plugin->about.probe(handle, kit_soon(kit), &kit_error));
}

static void many_handles(struct kit *kit)
{
    void *handles[32];
    struct kit_stage *stage = work_load(kit, NULL);
    for (size_t i = 0; i < 32; i++)
        handles[i] = kit_open(stage);
    work_prepare(stage, handles[0]);
    for (size_t i = 0; i < 32; i++)
        WORKS(work_try(stage, handles[i]));
    for (size_t count = 32; count > 0; count--) {
        size_t at = kit_below(&kit->dice, count);
        kit_close(stage, handles[at]);
        handles[at] = handles[count - 1];
        if (count % 8 == 0)
            WORKS(work_try(stage, handles[count / 2]));
    }
    WORKS(work_try(stage, kit_open(stage)));
}

static void interrupt_between_calls(struct kit *kit)
{
    struct kit_stage *stage = work_load(kit, NULL);
    void *handle = kit_open(stage);
    kit->plugin->about.interrupt(handle);
    work_prepare(stage, handle);
    for (int times = 0; times < 5; times++) {
        kit->plugin->about.interrupt(handle);
        kit->plugin->about.interrupt(handle);
        REQUIRE(work_try(stage, handle) == 0 || kit_error.class != SP_STOPPED,
                "an interrupt between two calls has ended the next one: %s", kit_error.text);
    }
    kit->plugin->about.interrupt(handle);
    kit_close(stage, handle);
}

/* What may come of a call that had no time. */
static void require_in_time(const struct kit *kit, const char *call, int rc, int64_t began)
{
    REQUIRE(sp_clock_now() - began < kit_soon_ns(kit), "%s goes on for seconds past its deadline", call);
    REQUIRE(rc == 0 || kit_error.class == SP_UNAVAILABLE || kit_error.class == SP_CONTENDED ||
                kit_error.class == SP_THROTTLED || kit_error.class == SP_UNCERTAIN,
            "%s at its deadline is %s: %s", call, sp_class_name(kit_error.class), kit_error.text);
}

static void deadline_in_the_past(struct kit *kit)
{
    struct kit_stage *stage = work_load(kit, NULL);
    void *handle = kit_open(stage);
    for (int times = 0; times < 3; times++) {
        int64_t began = sp_clock_now();
        int rc = kit->plugin->about.probe(handle, began - SP_SECOND, &kit_error);
        REQUIRE(rc == 0 || kit_error.class != SP_REFUSED || stage->about.table, "probe() is refused: %s",
                kit_error.text);
        if (times == 0) {
            work_prepare(stage, handle);
            continue;
        }
        require_in_time(kit, "probe()", rc, began);
        began = sp_clock_now();
        require_in_time(kit, "a call", work_try_until(stage, handle, began - SP_SECOND), began);
    }
    WORKS(kit->plugin->about.probe(handle, kit_soon(kit), &kit_error));
    WORKS(work_try(stage, handle));
}

#define MANY_CALLS 10000

/* A thread that calls on and on while it is interrupted. */
struct caller {
    struct kit_stage *stage;
    size_t calls;
    atomic_bool stop, done;
};

static void *call_on(void *opaque)
{
    struct caller *caller = opaque;
    while (!atomic_load(&caller->stop)) {
        int rc = work_try(caller->stage, caller->stage->handles[0]);
        REQUIRE(rc == 0 || kit_error.class == SP_STOPPED || kit_error.class == SP_CONTENDED ||
                    kit_error.class == SP_UNCERTAIN,
                "an interrupted call is %s: %s", sp_class_name(kit_error.class), kit_error.text);
        /* What is quick would fill its store meanwhile. */
        if (++caller->calls > MANY_CALLS)
            kit_sleep(SP_MILLISECOND);
    }
    atomic_store(&caller->done, true);
    return NULL;
}

static void interrupt_at_any_time(struct kit *kit)
{
    struct caller caller = {.stage = work_load(kit, NULL)};
    void *handle = kit_open(caller.stage), *other = kit_open(caller.stage);
    pthread_t thread;
    work_prepare(caller.stage, handle);
    REQUIRE(pthread_create(&thread, NULL, call_on, &caller) == 0, "there is no thread");
    for (int times = 0; times < 100; times++) {
        kit->plugin->about.interrupt(handle);
        kit_sleep((int64_t)kit_below(&kit->dice, 2000) * 1000);
    }
    atomic_store(&caller.stop, true);
    kit_interrupt(kit, handle, &caller.done);
    pthread_join(thread, NULL);
    WORKS(work_try(caller.stage, handle));
    WORKS(work_try(caller.stage, other));
}

static void live_once(struct kit *kit)
{
    struct kit_stage *stage = work_load(kit, NULL);
    void *handle = kit_open(stage), *other = kit_open(stage);
    work_prepare(stage, handle);
    WORKS(kit->plugin->about.probe(other, kit_soon(kit), &kit_error));
    for (int times = 0; times < 3; times++)
        WORKS(work_try(stage, handle));
    WORKS(work_try(stage, other));
    kit_unload(stage);
}

/* Libraries may keep something from the first time on, but no more with each. */
static void nothing_is_left(struct kit *kit)
{
    live_once(kit);
    live_once(kit);
    size_t files = count_files(), threads = count_threads();
    for (int times = 0; times < 4; times++)
        live_once(kit);
    REQUIRE(count_files() <= files, "%zu file descriptors stay open after unload()", count_files() - files);
    REQUIRE(count_threads() <= threads, "%zu threads go on after unload()", count_threads() - threads);
}

static void nothing_is_left_of_failures(struct kit *kit)
{
    size_t files = 0, threads = 0;
    for (int times = 0; times < 4; times++) {
        struct kit_stage *stage = load_away(kit);
        void *handle = kit_open(stage);
        require_away("a call", work_try(stage, handle));
        require_away("probe()", kit->plugin->about.probe(handle, kit_soon(kit), &kit_error));
        kit_unload(stage);
        files = times < 2 ? count_files() : files;
        threads = times < 2 ? count_threads() : threads;
    }
    REQUIRE(count_files() <= files, "%zu file descriptors stay open after unload()", count_files() - files);
    REQUIRE(count_threads() <= threads, "%zu threads go on after unload()", count_threads() - threads);
}

static void stages_are_apart(struct kit *kit)
{
    struct kit_wish away = {.place = options_know_away(kit->plugin, kit->options) ? KIT_AWAY : KIT_HERE};
    struct kit_stage *one = work_load(kit, NULL), *other = work_load(kit, &away);
    void *handle = kit_open(one);
    kit_open(other);
    work_prepare(one, handle);
    WORKS(work_try(one, handle));
    if (away.place == KIT_AWAY)
        require_away("a call of the other stage", work_try(other, other->handles[0]));
    kit_unload(other);
    WORKS(work_try(one, handle));
    other = work_load(kit, &away);
    WORKS(work_try(one, kit_open(one)));
}

static void handle_moves_to_a_thread(const struct kit_thread *thread)
{
    struct kit_stage *stage = thread->with;
    WORKS(work_try(stage, stage->handles[thread->number]));
}

static void many_threads(struct kit *kit)
{
    struct kit_stage *stage = work_load(kit, NULL);
    for (size_t i = 0; i < 8; i++)
        kit_open(stage);
    work_prepare(stage, stage->handles[0]);
    for (int times = 0; times < 3; times++)
        kit_threads(8, handle_moves_to_a_thread, stage);
}

static const struct check checks[] = {
    {"given a plugin, when its description is read, then texts, options and limits are whole",
     check_description},
    {"given a plugin, when its shared object is looked at, then the core finds it by its name",
     check_file_name},
    {"given options, when a stage is loaded and a handle opened, then no file, connection or thread is made",
     load_opens_nothing},
    {"given what is not there, when a stage is loaded and opened, then only calls fail: unavailable or refused",
     away_is_told_by_calls},
    {"given what is there, when it is probed again and again, then the answer is yes", probe_answers},
    {"given 32 handles, when each is used and they are closed in any order, then all work", many_handles},
    {"given 8 handles, when 8 threads use them at a time, then all work", many_threads},
    {"given an interrupt between two calls, when the next one comes, then it is not ended by it",
     interrupt_between_calls},
    {"given a handle that is used on and on, when it is interrupted at any time, then calls end well or stopped",
     interrupt_at_any_time},
    {"given a deadline that is over, when calls are made, then they return soon and the next ones work",
     deadline_in_the_past},
    {"given stages that were used and unloaded, when it is counted, then no thread and no descriptor is left",
     nothing_is_left},
    {"given calls that failed, when all is unloaded, then no thread and no descriptor is left",
     nothing_is_left_of_failures},
    {"given two stages with other options, when one fails or is unloaded, then the other goes on",
     stages_are_apart},
};

CHECK_LIST(lifecycle_checks, checks);
