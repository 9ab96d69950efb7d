/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The plugins that misbehave on purpose do what they say: they are what other tests stand on. */

#include "base/arena.h"
#include "base/buffer.h"
#include "plugin/plugin.h"
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A wrapper around a real plugin, with one handle. */
struct rig {
    const struct plugin *plugin;
    void *config, *loaded, *handle;
    struct sp_arena *arena;
    struct sp_error err;
};

static void set_folders(void)
{
    static char text[1600], folder[4][400];
    const char *build = getenv("top_builddir"), *folders[4];
    const char *names[] = {"tests/plugins", "plugins/queue_memory", "plugins/sink_null", "plugins/sink_file"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(folder[i], sizeof folder[i], "%s/%s/.libs", build ? build : ".", names[i]);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? ":" : "", folder[i]);
        folders[i] = folder[i];
    }
    plugin_path(folders, 4);
    setenv("SCANPIPE_PLUGIN_PATH", text, 1);
}

static void *field_of(struct rig *rig, const char *name)
{
    for (size_t i = 0; i < rig->plugin->about.option_count; i++)
        if (strcmp(rig->plugin->about.options[i].name, name) == 0)
            return (char *)rig->config + rig->plugin->about.options[i].offset;
    fprintf(stderr, "no option %s\n", name);
    abort();
}

/* Names a wrapper, loads nothing yet. */
static void rig_name(struct rig *rig, enum sp_kind kind, const char *name, const char *inner)
{
    *rig = (struct rig){.arena = arena_new(4096)};
    if (plugin_find(kind, name, &rig->plugin, &rig->err) != 0) {
        fprintf(stderr, "%s\n", rig->err.text);
        abort();
    }
    rig->config = calloc(1, rig->plugin->about.config_size);
    *(const char **)field_of(rig, "inner") = inner;
}

static int rig_load(struct rig *rig)
{
    static const struct sp_stage stage = {.size = sizeof stage,
                                          .pipeline = "test",
                                          .name = "stage",
                                          .max_event_bytes = 1 << 20};
    return rig->plugin->about.load(rig->config, &stage, &rig->loaded, &rig->err);
}

static void rig_start(struct rig *rig)
{
    if (rig_load(rig) != 0 || rig->plugin->about.open(rig->loaded, &rig->handle, &rig->err) != 0) {
        fprintf(stderr, "%s\n", rig->err.text);
        abort();
    }
}

static void rig_end(struct rig *rig)
{
    if (rig->handle)
        rig->plugin->about.close(rig->handle);
    if (rig->loaded)
        rig->plugin->about.unload(rig->loaded);
    arena_free(rig->arena);
    free(rig->config);
}

/* A wrapper with a list of texts for its option, ended by NULL. */
static void rig_list(struct rig *rig, enum sp_kind kind, const char *name, const char *inner,
                     const char *option, const char *const *items)
{
    size_t count = 0;
    while (items[count])
        count++;
    rig_name(rig, kind, name, inner);
    *(struct sp_list *)field_of(rig, option) = (struct sp_list){count, items};
}

static int64_t later(void)
{
    return sp_clock_now() + 20 * SP_SECOND;
}

static int probe(struct rig *rig)
{
    return rig->plugin->about.probe(rig->handle, later(), &rig->err);
}

static const struct sp_message three[] = {{{"{\"a\":1}", 7}, NULL, 0, 1},
                                          {{"{\"a\":2}", 7}, NULL, 0, 1},
                                          {{"{\"a\":3}", 7}, NULL, 0, 1}};

static int send_three(struct rig *rig, struct sp_result results[3])
{
    return rig->plugin->about.queue->send(rig->handle, three, 3, results, later(), &rig->err);
}

static uint64_t visible(struct rig *rig)
{
    struct sp_depth depth = {.size = sizeof depth};
    CU_ASSERT(rig->plugin->about.queue->depth(rig->handle, &depth, later(), &rig->err) == 0);
    return depth.visible;
}

static int receive(struct rig *rig, const struct sp_received **messages, size_t *count)
{
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = 10,
                              .max_bytes = 1 << 20,
                              .lease_ns = 60 * SP_SECOND};
    return rig->plugin->about.queue->receive(rig->handle, &want, rig->arena, messages, count, later(),
                                             &rig->err);
}

