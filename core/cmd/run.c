/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/log.h"
#include "cmd/args.h"
#include "cmd/aside.h"
#include "cmd/cmd.h"
#include "cmd/display.h"
#include "cmd/reload.h"
#include "cmd/service.h"
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
    bool until_caught_up, fail_on_rejected, json, quiet, abandon;
    int log_format, log_level; /* index into the names, or AS_THE_FILE_SAYS */
    int progress;
};

const struct arg_option cmd_run_options[] = {
    ARG_OPTION("config", 'c', "FILE", "the pipeline's file; '-' is standard input"),
    ARG_OPTION("until-caught-up", ARG_UNTIL_CAUGHT_UP, NULL,
               "end when all is read and written, and print a summary"),
    ARG_OPTION("json", ARG_JSON, NULL, "the summary as one JSON object on standard output"),
    ARG_OPTION("fail-on-rejected", ARG_FAIL_ON_REJECTED, NULL, "exit with 65 where events were rejected"),
    ARG_OPTION("abandon", ARG_ABANDON, NULL,
               "go on with another queue, and leave what the old one still holds"),
    ARG_OPTION("log-format", ARG_LOG_FORMAT, "FORMAT", "text or json", .choices = "text json"),
    ARG_OPTION("log-level", ARG_LOG_LEVEL, "LEVEL", "error, warn, info or debug",
               .choices = "error warn info debug"),
    ARG_OPTION("verbose", 'v', NULL, "the same as --log-level debug"),
    ARG_OPTION("quiet", 'q', NULL, "the same as --log-level error --progress never"),
    ARG_OPTION("progress", ARG_PROGRESS, "WHEN", "auto, always or never: the live lines on a terminal",
               .choices = "auto always never"),
    ARG_OPTION("version", 'V', NULL, "print the version"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
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
    case ARG_ABANDON:
        options->abandon = true;
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
    struct args args = {command, cmd_run_options, argc, argv};
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

static void end_at_once(void)
{
    static const char text[] =
        "asked to stop a second time: ending at once; what is held comes back by its lease\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(1);
}

/* While the main thread joins the others it waits for no signals: the first that asks for the stop is kept,
 * the second ends the process. */
static volatile sig_atomic_t stop_kept;

static void keep_stop(int number)
{
    if (stop_kept)
        end_at_once();
    stop_kept = number;
}

static sigset_t stop_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

/* Ends the engine; more signals end the process where it was `stopped` by one. */
static void end_engine(struct engine *engine, bool stopped, struct engine_report *report)
{
    struct sigaction action = {.sa_handler = keep_stop};
    sigset_t signals = stop_signals();
    if (stopped)
        stop_kept = SIGTERM;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
    engine_end(engine, report);
    sigprocmask(SIG_BLOCK, &signals, NULL);
}

static void tell_stop(int number)
{
    sp_log(SP_INFO, "%s: stopping; what is in flight is finished or handed back",
           number == SIGINT ? "SIGINT" : "SIGTERM");
}

/* A pipeline at work in this process, one engine after the other. */
struct runner {
    const struct run_options *options;
    const sigset_t *signals;
    struct pipeline *pipeline; /* that runs */
    struct pipeline *next;     /* that is to run; NULL: none */
    struct engine *engine;
    struct engine_report before; /* of the engines that have ended */
    struct service service;
    int64_t aside_since; /* when what is done aside began */
    bool display;
};

/* People on a terminal and the service manager are told how far it is. */
static void tell_progress(struct runner *runner)
{
    struct engine_report report;
    bool status = service_wants_status(&runner->service);
    if (!runner->display && !status)
        return;
    engine_report(runner->engine, &report);
    summary_add_before(&report, &runner->before);
    if (runner->display)
        display_update(&report);
    if (status)
        service_status(&runner->service, &report);
}

static void tell_stopping(struct runner *runner)
{
    service_stopping(&runner->service, runner->pipeline->shutdown_grace_ns);
}

/* Reading the file, and then the end of what runs, have a bound each. */
static void tell_reloading(struct runner *runner)
{
    const struct pipeline *pipeline = runner->pipeline;
    service_reloading(&runner->service, pipeline->hang_timeout_ns + pipeline->shutdown_grace_ns);
}

/* While the threads end, which has its own bound. */
static void keep_alive(void *context)
{
    struct runner *runner = context;
    if (stop_kept)
        tell_stopping(runner);
    service_keep_alive(&runner->service);
}

/* What is done aside may take as long as a call that hangs. */
static bool is_late(const struct runner *runner)
{
    return sp_clock_now() - runner->aside_since > runner->pipeline->hang_timeout_ns;
}

/* The watchdog hears of the engine's threads first, else of the `other` one that stands still; NULL: none. */
static void beat(struct runner *runner, const char *other)
{
    const char *stuck = engine_stuck(runner->engine, service_slack_ns(&runner->service));
    service_beat(&runner->service, stuck ? stuck : other);
}

/* While the file is read again, beside an engine at work: it is watched as ever. */
static void watch_aside(void *context)
{
    struct runner *runner = context;
    engine_watch(runner->engine);
    beat(runner, is_late(runner) ? "that reads the file again" : NULL);
}

enum run_end { RUN_DONE, RUN_STOPPED, RUN_FAILED };

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

static int code_at_end(const struct runner *runner, enum run_end end)
{
    const struct run_options *options = runner->options;
    if (options->until_caught_up &&
        !tell_summary(options, runner->pipeline->name, &runner->before, end == RUN_STOPPED))
        return EXIT_AWAY;
    return options->fail_on_rejected && runner->before.letters_stored > 0 ? EXIT_REJECTED : 0;
}

/* While stages are opened nothing is held, and nothing need be waited for.  Threads that have begun just now
 * end like those of any process that dies. */
static void end_without_engine(struct runner *runner, int number)
{
    tell_stop(number);
    tell_stopping(runner);
    if (runner->display)
        display_close();
    _exit(code_at_end(runner, RUN_STOPPED));
}

/* While stages are loaded and opened. */
static void keep_alive_aside(void *context)
{
    struct runner *runner = context;
    sigset_t signals = stop_signals();
    int number = sigtimedwait(&signals, NULL, &(struct timespec){0});
    if (number > 0)
        end_without_engine(runner, number);
    service_beat(&runner->service, is_late(runner) ? "that loads and opens the stages" : NULL);
}

static int do_aside(struct runner *runner, int (*work)(void *context, struct sp_error *err),
                    void (*tick)(void *context), struct sp_error *err)
{
    runner->aside_since = sp_clock_now();
    return aside_run(work, tick, runner, err);
}

static int read_again(void *context, struct sp_error *err)
{
    struct runner *runner = context;
    (void)err; /* it has told why not */
    runner->next = reload_read(runner->pipeline);
    return runner->next ? 0 : -1;
}

enum watch_end { ALL_DONE, ASKED_TO_STOP, TO_BE_RELOADED };

/* At work until all is done, or a signal asks for something else. */
static enum watch_end watch(struct runner *runner)
{
    static const int64_t tick = 200 * SP_MILLISECOND;
    bool until_caught_up = runner->options->until_caught_up;
    for (;;) {
        /* Only one of the two waits: the one whose end is expected. */
        if (engine_wait(runner->engine, until_caught_up ? tick / 2 : 0))
            return ALL_DONE;
        struct timespec wait = {.tv_nsec = until_caught_up ? 0 : tick};
        int number = sigtimedwait(runner->signals, NULL, &wait);
        if (number == SIGINT || number == SIGTERM) {
            tell_stop(number);
            return ASKED_TO_STOP;
        }
        if (number == SIGHUP) {
            sp_log(SP_INFO, "SIGHUP: reads %s again", runner->pipeline->path);
            tell_reloading(runner);
            if (do_aside(runner, read_again, watch_aside, NULL) == 0)
                return TO_BE_RELOADED;
            service_refused(&runner->service);
        }
        beat(runner, NULL);
        tell_progress(runner);
    }
}

static int load_and_open(void *context, struct sp_error *err)
{
    struct runner *runner = context;
    return engine_start(runner->pipeline, runner->options->until_caught_up, &runner->engine, err);
}

static int start_engine(struct runner *runner, struct sp_error *err)
{
    setup_log(runner->options, runner->pipeline);
    service_opening(&runner->service, runner->pipeline->hang_timeout_ns);
    return do_aside(runner, load_and_open, keep_alive_aside, err);
}

/* Goes on with the next pipeline, or, where the system does not let it, with the one that ran. */
static int follow(struct runner *runner, struct sp_error *err)
{
    struct pipeline *was = runner->pipeline;
    runner->pipeline = runner->next;
    runner->next = NULL;
    if (start_engine(runner, err) == 0) {
        sp_log(SP_INFO, "goes on with what %s says now", runner->pipeline->path);
        pipeline_free(was);
        return 0;
    }
    sp_log(SP_ERROR, "%s; going on as before", err->text);
    pipeline_free(runner->pipeline);
    runner->pipeline = was;
    return start_engine(runner, err);
}

/* Ends the engine, and adds what it did. */
static void end_turn(struct runner *runner, enum watch_end end)
{
    struct engine_report report;
    if (end != TO_BE_RELOADED)
        tell_stopping(runner);
    engine_stop(runner->engine);
    engine_on_await(runner->engine, keep_alive, runner);
    end_engine(runner->engine, end == ASKED_TO_STOP, &report);
    summary_add_before(&report, &runner->before);
    runner->before = report;
}

/* One engine after the other, until there is nothing to go on with. */
static enum run_end run_turns(struct runner *runner, struct sp_error *err)
{
    for (;;) {
        enum watch_end end = watch(runner);
        if (end == TO_BE_RELOADED)
            sp_log(SP_INFO, "the file is good; finishing or handing back what is in flight");
        end_turn(runner, end);
        if (end != TO_BE_RELOADED)
            return end == ASKED_TO_STOP ? RUN_STOPPED : RUN_DONE;
        if (stop_kept) {
            tell_stop(stop_kept);
            tell_stopping(runner);
            return RUN_STOPPED;
        }
        if (follow(runner, err) != 0)
            return RUN_FAILED;
        service_ready(&runner->service);
    }
}

static int code_of(const struct sp_error *err)
{
    cmd_complain_error(err);
    switch (err->class) {
    case SP_REFUSED: /* a plugin that cannot be loaded as the file says */
        return EXIT_CONFIG;
    case SP_UNAVAILABLE: /* for now there is nothing left of something: supervision tries again */
    case SP_THROTTLED:
    case SP_CONTENDED:
        return EXIT_AWAY;
    default:
        return EXIT_BUG;
    }
}

static int run(struct runner *runner)
{
    struct sp_error err = {0};
    if (start_engine(runner, &err) != 0)
        return code_of(&err);
    service_ready(&runner->service);
    if (runner->display)
        display_open(runner->pipeline->name);
    enum run_end end = run_turns(runner, &err);
    if (runner->display)
        display_close();
    if (end == RUN_FAILED)
        return code_of(&err);
    return code_at_end(runner, end);
}

int cmd_run(int argc, char **argv)
{
    struct run_options options;
    int code;
    if (!read_options(argc, argv, &options, &code))
        return code;
    sigset_t signals = block_signals();
    struct runner runner = {.options = &options, .signals = &signals};
    runner.pipeline = cmd_load(options.file, &code);
    if (!runner.pipeline)
        return code;
    runner.pipeline->abandon = options.abandon;
    runner.display = wants_display(&options);
    service_open(&runner.service);
    code = run(&runner);
    service_close(&runner.service);
    pipeline_free(runner.next);
    pipeline_free(runner.pipeline);
    return code;
}
