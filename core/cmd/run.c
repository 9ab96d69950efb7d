/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/log.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/display.h"
#include "cmd/summary.h"
#include "engine/engine.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char *const format_names[] = {"text", "json"};
static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const progress_names[] = {"auto", "always", "never"};

enum { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };
enum { AS_THE_FILE_SAYS = -1 };

struct run_options {
    const char *file;
    bool until_caught_up, fail_on_rejected, json, quiet;
    int log_format, log_level; /* index into the names, or AS_THE_FILE_SAYS */
    int progress;
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"until-caught-up", no_argument, NULL, ARG_UNTIL_CAUGHT_UP},
    {"fail-on-rejected", no_argument, NULL, ARG_FAIL_ON_REJECTED},
    {"json", no_argument, NULL, ARG_JSON},
    {"log-format", required_argument, NULL, ARG_LOG_FORMAT},
    {"log-level", required_argument, NULL, ARG_LOG_LEVEL},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"progress", required_argument, NULL, ARG_PROGRESS},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool take_option(struct run_options *options, int option, const struct args *args)
{
    int *choice = NULL;
    switch (option) {
    case 'c':
        options->file = optarg;
        return true;
    case ARG_UNTIL_CAUGHT_UP:
        options->until_caught_up = true;
        return true;
    case ARG_FAIL_ON_REJECTED:
        options->fail_on_rejected = true;
        return true;
    case ARG_JSON:
        options->json = true;
        return true;
    case 'v':
        options->log_level = SP_DEBUG;
        return true;
    case 'q':
        options->quiet = true;
        options->log_level = SP_ERROR;
        options->progress = PROGRESS_NEVER;
        return true;
    case ARG_LOG_FORMAT:
        choice = &options->log_format;
        *choice = args_choice(args, "--log-format", optarg, format_names, 2);
        break;
    case ARG_LOG_LEVEL:
        choice = &options->log_level;
        *choice = args_choice(args, "--log-level", optarg, level_names, 4);
        break;
    case ARG_PROGRESS:
        choice = &options->progress;
        *choice = args_choice(args, "--progress", optarg, progress_names, 3);
        break;
    }
    return choice && *choice >= 0;
}

/* True where there is something to run; else *exit_out says how to end. */
static bool read_options(int argc, char **argv, struct run_options *options, int *exit_out)
{
    const char *command = strcmp(argv[0], "run") == 0 ? "run" : "";
    struct args args = {command, ":c:vqVh", long_options, argc, argv};
    *options = (struct run_options){.log_format = AS_THE_FILE_SAYS, .log_level = AS_THE_FILE_SAYS};
    *exit_out = EXIT_USAGE;
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return false;
        if (option == 'h' || option == 'V') {
            if (option == 'h')
                help_print(*command ? command : NULL, stdout);
            else
                help_version();
            *exit_out = 0;
            return false;
        }
        if (!take_option(options, option, &args))
            return false;
    }
    if (!args_count_is(&args, 0, 0, NULL))
        return false;
    if (!options->file)
        args_wrong(command, "scanpipe -c FILE", "which pipeline? -c FILE is missing");
    return options->file != NULL;
}

/* Blocked in the main thread before there are others, so that none of them gets one. */
static sigset_t block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signals;
}

static void setup_log(const struct run_options *options, const struct pipeline *pipeline)
{
    bool json = options->log_format == AS_THE_FILE_SAYS ? pipeline->log_json : options->log_format == 1;
    enum sp_level level =
        options->log_level == AS_THE_FILE_SAYS ? pipeline->log_level : (enum sp_level)options->log_level;
    log_setup(json ? LOG_JSON : LOG_TEXT, level);
}

static bool wants_display(const struct run_options *options)
{
    return options->progress == PROGRESS_ALWAYS ||
           (options->progress == PROGRESS_AUTO && isatty(STDERR_FILENO));
}

static void end_at_once(int number)
{
    static const char text[] =
        "asked to stop a second time: ending at once; what is held comes back by its lease\n";
    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(1);
}

/* From here on the main thread joins the others, and looks at signals no more. */
static void let_second_signal_end(const sigset_t *signals)
{
    struct sigaction action = {.sa_handler = end_at_once};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, signals, NULL);
}

/* True where the signal asks for the stop. */
static bool take_signal(int number)
{
    if (number == SIGHUP)
        sp_log(SP_INFO, "SIGHUP: the file is read at the start only; restart to read it again");
    else if (number > 0)
        sp_log(SP_INFO, "%s: stopping; what is in flight is finished or handed back",
               number == SIGINT ? "SIGINT" : "SIGTERM");
    return number == SIGINT || number == SIGTERM;
}

/* At work until all is done, or a signal asks to stop; returns whether one did. */
static bool watch(struct engine *engine, bool until_caught_up, const sigset_t *signals, bool display)
{
    static const int64_t tick = 200 * SP_MILLISECOND;
    for (;;) {
        /* Only one of the two waits: the one whose end is expected. */
        if (engine_wait(engine, until_caught_up ? tick / 2 : 0))
            return false;
        struct timespec wait = {.tv_nsec = until_caught_up ? 0 : tick};
        if (take_signal(sigtimedwait(signals, NULL, &wait))) {
            engine_stop(engine);
            return true;
        }
        if (display)
            display_update(engine);
    }
}

/* For programs on standard output; for people beside the log, since a sink may write to standard output. */
static bool tell_summary(const struct run_options *options, const char *name,
                         const struct engine_report *report, bool stopped)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    summary_add(&text, name, report, stopped, options->json);
    if (options->json)
        return cmd_print(&text);
    if (!options->quiet)
        fputs(buffer_text(&text), stderr);
    return true;
}

static int run(const struct pipeline *pipeline, const struct run_options *options, const sigset_t *signals)
{
    struct sp_error err = {0};
    struct engine *engine;
    if (engine_start(pipeline, options->until_caught_up, &engine, &err) < 0) {
        cmd_complain_error(&err);
        /* A plugin that cannot be loaded as the file says, or a system without threads. */
        return err.class == SP_REFUSED ? EXIT_CONFIG : EXIT_BUG;
    }
    bool display = wants_display(options);
    if (display)
        display_open(pipeline->name);
    bool stopped = watch(engine, options->until_caught_up, signals, display);
    if (display)
        display_close();
    if (stopped)
        let_second_signal_end(signals);
    struct engine_report report;
    engine_end(engine, &report);
    if (options->until_caught_up && !tell_summary(options, pipeline->name, &report, stopped))
        return EXIT_BUG;
    return options->fail_on_rejected && report.letters_stored > 0 ? EXIT_REJECTED : 0;
}

int cmd_run(int argc, char **argv)
{
    struct run_options options;
    int code;
    if (!read_options(argc, argv, &options, &code))
        return code;
    sigset_t signals = block_signals();
    struct pipeline *pipeline = cmd_load(options.file, &code);
    if (!pipeline)
        return code;
    setup_log(&options, pipeline);
    code = run(pipeline, &options, &signals);
    pipeline_free(pipeline);
    return code;
}