static int write_events(struct rig *rig, const char *one, const char *other, struct sp_result results[2])
{
    struct sp_slice events[] = {sp_slice_of(one), sp_slice_of(other)};
    struct sp_batch batch = {.size = sizeof batch, .events = events, .event_count = 2};
    struct sp_written written = {.size = sizeof written};
    return rig->plugin->about.sink->write(rig->handle, &batch, results, &written, later(), &rig->err);
}

/* ---- fault */

static void a_rule_fails_the_calls_that_it_names(void)
{
    const char *const rules[] = {"probe throttled at=2 retry_after=3s", "probe refused at=4..5",
                                 "probe uncertain every=7", NULL};
    const enum sp_class expected[] = {SP_OK,      SP_THROTTLED, SP_OK,        SP_REFUSED,
                                      SP_REFUSED, SP_OK,        SP_UNCERTAIN, SP_OK};
    struct rig rig;
    rig_list(&rig, SP_SINK, "fault", "null", "rules", rules);
    rig_start(&rig);
    for (size_t i = 0; i < 8; i++) {
        rig.err = (struct sp_error){0};
        CU_ASSERT_EQUAL(probe(&rig), expected[i] == SP_OK ? 0 : -1);
        CU_ASSERT_EQUAL(rig.err.class, expected[i]);
        CU_ASSERT_EQUAL(rig.err.retry_after_ns, i == 1 ? 3 * SP_SECOND : 0);
    }
    rig_end(&rig);
}

static void a_rule_that_makes_no_sense_is_refused(void)
{
    const char *const wrong[] = {"write",
                                 "jump unavailable",
                                 "write gone",
                                 "write refused at=0",
                                 "write refused at=5..3",
                                 "write refused never=1",
                                 "write refused after=",
                                 "write refused every=x",
                                 NULL};
    for (size_t i = 0; wrong[i]; i++) {
        const char *const rules[] = {wrong[i], NULL};
        struct rig rig;
        rig_list(&rig, SP_SINK, "fault", "null", "rules", rules);
        CU_ASSERT(rig_load(&rig) == -1 && strstr(rig.err.text, "rule") != NULL);
        rig_end(&rig);
    }
}

static unsigned failures_by_seed(int64_t seed, char pattern[201])
{
    const char *const rules[] = {"probe unavailable chance=20", NULL};
    unsigned failures = 0;
    struct rig rig;
    rig_list(&rig, SP_SINK, "fault", "null", "rules", rules);
    *(int64_t *)field_of(&rig, "seed") = seed;
    rig_start(&rig);
    for (size_t i = 0; i < 200; i++) {
        pattern[i] = probe(&rig) == 0 ? '.' : 'x';
        failures += pattern[i] == 'x';
    }
    pattern[200] = '\0';
    rig_end(&rig);
    return failures;
}

static void chance_is_repeated_by_its_seed(void)
{
    char one[201], again[201], other[201];
    unsigned failures = failures_by_seed(1, one);
    CU_ASSERT(failures > 15 && failures < 75);
    failures_by_seed(1, again);
    failures_by_seed(2, other);
    CU_ASSERT_STRING_EQUAL(one, again);
    CU_ASSERT_STRING_NOT_EQUAL(one, other);
}

