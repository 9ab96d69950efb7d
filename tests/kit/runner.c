/* SPDX-License-Identifier: Apache-2.0 */
/* Each check in a process of its own, several at a time, told in order. */
#include <config.h>

#include "kit.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A check that lasts longer than so many times "soon" hangs. */
#define CHECK_SOONS 24
#define LOOK_MS     20
#define JOBS_MAX    32

struct one {
    const struct check *check;
    pid_t pid; /* 0: not running */
    int report;
    int64_t until;
    struct buffer said;
    char folder[320];
    bool over, timed_out;
    int status;
};

struct running {
    const struct run *run;
    char scratch[256];
    struct one *all;
    size_t count, next, told, at_work, failed;
};

/* ---- In the check's process */

/* The log of a plugin goes through the core, which is no fault; what else comes out at 2 is one. */
static int log_file = -1, standard_error = -1;

static void log_aside(void)
{
    dup2(log_file, STDERR_FILENO);
}

static void log_back(void)
{
    dup2(standard_error, STDERR_FILENO);
}

static int capture(const char *folder, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s.%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        _exit(EXIT_FAILURE);
    return fd;
}

static uint64_t mix_name(uint64_t seed, const char *name)
{
    for (; *name; name++)
        seed = (seed ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return seed;
}

_Noreturn static void be_check(const struct run *run, struct one *one, int report, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    setpgid(0, 0);
    signal(SIGPIPE, SIG_IGN);
    report_to(report);
    log_file = capture(one->folder, "log");
    standard_error = capture(one->folder, "err");
    dup2(standard_error, STDERR_FILENO);
    dup2(capture(one->folder, "out"), STDOUT_FILENO);
    log_setup(LOG_TEXT, SP_DEBUG);
    log_around(log_aside, log_back);
    struct kit kit = run->kit;
    kit.folder = one->folder;
    kit.dice = mix_name(run->seed, one->check->name);
    kit.arena = arena_new(65536);
    one->check->run(&kit);
    kit_unload_all(&kit);
    arena_free(kit.arena);
    exit(EXIT_SUCCESS);
}

/* ---- In the program's own */

static void start(struct running *running, struct one *one)
{
    int report[2];
    snprintf(one->folder, sizeof one->folder, "%s/%zu", running->scratch, (size_t)(one - running->all) + 1);
    if (mkdir(one->folder, 0700) != 0 || pipe2(report, O_CLOEXEC) != 0) {
        perror("scanpipe-kit");
        abort();
    }
    fflush(stdout);
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        perror("scanpipe-kit: fork");
        abort();
    }
    if (pid == 0)
        be_check(running->run, one, report[1], parent);
    setpgid(pid, pid);
    close(report[1]);
    fcntl(report[0], F_SETFL, O_NONBLOCK);
    one->pid = pid;
    one->report = report[0];
    one->until = sp_clock_now() + CHECK_SOONS * running->run->kit.soon_ns;
    running->at_work++;
}

static void read_report(struct one *one)
{
    char bytes[4096];
    for (ssize_t got; (got = read(one->report, bytes, sizeof bytes)) > 0;)
        buffer_add(&one->said, bytes, (size_t)got);
}

/* Looks whether it is over; its helpers end with it. */
static void look(struct running *running, struct one *one)
{
    if (!one->timed_out && sp_clock_now() > one->until) {
        one->timed_out = true;
        kill(-one->pid, SIGKILL);
    }
    read_report(one);
    if (waitpid(one->pid, &one->status, WNOHANG) != one->pid)
        return;
    kill(-one->pid, SIGKILL);
    read_report(one);
    close(one->report);
    one->pid = 0;
    one->over = true;
    running->at_work--;
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about, (void)type, (void)walk;
    return remove(path);
}

