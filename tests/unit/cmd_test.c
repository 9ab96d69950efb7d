/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/display.h"
#include "cmd/rows.h"
#include "cmd/summary.h"
#include "tap.h"

#define ESCAPED(text) escaped((struct sp_slice){text, sizeof text - 1})

static const char *escaped(struct sp_slice text)
{
    static struct buffer out;
    buffer_clear(&out);
    cmd_add_escaped(&out, text);
    return buffer_text(&out);
}

static void what_a_terminal_obeys_is_escaped(void)
{
    CU_ASSERT_STRING_EQUAL(ESCAPED("plain, caf\xc3\xa9 \xe2\x82\xac"), "plain, caf\xc3\xa9 \xe2\x82\xac");
    CU_ASSERT_STRING_EQUAL(ESCAPED("\033[2J"), "\\x1b[2J");
    CU_ASSERT_STRING_EQUAL(ESCAPED("a\nb\tc\0d\x7f"), "a\\x0ab\\x09c\\x00d\\x7f");
    /* U+009B is a control sequence introducer of one character */
    CU_ASSERT_STRING_EQUAL(ESCAPED("\xc2\x9b"
                                   "2J"),
                           "\\xc2\\x9b2J");
    /* U+202E turns what follows around */
    CU_ASSERT_STRING_EQUAL(ESCAPED("\xe2\x80\xaetxt"), "\\xe2\\x80\\xaetxt");
    CU_ASSERT_STRING_EQUAL(ESCAPED("cut \xe2\x82"), "cut \\xe2\\x82");
}

static struct engine_report some_report(void)
{
    struct engine_report report = {
        .pages_read = 3,
        .events_read = 3000,
        .events_repeated = 2,
        .events_sent = 2990,
        .events_written = 2900,
        .writes = 1,
        .rows_touched = 700,
        .letters_stored = 11,
        .letters_by_class = {{"malformed", 10}, {"value", 1}},
        .queue_visible = 4,
        .queue_leased = 1,
        .queue_known = true,
        .has_source = true,
        .holds_poller = true,
        .caught_up = true,
        .elapsed_ns = 2 * SP_SECOND,
        .cursor = "83269\033",
    };
    return report;
}

static void the_summary_is_for_people_or_for_programs(void)
{
    struct engine_report report = some_report();
    SP_AUTO(buffer_fini) struct buffer out = {0};
    summary_add(&out, "parcels", &report, false, false);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out), "parcels: caught up after 2.0 s\n"
                                              "  read      3000 events in 3 pages, 1500 a second\n"
                                              "  repeated  2\n"
                                              "  written   2900 in 1 write\n"
                                              "  rows      700 touched\n"
                                              "  unwanted  0\n"
                                              "  rejected  11: malformed 10, value 1\n"
                                              "  cursor    83269\\x1b\n");
    buffer_clear(&out);
    summary_add(&out, "parcels", &report, true, true);
    CU_ASSERT_PTR_NOT_NULL(strstr(buffer_text(&out), "{\"pipeline\":\"parcels\",\"caught_up\":true,"
                                                     "\"stopped\":true,\"pages_read\":3,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(buffer_text(&out), "\"rejected\":{\"malformed\":10,\"value\":1},"
                                                     "\"seconds\":2.000,\"events_per_second\":1500,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(buffer_text(&out), "\"cursor\":\"83269\\u001b\"}\n"));
}

static void who_only_wrote_has_the_rate_of_what_was_written(void)
{
    struct engine_report report = some_report();
    SP_AUTO(buffer_fini) struct buffer out = {0};
    report.events_read = report.pages_read = 0;
    report.events_received = 2910;
    summary_add(&out, "parcels", &report, false, false);
    CU_ASSERT_PTR_NOT_NULL(strstr(buffer_text(&out), "  read      0 events in 0 pages\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(buffer_text(&out), "  written   2900 in 1 write, 1455 a second\n"));
    /* What was received and not written is no rate of writing. */
    report.events_written = report.writes = 0;
    buffer_clear(&out);
    summary_add(&out, "parcels", &report, false, false);
    CU_ASSERT_PTR_NOT_NULL(strstr(buffer_text(&out), "  written   0 in 0 writes\n"));
}

static void what_was_before_is_added(void)
{
    /* Given a process that has started its pipeline again, with reasons of its own, */
    struct engine_report report = some_report(), before = some_report();
    SP_AUTO(buffer_fini) struct buffer out = {0};
    before.letters_by_class[1] = (struct engine_reason){"blank", 1};
    report.cursor[0] = '\0';
    /* then the summary has the sum, and the last cursor that is known. */
    summary_add_before(&report, &before);
    summary_add(&out, "parcels", &report, false, false);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out), "parcels: caught up after 4.0 s\n"
                                              "  read      6000 events in 6 pages, 1500 a second\n"
                                              "  repeated  4\n"
                                              "  written   5800 in 2 writes\n"
                                              "  rows      1400 touched\n"
                                              "  unwanted  0\n"
                                              "  rejected  22: malformed 20, value 1, blank 1\n"
                                              "  cursor    83269\\x1b\n");
}