static void a_fault_comes_before_or_after_the_effect(void)
{
    const char *const rules[] = {"send unavailable at=1", "send uncertain after at=2", NULL};
    struct sp_result results[3];
    struct rig rig;
    rig_list(&rig, SP_QUEUE, "fault", "memory", "rules", rules);
    rig_start(&rig);
    CU_ASSERT(send_three(&rig, results) == -1 && rig.err.class == SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(visible(&rig), 0);
    CU_ASSERT(send_three(&rig, results) == -1 && rig.err.class == SP_UNCERTAIN);
    CU_ASSERT_EQUAL(visible(&rig), 3);
    CU_ASSERT(send_three(&rig, results) == 0);
    CU_ASSERT_EQUAL(visible(&rig), 6);
    rig_end(&rig);
}

static void entries_fail_one_by_one(void)
{
    const char *const rules[] = {"send contended at=1 entries=odd", "send unavailable after at=2 entries=all",
                                 NULL};
    struct sp_result results[3];
    struct rig rig;
    rig_list(&rig, SP_QUEUE, "fault", "memory", "rules", rules);
    rig_start(&rig);
    CU_ASSERT(send_three(&rig, results) == 0);
    CU_ASSERT(results[0].class == SP_OK && results[1].class == SP_CONTENDED && results[2].class == SP_OK);
    CU_ASSERT_EQUAL(visible(&rig), 2);
    CU_ASSERT(send_three(&rig, results) == 0);
    CU_ASSERT(results[0].class == SP_UNAVAILABLE && results[2].class == SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(visible(&rig), 5);
    rig_end(&rig);
}

static void a_write_is_rejected_for_its_event_named_or_not(void)
{
    const char *const rules[] = {"write rejected bytes=poison entries=match column=3",
                                 "write rejected bytes=venom", NULL};
    struct sp_result results[2];
    struct rig rig;
    rig_list(&rig, SP_SINK, "fault", "null", "rules", rules);
    rig_start(&rig);
    CU_ASSERT(write_events(&rig, "{\"a\":1}", "{\"a\":2}", results) == 0);
    CU_ASSERT(write_events(&rig, "{\"a\":1}", "{\"poison\":2}", results) == -1);
    CU_ASSERT(rig.err.class == SP_REJECTED && results[0].class == SP_OK && results[1].class == SP_REJECTED);
    CU_ASSERT_EQUAL(results[1].column, 3);
    CU_ASSERT(write_events(&rig, "{\"venom\":1}", "{\"a\":2}", results) == -1);
    CU_ASSERT(rig.err.class == SP_REJECTED && results[0].class == SP_OK && results[1].class == SP_OK);
    rig_end(&rig);
}

static const char *new_file(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", tap_scratch_dir(), name);
    fclose(fopen(path, "w"));
    return path;
}

static void a_fault_lasts_as_long_as_its_file(void)
{
    char rule[600];
    const char *flag = new_file("away"), *const rules[] = {rule, NULL};
    snprintf(rule, sizeof rule, "any unavailable while=%s", flag);
    struct rig rig;
    rig_list(&rig, SP_SINK, "fault", "null", "rules", rules);
    rig_start(&rig);
    CU_ASSERT(probe(&rig) == -1 && probe(&rig) == -1);
    unlink(flag);
    CU_ASSERT(probe(&rig) == 0);
    rig_end(&rig);
}

static void calls_are_slow_and_recorded(void)
{
    const char *const rules[] = {"probe ok at=1 delay=60ms", "probe ok at=2 delay=10s", NULL};
    const char *path = new_file("record");
    char text[200] = "";
    struct rig rig;
    rig_list(&rig, SP_SINK, "fault", "null", "rules", rules);
    *(const char **)field_of(&rig, "record") = path;
    rig_start(&rig);
    int64_t began = sp_clock_now();
    CU_ASSERT(probe(&rig) == 0);
    CU_ASSERT(sp_clock_now() - began >= 60 * SP_MILLISECOND);
    began = sp_clock_now();
    CU_ASSERT(rig.plugin->about.probe(rig.handle, began + 40 * SP_MILLISECOND, &rig.err) == -1);
    CU_ASSERT(rig.err.class == SP_UNAVAILABLE && sp_clock_now() - began < 5 * SP_SECOND);
    FILE *file = fopen(path, "r");
    CU_ASSERT(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    CU_ASSERT(strstr(text, " probe 1 ok\n") && strstr(text, " probe 2 unavailable\n"));
    rig_end(&rig);
}

static void the_options_inside_are_checked(void)
{
    static const struct sp_pair pairs[] = {{"no_such", "1"}};
    struct rig rig;
    rig_name(&rig, SP_SINK, "fault", "null");
    *(struct sp_map *)field_of(&rig, "options") = (struct sp_map){1, pairs};
    CU_ASSERT(rig_load(&rig) == -1 && strstr(rig.err.text, "inside") != NULL);
    rig_end(&rig);
    rig_name(&rig, SP_SINK, "fault", "file"); /* wants a path */
    CU_ASSERT(rig_load(&rig) == -1 && strstr(rig.err.text, "'path'") != NULL);
    rig_end(&rig);
    rig_name(&rig, SP_SINK, "fault", "nowhere");
    CU_ASSERT(rig_load(&rig) == -1 && strstr(rig.err.text, "nowhere") != NULL);
    rig_end(&rig);
}

/* ---- hang */

static void *interrupt_soon(void *argument)
{
    struct rig *rig = argument;
    usleep(50000);
    rig->plugin->about.interrupt(rig->handle);
    return NULL;
}

static void *remove_soon(void *argument)
{
    usleep(50000);
    unlink(argument);
    return NULL;
}

static void a_hanging_call_heeds_an_interrupt_or_not(void)
{
    pthread_t thread;
    struct rig rig;
    rig_name(&rig, SP_SINK, "hang", "null");
    *(const char **)field_of(&rig, "operation") = "probe";
    *(int64_t *)field_of(&rig, "at") = 2;
    rig_start(&rig);
    CU_ASSERT(probe(&rig) == 0);
    pthread_create(&thread, NULL, interrupt_soon, &rig);
    CU_ASSERT(probe(&rig) == -1 && rig.err.class == SP_STOPPED);
    pthread_join(thread, NULL);
    rig_end(&rig);

    const char *flag = new_file("hangs");
    rig_name(&rig, SP_SINK, "hang", "null");
    *(const char **)field_of(&rig, "operation") = "probe";
    *(const char **)field_of(&rig, "while_file") = flag;
    *(bool *)field_of(&rig, "deaf") = true;
    rig_start(&rig);
    pthread_create(&thread, NULL, remove_soon, (void *)flag);
    rig.plugin->about.interrupt(rig.handle);
    CU_ASSERT(probe(&rig) == 0);
    CU_ASSERT(access(flag, F_OK) != 0);
    pthread_join(thread, NULL);
    rig_end(&rig);
}

/* ---- abort */

/* How a process ends that writes these two events. */
static int ends_by(int how, const char *one, const char *other)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct rig rig;
        struct sp_result results[2];
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        rig_name(&rig, SP_SINK, "abort", "null");
        *(const char **)field_of(&rig, "operation") = "write";
        *(const char **)field_of(&rig, "bytes") = "poison";
        *(int32_t *)field_of(&rig, "how") = how;
        rig_start(&rig);
        _exit(write_events(&rig, one, other, results) == 0 ? 0 : 1);
    }
    CU_ASSERT(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void the_process_dies_of_its_event(void)
{
    const int expected[] = {128 + SIGABRT, 128 + SIGSEGV, 3, 128 + SIGKILL};
    for (int how = 0; how < 4; how++) {
        CU_ASSERT_EQUAL(ends_by(how, "{\"a\":1}", "{\"poison\":1}"), expected[how]);
        CU_ASSERT_EQUAL(ends_by(how, "{\"a\":1}", "{\"a\":2}"), 0);
    }
}

/* ---- liar */

static void rig_lie(struct rig *rig, enum sp_kind kind, const char *inner, const char *const *lies)
{
    rig_list(rig, kind, "liar", inner, "lies", lies);
    *(int64_t *)field_of(rig, "every") = 1;
    rig_start(rig);
}

static void lies_about_a_queue(void)
{
    struct sp_result results[3];
    const struct sp_received *messages;
    size_t count = 0;
    struct rig rig;
    rig_lie(&rig, SP_QUEUE, "memory", (const char *const[]){"sent_twice", NULL});
    CU_ASSERT(send_three(&rig, results) == 0);
    CU_ASSERT_EQUAL(visible(&rig), 6);
    rig_end(&rig);

    rig_lie(&rig, SP_QUEUE, "memory", (const char *const[]){"received_twice", NULL});
    CU_ASSERT(send_three(&rig, results) == 0 && receive(&rig, &messages, &count) == 0);
    CU_ASSERT(count == 4 && sp_slice_equal(messages[0].receipt, messages[3].receipt));
    rig_end(&rig);

    rig_lie(&rig, SP_QUEUE, "memory", (const char *const[]){"leases_ended", NULL});
    CU_ASSERT(send_three(&rig, results) == 0 && receive(&rig, &messages, &count) == 0);
    CU_ASSERT(count == 3 && messages[0].lease_end == 0 && messages[1].lease_end == INT64_MIN);
    rig_end(&rig);

    rig_lie(&rig, SP_QUEUE, "memory", (const char *const[]){"odd_results", NULL});
    CU_ASSERT(send_three(&rig, results) == 0);
    CU_ASSERT(results[0].class != SP_OK && results[1].class != SP_OK);
    rig_end(&rig);

    rig_lie(&rig, SP_QUEUE, "memory", (const char *const[]){"received_again", NULL});
    CU_ASSERT(send_three(&rig, results) == 0 && receive(&rig, &messages, &count) == 0);
    CU_ASSERT_EQUAL(count, 4);
    struct sp_slice first = sp_arena_copy(rig.arena, messages[3].receipt);
    CU_ASSERT(send_three(&rig, results) == 0 && receive(&rig, &messages, &count) == 0);
    CU_ASSERT(count == 4 && sp_slice_equal(messages[3].receipt, first));
    rig_end(&rig);
}

static void lies_about_a_failure(void)
{
    struct rig rig;
    rig_lie(&rig, SP_SINK, "null", (const char *const[]){"class_of_none", NULL});
    CU_ASSERT(probe(&rig) == -1 && rig.err.class > SP_STOPPED);
    rig_end(&rig);
    rig_lie(&rig, SP_SINK, "null", (const char *const[]){"class_ok", NULL});
    CU_ASSERT(probe(&rig) == -1 && rig.err.class == SP_OK);
    rig_end(&rig);
    /* One call, one lie, in turn. */
    rig_lie(&rig, SP_SINK, "null", (const char *const[]){"class_ok", "odd_return", NULL});
    CU_ASSERT(probe(&rig) == 7);
    CU_ASSERT(probe(&rig) == -1 && rig.err.class == SP_OK);
    rig_end(&rig);
}

static void lies_about_a_state(void)
{
    struct sp_slice value = {"x", 1};
    int64_t version = 5;
    bool swapped = true;
    struct rig rig;
    rig_lie(&rig, SP_STATE, "memory", (const char *const[]){"not_swapped", NULL});
    CU_ASSERT(
        rig.plugin->about.state->put(rig.handle, "a", value, 0, &swapped, &version, later(), &rig.err) == 0);
    CU_ASSERT(!swapped);
    CU_ASSERT(rig.plugin->about.state->get(rig.handle, "a", rig.arena, &value, &version, later(), &rig.err) ==
              0);
    CU_ASSERT(version > 0);
    rig_end(&rig);
}

static void lies_about_a_write(void)
{
    struct sp_result results[2] = {{0}};
    struct rig rig;
    rig_lie(&rig, SP_SINK, "null", (const char *const[]){"culprits_written", NULL});
    CU_ASSERT(write_events(&rig, "{}", "{}", results) == 0);
    CU_ASSERT(results[0].class == SP_REJECTED && results[1].column == 4000000000u);
    rig_end(&rig);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"a rule fails the calls that it names", a_rule_fails_the_calls_that_it_names},
        {"a rule that makes no sense is refused", a_rule_that_makes_no_sense_is_refused},
        {"chance is repeated by its seed", chance_is_repeated_by_its_seed},
        {"a fault comes before or after the effect", a_fault_comes_before_or_after_the_effect},
        {"entries fail one by one", entries_fail_one_by_one},
        {"a write is rejected for its event, named or not", a_write_is_rejected_for_its_event_named_or_not},
        {"a fault lasts as long as its file", a_fault_lasts_as_long_as_its_file},
        {"calls are slow and recorded", calls_are_slow_and_recorded},
        {"the options inside are checked", the_options_inside_are_checked},
        {"a hanging call heeds an interrupt or not", a_hanging_call_heeds_an_interrupt_or_not},
        {"the process dies of its event", the_process_dies_of_its_event},
        {"lies about a queue", lies_about_a_queue},
        {"lies about a failure", lies_about_a_failure},
        {"lies about a state", lies_about_a_state},
        {"lies about a write", lies_about_a_write},
    };
    set_folders();
    return tap_run("plugins that misbehave", tests, sizeof tests / sizeof *tests);
}