static void remove_all(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* The lines of what was reported that begin with the mark. */
static void print_said(const struct buffer *said, char mark)
{
    for (const char *line = buffer_text(said); *line;) {
        size_t size = strcspn(line, "\n");
        if (line[0] == mark)
            printf("#   %.*s\n", (int)size - 1, line + 1);
        line += size + (line[size] == '\n');
    }
}

/* At most 20 lines of a captured file; how many bytes it has. */
static int64_t print_captured(const struct one *one, const char *name, const char *title, bool print)
{
    char path[400], line[400];
    struct stat about;
    snprintf(path, sizeof path, "%s.%s", one->folder, name);
    if (stat(path, &about) != 0)
        return 0;
    FILE *file = print && about.st_size > 0 ? fopen(path, "re") : NULL;
    if (file) {
        printf("#   %s:\n", title);
        for (int lines = 0; lines < 20 && fgets(line, sizeof line, file); lines++)
            printf("#     %.*s\n", (int)strcspn(line, "\n"), line);
        fclose(file);
    }
    return about.st_size;
}

/* What stands behind the name of a check that was not made: it could not be, or is not for such a plugin. */
static const char *why_not(const struct one *one, char *out, size_t size)
{
    const char *text = buffer_text(&one->said);
    int length = (int)strcspn(text, "\n") - 1;
    if (*text == 'S')
        snprintf(out, size, " # SKIP %.*s", length, text + 1);
    else if (*text == 'N')
        snprintf(out, size, " (not for this one: %.*s)", length, text + 1);
    else
        return "";
    return out;
}

/* What is wrong beside what the check itself has said. */
static void print_end(const struct one *one, int64_t written)
{
    if (one->timed_out)
        printf("#   it did not end in time\n");
    else if (WIFSIGNALED(one->status))
        printf("#   it was killed by signal %d (%s)\n", WTERMSIG(one->status),
               strsignal(WTERMSIG(one->status)));
    else if (WEXITSTATUS(one->status) != 0 && one->said.size == 0)
        printf("#   it ended with status %d\n", WEXITSTATUS(one->status));
    if (written > 0)
        printf("#   a plugin writes neither to standard output nor to standard error\n");
}

static void tell(struct running *running, struct one *one)
{
    const struct run *run = running->run;
    char reason[400];
    bool may_write = run->kit.output && strcmp(run->kit.output, "-") == 0;
    const char *text = buffer_text(&one->said);
    bool said_wrong = text[0] == 'F' || strstr(text, "\nF");
    int64_t written = print_captured(one, "err", "", false);
    if (!may_write)
        written += print_captured(one, "out", "", false);
    bool went_well = !said_wrong && written == 0 && WIFEXITED(one->status) && WEXITSTATUS(one->status) == 0;
    printf("%s %zu - %s%s\n", went_well ? "ok" : "not ok", ++running->told, one->check->name,
           went_well ? why_not(one, reason, sizeof reason) : "");
    if (!went_well) {
        print_said(&one->said, 'F');
        print_end(one, written);
        print_captured(one, "err", "standard error", true);
        if (!may_write)
            print_captured(one, "out", "standard output", true);
        running->failed++;
    }
    if (!went_well || run->verbose)
        print_captured(one, "log", "log", true);
    fflush(stdout);
    buffer_fini(&one->said);
    remove_all(one->folder);
}

static void collect(struct running *running)
{
    const struct run *run = running->run;
    for (size_t i = 0; i < run->chapter_count; i++)
        for (size_t j = 0; j < run->chapters[i]->count; j++) {
            const struct check *check = &run->chapters[i]->checks[j];
            if (run->only && !strstr(check->name, run->only))
                continue;
            running->all = mem_realloc(running->all, (running->count + 1) * sizeof *running->all);
            running->all[running->count++] = (struct one){.check = check, .report = -1};
        }
}

static void wait_a_little(const struct running *running)
{
    struct pollfd polled[JOBS_MAX];
    nfds_t count = 0;
    for (size_t i = running->told; i < running->next; i++)
        if (running->all[i].pid && count < JOBS_MAX)
            polled[count++] = (struct pollfd){.fd = running->all[i].report, .events = POLLIN};
    poll(polled, count, LOOK_MS);
}

size_t run_checks(const struct run *run)
{
    struct running running = {.run = run};
    collect(&running);
    if (running.count == 0)
        return RUN_NOTHING;
    const char *base = getenv("TMPDIR");
    snprintf(running.scratch, sizeof running.scratch, "%.200s/scanpipe-kit-XXXXXX",
             base && *base ? base : "/tmp");
    if (!mkdtemp(running.scratch)) {
        perror(running.scratch);
        abort();
    }
    printf("# seed %llu\n1..%zu\n", (unsigned long long)run->seed, running.count);
    while (running.told < running.count) {
        while (running.next < running.count && running.at_work < run->jobs)
            start(&running, &running.all[running.next++]);
        for (size_t i = running.told; i < running.next; i++)
            if (running.all[i].pid)
                look(&running, &running.all[i]);
        while (running.told < running.next && running.all[running.told].over)
            tell(&running, &running.all[running.told]);
        if (running.at_work > 0)
            wait_a_little(&running);
    }
    remove_all(running.scratch);
    free(running.all);
    return running.failed;
}
