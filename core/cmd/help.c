/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "config/near.h"

/* What stands around the list of options, which is made from the command's table. */
struct help {
    const char *command, *before, *after;
};

static const struct help helps[] = {
    {"run",
     "scanpipe moves events from a source, through a durable queue, into a sink, as one YAML file says.\n"
     "\n"
     "Usage:\n"
     "  scanpipe [run] -c FILE [option ...]         run the pipeline\n"
     "  scanpipe check -c FILE                      find every mistake in the file\n"
     "  scanpipe test -c FILE EVENTS.ndjson         show the rows and rejections of these events\n"
     "  scanpipe plugins [KIND [NAME]]              list plugins, or show the options of one\n"
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
     "  scanpipe completion bash|zsh|fish           what makes a shell complete all this\n"
     "  scanpipe help [COMMAND], scanpipe --help, scanpipe --version\n"
     "\n"
     "Options of run:\n",
     "\n"
     "Exit: 0; 64 wrong usage; 65 events were rejected, a queue is damaged; 66 no such file; 69 a server is away\n"
     "or refuses, or output cannot be written; 70 a mistake of ours; 78 something is wrong in the file.\n"
     "More: scanpipe(1), scanpipe.yaml(5).\n"},
    {"check",
     "Usage: scanpipe check -c FILE [--online]\n"
     "\n"
     "Reads the file and everything that it names (variables, files, plugins), and prints every mistake\n"
     "with its place.  Opens and starts nothing, but with --online asks each stage whether it is there, and\n"
     "what one should know of it.\n"
     "\n",
     "\n"
     "Exit: 0; 69 a stage does not answer, or does not fit the file; 78 something in the file is wrong.\n"},
    {"test",
     "Usage: scanpipe test -c FILE [--json] [--fail-on-rejected] EVENTS.ndjson\n"
     "\n"
     "Folds the events, one a line ('-' is standard input), with the file's table in memory, and prints\n"
     "the rows and then each rejection with its line, column, pointer and reason.  Opens nothing.\n"
     "\n",
     ""},
    {"plugins",
     "Usage: scanpipe plugins [--format FORMAT] [KIND [NAME]]\n"
     "\n"
     "Lists the plugins, or shows what one can do and its options.  KIND is source, queue, sink, state\n"
     "or letters.  Without a NAME it shows the options of every stage of that kind; those at the top of\n"
     "the file are of the kind pipeline.  Plugins are looked for in the folders of SCANPIPE_PLUGIN_PATH\n"
     "first.\n"
     "\n",
     ""},
    {"dlq",
     "Usage: scanpipe dlq list -c FILE [filter ...] [--json]\n"
     "       scanpipe dlq show -c FILE ID ... [--json]\n"
     "       scanpipe dlq export -c FILE [filter ...] [--envelopes] [--output FILE]\n"
     "       scanpipe dlq redrive -c FILE [filter ...] [--rate RATE] [--dry-run] [--json]\n"
     "       scanpipe dlq purge -c FILE (filter ... | --all) [--dry-run] [--yes] [--json]\n"
     "\n"
     "The pipeline's dead letters: list them, show all that is known of some, take their events out, send\n"
     "them back into the queue, or remove them for good.  All of it may be done while the pipeline runs, and\n"
     "none of it loses an event when it is killed.  Of several filters, all must fit.\n"
     "\n",
     ""},
    {"cursor",
     "Usage: scanpipe cursor show -c FILE [--json]\n"
     "       scanpipe cursor set PLACE|--to-start -c FILE [--skip] [--force] [--dry-run] [--json]\n"
     "       scanpipe cursor rewind PLACE -c FILE [--force] [--dry-run] [--json]\n"
     "\n"
     "Shows how far the source was read and which process holds that, or moves it.  PLACE is what the source\n"
     "calls one: the id of the first event to read, or FILE:LINE for after that line.  What is read again is\n"
     "written again, which changes no table.  While a process polls, nothing is moved.\n"
     "\n",
     "\n"
     "Exit: 0; 64 PLACE is none, or lies on the wrong side; 69 a process polls, or the state is away.\n"},
    {"replay",
     "Usage: scanpipe replay -c FILE --from PLACE --to PLACE [--rate RATE] [--dry-run] [--json]\n"
     "\n"
     "Reads a range of the source and sends it into the queue again; the cursor stays where it is.  Where a\n"
     "PLACE is the id of an event, both ends belong to the range; FILE:LINE is after that line.\n"
     "What is there twice changes no table, so what was broken off is simply begun again.\n"
     "\n",
     ""},
    {"pause",
     "Usage: scanpipe pause [ingest|deliver] -c FILE [--status] [--json]\n"
     "\n"
     "Asks every process that runs the pipeline to hold a half of it, or both, until 'scanpipe resume'.  They obey\n"
     "within seconds, and say so in their logs.  It outlives restarts.\n"
     "\n",
     ""},
    {"resume",
     "Usage: scanpipe resume [ingest|deliver] -c FILE [--json]\n"
     "\n"
     "Lets a half of the pipeline, or both, go on: one that was paused, and a deliver that stopped by itself\n"
     "because most events were rejected.\n"
     "\n",
     ""},
    {"queue",
     "Usage: scanpipe queue check -c FILE [--quick] [--json]\n"
     "       scanpipe queue export -c FILE [--messages] [--output FILE [--json]]\n"
     "       scanpipe queue repair -c FILE [--apply] [--json]\n"
     "       scanpipe queue create -c FILE [--dry-run] [--json]\n"
     "\n"
     "Looks after the file of the embedded queue.  'check' finds damage, says what can be read, and which part\n"
     "of the source to send again for what cannot.  'export' prints the events, one a line, whoever holds\n"
     "them, also out of a damaged file; nothing is taken out.  'repair' says what it would do; with --apply it\n"
     "makes a new file of all that can be read, puts it in the place of the damaged one, and keeps that.\n"
     "'create' makes a queue on a server, and the one for dead letters, with the attributes that the pipeline\n"
     "needs, and prints what it must be allowed; what is there already stays.\n"
     "\n",
     "\n"
     "Exit: 0; 65 damage was found, or not all was exported; 69 the file is in use, or cannot be read.\n"},
    {"verify",
     "Usage: scanpipe verify -c FILE [--from PLACE] [--to PLACE] [--wait TIME] [--strict] [--json]\n"
     "\n"
     "Reads the source again, up to where the pipeline's cursor stands, and compares what it says with the\n"
     "table, row by row.  Tells each row that is missing and each column that differs, with the event that\n"
     "should be there.  Changes nothing; the pipeline may run.\n"
     "\n",
     "\n"
     "Exit: 0 where every row is accounted for, else 65.\n"},
    {"migrate",
     "Usage: scanpipe migrate -c FILE [--dry-run] [--rebuild]\n"
     "\n"
     "Makes the tables that the stages of the file need in databases, and brings older ones up to date: those of\n"
     "the state, of the dead letters, of the embedded queue, and the sink's.  Prints the SQL of what it did.  Several\n"
     "may do it at once, and what is broken off goes on when it is said again.\n"
     "\n",
     "\n"
     "Exit: 0; 69 a stage does not answer, or the rules have changed; 78 something in the file is wrong.\n"},
    {"table",
     "Usage: scanpipe table -c FILE\n"
     "\n"
     "Prints the statement that makes the table of the file's sink, with the columns that hold orders, for whoever\n"
     "makes tables himself.  Opens nothing.  'scanpipe check --online' compares a table that is there with it.\n",
     "\n"
     "Exit: 0; 78 something in the file is wrong, or its sink has no table.\n"},
    {"create",
     "Usage: scanpipe create plugin sink|source NAME [--build make|autotools] [--directory DIR]\n"
     "\n"
     "Writes a small plugin into a new folder: its source, a build, a test that runs scanpipe-kit and a pipeline, and\n"
     "what to change next.  It builds with what is installed of scanpipe, and is yours.  Overwrites nothing.\n"
     "\n",
     "\n"
     "Exit: 0; 64 KIND or NAME cannot be; 69 the folder is there already, or cannot be written.\n"},
    {"completion",
     "Usage: scanpipe completion bash|zsh|fish\n"
     "\n"
     "Prints what makes a shell complete commands, options, files and the names of plugins: it is installed where\n"
     "shells look for it, or eval \"$(scanpipe completion bash)\".\n"
     "\n",
     ""},
};