static void the_live_lines_fit_the_terminal(void)
{
    struct engine_report report = some_report();
    struct display_rates rates = {1500, 1450};
    SP_AUTO(buffer_fini) struct buffer out = {0};
    display_lines(&out, "parcels", &report, rates, 200);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out),
                           "parcels  read 3000 (1500/s)  sent 2990  queue 4+1\n"
                           "  written 2900 (1450/s)  rejected 11  caught up, cursor 83269\\x1b");
    /* A file without a source polls nothing, and waits for nobody who does. */
    buffer_clear(&out);
    report.has_source = report.holds_poller = false;
    display_lines(&out, "parcels", &report, rates, 200);
    CU_ASSERT(strstr(buffer_text(&out), "  writes what is queued, cursor") != NULL);
    buffer_clear(&out);
    report = some_report();
    report.trouble = "sink";
    display_lines(&out, "parcels", &report, rates, 60);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out), "parcels  read 3000 (1500/s)  sent 2990  queue 4+1\n"
                                              "  written 2900 (1450/s)  rejected 11  caught up, held up by");
}

/* One that has no help of its own would get that of `run`. */
static void each_command_has_its_own_help(void)
{
    for (const struct command *command = commands; command->name; command++) {
        char usage[64], first[128] = "";
        FILE *file = tmpfile();
        help_print(command->name, file);
        rewind(file);
        CU_ASSERT_PTR_NOT_NULL(fgets(first, sizeof first, file));
        fclose(file);
        bool is_run = strcmp(command->name, "run") == 0 || !command->options->name;
        snprintf(usage, sizeof usage, "Usage: scanpipe %s ", command->name);
        CU_ASSERT(is_run || strncmp(first, usage, strlen(usage)) == 0);
    }
}

static const struct sp_column columns[] = {
    {.name = "Id", .type = SP_TYPE_INT, .role = SP_ROLE_KEY, .group = -1},
    {.name = "Note", .type = SP_TYPE_TEXT, .role = SP_ROLE_VALUE, .nullable = true},
    {.name = "At", .type = SP_TYPE_TIMESTAMP, .role = SP_ROLE_VALUE, .nullable = true},
    {.name = "Order_1", .type = SP_TYPE_BIGINT, .role = SP_ROLE_ORDER, .hidden = true},
};

static const struct sp_table table = {
    .size = sizeof table, .name = "T", .columns = columns, .column_count = 4, .key_count = 1};

static const struct sp_value values[] = {
    {.number = 7, .present = true},
    {.text = "\033red", .length = 4, .present = true},
    {.number = 0, .present = true},
    {.number = 1, .present = true},
    {.number = 1234, .present = true},
    {.present = false},
    {.present = false},
    {.number = 2, .present = true},
};

static void rows_are_aligned_and_hidden_columns_stay_hidden(void)
{
    struct sp_batch batch = {.size = sizeof batch, .table = &table, .values = values, .row_count = 2};
    SP_AUTO(buffer_fini) struct buffer out = {0};
    rows_add_text(&out, &table, &batch, 7);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out), "  Id  Note     At\n"
                                              "   7  \\x1bred  0001-01-01T00:00:00.0000000Z\n"
                                              "1234  NULL     NULL\n"
                                              "\n");
    buffer_clear(&out);
    rows_add_json(&out, &table, &batch, 0);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out),
                           "{\"row\":{\"Id\":7,\"Note\":\"\\u001bred\",\"At\":\"0001-01-01T00:00:00Z\"}}\n"
                           "{\"row\":{\"Id\":1234,\"Note\":null,\"At\":null}}\n");
}

int main(void)
{
    struct tap_test tests[] = {
        {"what a terminal obeys is escaped", what_a_terminal_obeys_is_escaped},
        {"the summary is for people or for programs", the_summary_is_for_people_or_for_programs},
        {"who only wrote has the rate of what was written", who_only_wrote_has_the_rate_of_what_was_written},
        {"summary: what was before is added", what_was_before_is_added},
        {"the live lines fit the terminal", the_live_lines_fit_the_terminal},
        {"each command has a help of its own", each_command_has_its_own_help},
        {"rows are aligned and hidden columns stay hidden", rows_are_aligned_and_hidden_columns_stay_hidden},
    };
    return tap_run("cmd", tests, sizeof tests / sizeof *tests);
}
