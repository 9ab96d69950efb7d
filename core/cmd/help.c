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
    "  scanpipe cursor show|set|rewind -c FILE     how far the source was read; move that\n"
    "  scanpipe replay -c FILE --from A --to B     send a range of the source again\n"
    "  scanpipe pause|resume [ingest|deliver] -c FILE\n"
    "                                              hold a half of the pipeline, let it go on\n"
    "  scanpipe queue check|export|repair -c FILE  look after the embedded queue's file\n"
    "  scanpipe queue create -c FILE               make the queue on its server\n"
    "  scanpipe verify -c FILE [option ...]        compare the table with what the source says\n"
    "  scanpipe migrate -c FILE [--dry-run]        make the tables, bring older ones up to date\n"
    "  scanpipe table -c FILE                      the statement that makes the sink's table\n"
    "  scanpipe create plugin KIND NAME [option]   a plugin of your own, to begin with\n"
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
    "Exit: 0; 64 wrong usage; 65 events were rejected, a queue is damaged; 66 no such file; 69 a server is away\n"
    "or refuses, or output cannot be written; 70 a mistake of ours; 78 something is wrong in the file.\n"
    "More: scanpipe(1), scanpipe.yaml(5).\n";

static const char check_help[] =
    "Usage: scanpipe check -c FILE [--online]\n"
    "\n"
    "Reads the file and everything that it names (variables, files, plugins), and prints every mistake\n"
    "with its place.  Opens and starts nothing, but with --online asks each stage whether it is there, and\n"
    "what one should know of it.  Exit: 0; 69 a stage does not answer; 78 something in the file is wrong.\n";

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
    "Usage: scanpipe plugins [--format FORMAT] [KIND [NAME]]\n"
    "\n"
    "Lists the plugins, or shows what one can do and its options.  KIND is source, queue, sink, state\n"
    "or letters.  Without a NAME it shows the options of every stage of that kind; those at the top of\n"
    "the file are of the kind pipeline.  Plugins are looked for in the folders of SCANPIPE_PLUGIN_PATH\n"
    "first.\n"
    "\n"
    "  --format FORMAT        text, or mdoc: the lists for a manual page\n";

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
    "  --class CLASS          the reason's class: malformed, value, rejected, too_large, killed,\n"
    "                         given_up\n"
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

static const char cursor_help[] =
    "Usage: scanpipe cursor show -c FILE [--json]\n"
    "       scanpipe cursor set PLACE|--to-start -c FILE [--skip] [--force] [--dry-run] [--json]\n"
    "       scanpipe cursor rewind PLACE -c FILE [--force] [--dry-run] [--json]\n"
    "\n"
    "Shows how far the source was read and which process holds that, or moves it.  PLACE is what the source\n"
    "calls one: the id of the first event to read, or FILE:LINE for after that line.  What is read again is\n"
    "written again, which changes no table.  While a process polls, nothing is moved.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --to-start             to the very beginning\n"
    "  --skip                 PLACE may lie after the cursor: the events between are NEVER read\n"
    "  --force                also while a process polls: it steps down, and polling goes on from PLACE\n"
    "  --dry-run              say what would be done\n"
    "  --json                 one JSON object\n"
    "\n"
    "Exit: 0; 64 PLACE is none, or lies on the wrong side; 69 a process polls, or the state is away.\n";

static const char replay_help[] =
    "Usage: scanpipe replay -c FILE --from PLACE --to PLACE [--rate RATE] [--dry-run] [--json]\n"
    "\n"
    "Reads a range of the source and sends it into the queue again; the cursor stays where it is.  Where a\n"
    "PLACE is the id of an event, both ends belong to the range; FILE:LINE is after that line.\n"
    "What is there twice changes no table, so what was broken off is simply begun again.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --rate RATE            at most so many events, as 500/s; the source's rate_limit holds as well\n"
    "  --dry-run              read and count, send nothing\n"
    "  --json                 the summary as one JSON object\n";

static const char pause_help[] =
    "Usage: scanpipe pause [ingest|deliver] -c FILE [--status] [--json]\n"
    "\n"
    "Holds a half of the pipeline, or both, in every process that runs it, within seconds, until 'scanpipe\n"
    "resume'.  It outlives restarts.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --status               only say what is paused\n"
    "  --json                 one JSON object\n";

static const char resume_help[] =
    "Usage: scanpipe resume [ingest|deliver] -c FILE [--json]\n"
    "\n"
    "Lets a half of the pipeline, or both, go on: one that was paused, and a deliver that stopped by itself\n"
    "because most events were rejected.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --json                 one JSON object\n";