static void print_option(const struct arg_option *option, FILE *out)
{
    enum { TEXT = 25, WIDTH = 108 };
    int column = option->value < 256 ? fprintf(out, "  -%c, ", option->value) : fprintf(out, "  ");
    column += fprintf(out, "--%s%s%s", option->name, option->argument ? " " : "",
                      option->argument ? option->argument : "");
    for (const char *word = option->doc; *word; word += strspn(word, " ")) {
        int size = (int)strcspn(word, " ");
        if (column > TEXT - 2 && (column < TEXT || column + 1 + size > WIDTH))
            column = fprintf(out, "\n") - 1;
        int gap = column < TEXT ? TEXT - column : 1;
        column += fprintf(out, "%*s%.*s", gap, "", size, word);
        word += size;
    }
    fputc('\n', out);
}

void help_print(const char *name, FILE *out)
{
    const struct command *command = command_find(name ? name : "run");
    const struct help *help = helps;
    for (size_t i = 0; command && i < sizeof helps / sizeof *helps; i++)
        if (strcmp(helps[i].command, command->name) == 0)
            help = &helps[i];
    fputs(help->before, out);
    command = command_find(help->command);
    for (const struct arg_option *option = command->options; option->name; option++)
        print_option(option, out);
    fputs(help->after, out);
}

void help_version(void)
{
    printf("scanpipe %s (plugin ABI %d.%d)\n", PACKAGE_VERSION, SP_ABI_MAJOR, SP_ABI_MINOR);
}

int help_unknown_command(const char *name)
{
    const char *names[32];
    size_t count = 0;
    for (const struct command *command = commands; command->name && count < 32; command++)
        names[count++] = command->name;
    const char *nearest = near_miss(name, names, count);
    char hint[64];
    snprintf(hint, sizeof hint, "did you mean '%s'?", nearest ? nearest : "");
    return args_wrong("", nearest ? hint : NULL, "unknown command '%s'", name);
}

int cmd_help(int argc, char **argv)
{
    if (argc > 1 && !command_find(argv[1]))
        return help_unknown_command(argv[1]);
    help_print(argc > 1 ? argv[1] : NULL, stdout);
    return 0;
}
