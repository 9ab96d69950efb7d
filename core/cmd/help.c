/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/cmd.h"

static const char program_help[] =
    "scanpipe moves events from a source, through a durable queue, into a sink, as one YAML file says.\n"
    "\n"
    "Usage:\n"
    "  scanpipe [run] -c FILE [option ...]         run the pipeline\n"
    "  scanpipe check -c FILE                      find every mistake in the file\n"
    "  scanpipe test -c FILE EVENTS.ndjson         show the rows and rejections of these events\n"
    "  scanpipe plugins [KIND NAME]                list plugins, or show the options of one\n"
    "  scanpipe dlq list -c FILE [filter ...]      the dead letters; also show, export, redrive, purge\n"
    "  scanpipe verify -c FILE [option ...]        compare the table with what the source says\n"
    "  scanpipe help [COMMAND], scanpipe --help, scanpipe --version\n"
    "\n"
    "Options of run:\n"
    "  -c, --config FILE      the pipeline's file; '-' is standard input\n"
    "  --until-caught-up      end when all is read and written, and print a summary\n"
    "  --json                 the summary as one JSON object on standard output\n"
    "  --fail-on-rejected     exit with 65 where events were rejected\n"
    "  --abandon              go on with another queue, and leave what the old one still holds\n"
    "  --log-format FORMAT    text or json\n"
    "  --log-level LEVEL      error, warn, info or debug; -v is debug, -q is error\n"
    "  --progress WHEN        auto, always or never: the live lines on a terminal\n"
    "\n"
    "Exit: 0; 64 wrong usage; 65 events were rejected; 66 no such file; 69 a server is away or refuses;\n"
    "70 a mistake of ours; 78 something is wrong in the file.  More: scanpipe(1), scanpipe.yaml(5).\n";

static const char check_help[] =
    "Usage: scanpipe check -c FILE\n"
    "\n"
    "Reads the file and everything that it names (variables, files, plugins), and prints every mistake\n"
    "with its place.  Opens and starts nothing.  Exit: 0, or 78 where something is wrong.\n";

static const char test_help[] =
    "Usage: scanpipe test -c FILE [--json] [--fail-on-rejected] EVENTS.ndjson\n"
    "\n"
    "Folds the events, one a line ('-' is standard input), with the file's table in memory, and prints\n"
    "the rows and then each rejection with its line, column, pointer and reason.  Opens nothing.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --json                 a JSON object a line: {\"row\": ...} and {\"rejected\": ...}\n"
    "  --fail-on-rejected     exit with 65 where events were rejected\n";

static const char plugins_help[] =
    "Usage: scanpipe plugins [KIND NAME]\n"
    "\n"
    "Lists the plugins, or shows what one can do and its options.  KIND is source, queue, sink, state\n"
    "or letters.  Plugins are looked for in the folders of SCANPIPE_PLUGIN_PATH first.\n";

static const char dlq_help[] =
    "Usage: scanpipe dlq list -c FILE [filter ...] [--json]\n"
    "       scanpipe dlq show -c FILE ID ... [--json]\n"
    "       scanpipe dlq export -c FILE [filter ...] [--envelopes] [--output FILE]\n"
    "       scanpipe dlq redrive -c FILE [filter ...] [--rate RATE] [--dry-run] [--json]\n"
    "       scanpipe dlq purge -c FILE (filter ... | --all) [--dry-run] [--yes] [--json]\n"
    "\n"
    "The pipeline's dead letters: list them, show all that is known of some, take their events out, send\n"
    "them back into the queue, or remove them for good.  All of it may be done while the pipeline runs, and\n"
    "none of it loses an event when it is killed.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --json                 a JSON object a letter; of redrive and purge one that says what was done\n"
    "\n"
    "Filters; all that are given must fit:\n"
    "  --class CLASS          the reason's class: malformed, value, rejected, too_large, killed\n"
    "  --column NAME          the column of the table that is to blame\n"
    "  --event-id ID, --key KEY   of the event, as 'dlq list' prints them\n"
    "  --since TIME, --until TIME   when it failed last: 2026-11-23T09:00:00Z, or 2h for two hours ago\n"
    "  --id DIGITS            the beginning of the letter's id; may be given again for others\n"
    "  --limit N              no more than so many\n"
    "\n"
    "  --envelopes            the letters with their reasons instead of the events' own bytes\n"
    "  --output FILE          instead of standard output\n"
    "  --rate RATE            no faster than this: 50/s, 600/m\n"
    "  --dry-run              say what would be done\n"
    "  --all                  all dead letters, where no filter is given\n"
    "  --yes                  do not ask\n";

static const char verify_help[] =
    "Usage: scanpipe verify -c FILE [--from PLACE] [--to PLACE] [--wait TIME] [--strict] [--json]\n"
    "\n"
    "Reads the source again, up to where the pipeline's cursor stands, and compares what it says with the\n"
    "table, row by row.  Tells each row that is missing and each column that differs, with the event that\n"
    "should be there.  Changes nothing; the pipeline may run.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --from PLACE           where to begin, as the source's cursor is written: an event's id, FILE:LINE\n"
    "  --to PLACE             where to end, before that event\n"
    "  --wait TIME            how long to wait for the queue where rows differ (60s)\n"
    "  --strict               also fail where a rejected event has no dead letter\n"
    "  --progress WHEN        auto, always or never: a line on a terminal\n"
    "  --json                 an object a line: {\"difference\": ...}, {\"no_letter\": ...}, then {\"verify\": ...}\n"
    "\n"
    "Exit: 0 where every row is accounted for, else 65.\n";

void help_print(const char *command, FILE *out)
{
    static const struct {
        const char *command, *text;
    } texts[] = {{"check", check_help},
                 {"test", test_help},
                 {"plugins", plugins_help},
                 {"dlq", dlq_help},
                 {"verify", verify_help}};
    for (size_t i = 0; command && i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].command, command) == 0) {
            fputs(texts[i].text, out);
            return;
        }
    fputs(program_help, out);
}

void help_version(void)
{
    printf("scanpipe %s (plugin ABI %d.%d)\n", PACKAGE_VERSION, SP_ABI_MAJOR, SP_ABI_MINOR);
}