static const char queue_help[] =
    "Usage: scanpipe queue check -c FILE [--quick] [--json]\n"
    "       scanpipe queue export -c FILE [--messages] [--output PATH [--json]]\n"
    "       scanpipe queue repair -c FILE [--apply] [--json]\n"
    "       scanpipe queue create -c FILE [--dry-run] [--json]\n"
    "\n"
    "Looks after the file of the embedded queue.  'check' finds damage, says what can be read, and which part\n"
    "of the source to send again for what cannot.  'export' prints the events, one a line, whoever holds\n"
    "them, also out of a damaged file; nothing is taken out.  'repair' says what it would do; with --apply it\n"
    "makes a new file of all that can be read, puts it in the place of the damaged one, and keeps that.\n"
    "'create' makes a queue on a server, and the one for dead letters, with the attributes that the pipeline\n"
    "needs, and prints what it must be allowed; what is there already stays.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --quick                do not look at every index and message\n"
    "  --messages             messages with their attributes, and what is lost, as JSON objects\n"
    "  --output PATH          write there; PATH must not be there yet\n"
    "  --apply                do it; every process that uses the file must have ended\n"
    "  --dry-run              say what 'create' would do\n"
    "  --json                 one JSON object\n"
    "\n"
    "Exit: 0; 65 damage was found, or not all was exported; 69 the file is in use, or cannot be read.\n";

static const char verify_help[] =
    "Usage: scanpipe verify -c FILE [--from PLACE] [--to PLACE] [--wait TIME] [--strict] [--json]\n"
    "\n"
    "Reads the source again, up to where the pipeline's cursor stands, and compares what it says with the\n"
    "table, row by row.  Tells each row that is missing and each column that differs, with the event that\n"
    "should be there.  Changes nothing; the pipeline may run.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --from PLACE           where to begin, as the source's cursor is written: with the event of that id, or\n"
    "                         after that line of a file (FILE:LINE)\n"
    "  --to PLACE             where to end, after that event or line\n"
    "  --wait TIME            how long to wait for the queue where rows differ (60s)\n"
    "  --strict               also fail where a rejected event has no dead letter\n"
    "  --progress WHEN        auto, always or never: a line on a terminal\n"
    "  --json                 an object a line: {\"difference\": ...}, {\"no_letter\": ...}, then {\"verify\": ...}\n"
    "\n"
    "Exit: 0 where every row is accounted for, else 65.\n";

static const char migrate_help[] =
    "Usage: scanpipe migrate -c FILE [--dry-run] [--rebuild]\n"
    "\n"
    "Makes the tables that the stages of the file need in databases, and brings older ones up to date: those of\n"
    "the state, of the dead letters, of the embedded queue, and the sink's.  Prints the SQL of what it did.  Several\n"
    "may do it at once, and what is broken off goes on when it is said again.\n"
    "\n"
    "  -c, --config FILE      the pipeline's file\n"
    "  --dry-run              change nothing, print what would be done\n"
    "  --rebuild              where the key, the order, a type or a rule of the `table` block has changed: put the\n"
    "                         table aside as NAME_before_TIME, make it afresh, and set the cursor back to the\n"
    "                         start.  Every process of the pipeline must have ended\n"
    "\n"
    "Exit: 0; 69 a stage does not answer, or the rules have changed; 78 something in the file is wrong.\n";

static const char table_help[] =
    "Usage: scanpipe table -c FILE\n"
    "\n"
    "Prints the statement that makes the table of the file's sink, with the columns that hold orders, for whoever\n"
    "makes tables himself.  Opens nothing.  'scanpipe check --online' compares a table that is there with it.\n"
    "\n"
    "Exit: 0; 78 something in the file is wrong, or its sink has no table.\n";

static const char create_help[] =
    "Usage: scanpipe create plugin sink|source NAME [--build make|autotools] [--directory DIR]\n"
    "\n"
    "Writes a small plugin into a new folder: its source, a build, a test that runs scanpipe-kit and a pipeline, and\n"
    "what to change next.  It builds with what is installed of scanpipe, and is yours.  Overwrites nothing.\n"
    "\n"
    "  --build WAY            make (one short Makefile) or autotools; at first make\n"
    "  --directory DIR        the folder, new or empty; at first KIND_NAME\n"
    "\n"
    "Exit: 0; 64 KIND or NAME cannot be; 69 the folder is there already, or cannot be written.\n";

void help_print(const char *command, FILE *out)
{
    static const struct {
        const char *command, *text;
    } texts[] = {{"check", check_help},   {"test", test_help},     {"plugins", plugins_help},
                 {"dlq", dlq_help},       {"cursor", cursor_help}, {"replay", replay_help},
                 {"pause", pause_help},   {"resume", resume_help}, {"queue", queue_help},
                 {"verify", verify_help}, {"table", table_help},   {"migrate", migrate_help},
                 {"create", create_help}};
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
