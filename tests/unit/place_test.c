/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "engine/place.h"
#include "tap.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

struct settings {
    const char *path, *connection, *secret;
    int64_t number;
};

static const struct sp_option table[] = {
    {.name = "path", .type = SP_OPT_STRING, .flags = SP_OPT_PLACE, .offset = offsetof(struct settings, path)},
    {.name = "connection",
     .type = SP_OPT_STRING,
     .flags = SP_OPT_PLACE,
     .offset = offsetof(struct settings, connection)},
    {.name = "secret",
     .type = SP_OPT_SECRET,
     .flags = SP_OPT_PLACE,
     .offset = offsetof(struct settings, secret)},
    {.name = "number", .type = SP_OPT_INTEGER, .offset = offsetof(struct settings, number)},
};
enum { OPTIONS = sizeof table / sizeof *table };

static const struct plugin lasting = {
    .about = {.name = "lasting", .options = table, .option_count = OPTIONS},
    .capabilities = {.flags = SP_LOCAL | SP_DURABLE},
};
static const struct plugin remote = {
    .about = {.name = "remote", .options = table, .option_count = OPTIONS},
    .capabilities = {.flags = SP_DURABLE},
};
static const struct plugin memory = {.about = {.name = "memory"}};

static void place_is(const struct plugin *plugin, struct settings settings, const char *expected)
{
    struct sp_arena *arena = arena_new(4096);
    struct stage stage = {.plugin = plugin, .config = &settings};
    CU_ASSERT_STRING_EQUAL(stage_place(&stage, arena), expected);
    arena_free(arena);
}

static void a_place_is_told_without_its_secrets(void)
{
    char here[4096], expected[8192];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    place_is(&memory, (struct settings){0}, "memory");
    place_is(NULL, (struct settings){0}, "none");
    place_is(&lasting, (struct settings){.path = "/var/q.db", .number = 7},
             "lasting path=/var/q.db connection=");
    /* A file has one name, however it is written, */
    snprintf(expected, sizeof expected, "lasting path=%s/q.db connection=", here);
    place_is(&lasting, (struct settings){.path = "q.db"}, expected);
    place_is(&lasting, (struct settings){.path = "./q.db", .secret = "shown?"}, expected);
    /* what is on a server is no file, */
    place_is(&remote, (struct settings){.path = "queue/1"}, "remote path=queue/1 connection=");
    /* and who asks does not matter. */
    place_is(&remote, (struct settings){.connection = "http://me:shown?@host:80/a@b?x"},
             "remote path= connection=http://host:80/a@b?x");
    place_is(&remote, (struct settings){.connection = "http://host/a@b"},
             "remote path= connection=http://host/a@b");
    place_is(&remote, (struct settings){.connection = "PWD=shown?;Server=db;Database=d;Password=shown?"},
             "remote path= connection=Server=db;Database=d");
    /* In braces stands what would end it, too. */
    place_is(&remote, (struct settings){.connection = "Driver={A;B};PWD={shown?;shown?}};shown?};Server=db"},
             "remote path= connection=Driver={A;B};Server=db");
    place_is(&remote, (struct settings){.connection = "Server=db;PWD={shown?}shown?;shown?"},
             "remote path= connection=Server=db");
}

static void a_file_that_lasts_has_a_name(void)
{
    struct settings settings = {.path = "./q.db"};
    struct stage stage = {.plugin = &lasting, .config = &settings};
    CU_ASSERT_STRING_EQUAL(stage_file(&stage), "./q.db");
    const struct plugin *none[] = {&remote, &memory, NULL};
    for (size_t i = 0; i < 3; i++) {
        stage.plugin = none[i];
        CU_ASSERT_PTR_NULL(stage_file(&stage));
    }
}

struct two {
    struct settings settings[2][4]; /* of queue, state, letters and source */
    struct pipeline now, next;
};

static struct stage stage_of(const char *name, const struct plugin *plugin, struct settings *settings)
{
    *settings = (struct settings){.path = "/a"};
    return (struct stage){.name = name, .plugin = plugin, .config = settings};
}

static void make_two(struct two *two)
{
    struct pipeline *both[] = {&two->now, &two->next};
    for (size_t i = 0; i < 2; i++)
        *both[i] = (struct pipeline){
            .name = "same",
            .queue = stage_of("queue", &lasting, &two->settings[i][0]),
            .state = stage_of("state", &lasting, &two->settings[i][1]),
            .letters = stage_of("dead_letters", &lasting, &two->settings[i][2]),
            .source = stage_of("source", &lasting, &two->settings[i][3]),
        };
}

static void refused(const struct two *two, const char *what)
{
    struct sp_error err = {0};
    CU_ASSERT(place_may_follow(&two->now, &two->next, &err) == -1);
    CU_ASSERT(err.class == SP_REFUSED && err.cure[0]);
    if (!strstr(err.text, what))
        printf("# '%s' is not in: %s\n", what, err.text);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, what));
}

static void another_pipeline_does_not_follow(void)
{
    struct two two;
    struct sp_error err = {0};
    make_two(&two);
    CU_ASSERT(place_may_follow(&two.now, &two.next, &err) == 0);
    two.settings[1][2].path = two.settings[1][3].path = "/b"; /* other letters, another source */
    two.settings[1][0].number = 7;
    CU_ASSERT(place_may_follow(&two.now, &two.next, &err) == 0);
    two.next.name = "other";
    refused(&two, "now called 'other', and was 'same'");
    make_two(&two);
    two.settings[1][0].path = "/b";
    refused(&two, "queue is now 'lasting path=/b");
    make_two(&two);
    two.next.queue.plugin = &remote;
    refused(&two, "queue is now 'remote path=/a");
    make_two(&two);
    two.settings[1][1].path = "/b";
    refused(&two, "state is now 'lasting path=/b");
    /* What would be lost on the way is not given up. */
    make_two(&two);
    two.now.queue.plugin = two.next.queue.plugin = &memory;
    refused(&two, "queue 'memory' would lose");
    make_two(&two);
    two.now.letters.plugin = two.next.letters.plugin = &memory;
    refused(&two, "dead_letters 'memory' would lose");
    make_two(&two);
    two.settings[0][3].path = "-";
    refused(&two, "standard input");
}

static void the_cursor_is_for_one_queue(void)
{
    struct sp_error err = {0};
    CU_ASSERT(place_queue_is_same(NULL, "a", &err) == 0);
    CU_ASSERT(place_queue_is_same("a", "a", &err) == 0);
    CU_ASSERT(place_queue_is_same("a", "b", &err) == -1 && err.class == SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "--abandon"));
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"a place is told without its secrets", a_place_is_told_without_its_secrets},
        {"a file that lasts has a name", a_file_that_lasts_has_a_name},
        {"another pipeline does not follow", another_pipeline_does_not_follow},
        {"the cursor is for one queue", the_cursor_is_for_one_queue},
    };
    return tap_run("place", tests, sizeof tests / sizeof *tests);
}
