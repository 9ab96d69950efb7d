/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * Runs seed after seed, each as a story of its own, in processes that are made anew now and then.  A seed
 * that breaks a law is told, with the end of its trace.
 */

#include "clockwork.h"
#include "fate.h"
#include "plan.h"
#include "story.h"
#include "tally.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int __real_clock_gettime(clockid_t which, struct timespec *out);

enum { SEEDS_A_CHILD = 200, SECONDS_A_SEED = 240, RUNS_FOR_ALL = 3000, EXIT_LAW = 1, EXIT_USE = 64 };

struct options {
    uint64_t seed;
    bool seed_given, verbose, keep_going, all;
    double seconds;
    uint64_t runs; /* 0: until the time is over */
};

/* Shared with the children. */
struct progress {
    uint64_t seed, runs, steps, lives, digest;
    double fake_seconds;
    uint64_t happened[HAPPENINGS];
};

static struct progress *progress;

static double now(void)
{
    struct timespec at;
    __real_clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void usage(FILE *out)
{
    fputs("usage: sim [--seconds S] [--runs N]     runs seeds from a random one on\n"
          "       sim --seed N [-v] [--runs M]     runs this one again, with its trace\n"
          "       --keep-going                     goes on after a seed that breaks a law\n"
          "       --all                            goes on until everything has happened that may\n"
          "       --lie STAGE                      source, queue, sink, state or dead_letters loses things\n",
          out);
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"seed", required_argument, NULL, 's'}, {"seconds", required_argument, NULL, 't'},
        {"runs", required_argument, NULL, 'r'}, {"verbose", no_argument, NULL, 'v'},
        {"keep-going", no_argument, NULL, 'k'}, {"all", no_argument, NULL, 'a'},
        {"lie", required_argument, NULL, 'l'},  {0}};
    for (int option; (option = getopt_long(argc, argv, "v", names, NULL)) != -1;)
        switch (option) {
        case 's':
            options->seed = strtoull(optarg, NULL, 0);
            options->seed_given = true;
            break;
        case 't':
            options->seconds = atof(optarg);
            break;
        case 'r':
            options->runs = strtoull(optarg, NULL, 0);
            break;
        case 'v':
            options->verbose = true;
            break;
        case 'k':
            options->keep_going = true;
            break;
        case 'a':
            options->all = true;
            break;
        case 'l':
            if (!world_lie(optarg))
                return false;
            break;
        default:
            return false;
        }
    return optind == argc;
}

static void run_seed(uint64_t seed)
{
    struct story story;
    progress->seed = seed;
    alarm(SECONDS_A_SEED);
    story_run(seed, &story);
    alarm(0);
    progress->runs++;
    progress->steps += story.steps;
    progress->lives += story.lives;
    progress->fake_seconds += (double)story.fake_ns / 1e9;
    progress->digest = story.digest;
}

/* Runs the seeds in a child; true where all of them kept the laws. */
static bool run_child(uint64_t first, uint64_t count, double until, bool verbose)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        trace_verbose(verbose);
        for (uint64_t i = 0; i < count && (i == 0 || now() < until); i++)
            run_seed(first + i);
        exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status))
        fprintf(stderr, "seed %" PRIu64 ": %s\n", progress->seed,
                WTERMSIG(status) == SIGALRM ? "goes round without an end" : strsignal(WTERMSIG(status)));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void tell_failure(const char *program, uint64_t seed)
{
    fprintf(stderr, "to see it again: %s --seed %" PRIu64 " -v\n", program, seed);
}

/* What has not happened in so many runs never will. */
static bool some_is_missing(const struct options *options)
{
    return options->all && progress->runs < RUNS_FOR_ALL && !tally_complete(progress->happened);
}

static int run_all(const struct options *options, const char *program)
{
    double began = now(), until = options->seconds > 0 ? began + options->seconds : began + 1e12;
    uint64_t failed = 0, most = options->runs ? options->runs : UINT64_MAX;
    uint64_t seed = options->seed;
    while (progress->runs + failed < most && (now() < until || some_is_missing(options))) {
        uint64_t left = most - progress->runs - failed, count = left < SEEDS_A_CHILD ? left : SEEDS_A_CHILD;
        bool kept = run_child(seed, count, until, options->verbose);
        seed = progress->seed + 1;
        if (kept)
            continue;
        failed++;
        tell_failure(program, progress->seed);
        if (!options->keep_going)
            break;
    }
    printf("%" PRIu64 " runs in %.1f s, %" PRIu64 " broke a law: %.0f hours, %" PRIu64 " lives, %" PRIu64
           " turns; digest %016" PRIx64 "\n",
           progress->runs + failed, now() - began, failed, progress->fake_seconds / 3600, progress->lives,
           progress->steps, progress->digest);
    tally_tell(progress->happened, stdout);
    return failed || (options->all && !tally_complete(progress->happened)) ? EXIT_LAW : 0;
}

int main(int argc, char **argv)
{
    struct options options = {.runs = 0};
    if (!read_options(argc, argv, &options)) {
        usage(stderr);
        return EXIT_USE;
    }
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED || (!options.seed_given && getrandom(&options.seed, 4, 0) != 4)) {
        perror(argv[0]);
        return 99;
    }
    tally_into(progress->happened);
    if (!options.runs && options.seconds <= 0)
        options.runs = 1;
    if (!options.seed_given)
        printf("seeds from %" PRIu64 " on\n", options.seed);
    return run_all(&options, argv[0]);
}
