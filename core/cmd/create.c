/* SPDX-License-Identifier: Apache-2.0 */
/* `scanpipe create plugin`: a small plugin outside of our tree, that builds and passes its test. */
#include <config.h>

#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "config/near.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct template
{
    const char *group, *file, *text; /* group: a kind, a way to build, or "any" */
}
templates[] = {
#include "devel/templates.h"
};
enum { TEMPLATE_COUNT = sizeof templates / sizeof *templates };

static const char *const builds[] = {"make", "autotools"};

/* What is to be made. */
struct creation {
    const char *kind, *name, *build, *folder;
    bool made_folder; /* it was not there */
};

enum { OPTION_BUILD = 300, OPTION_DIRECTORY };

const struct arg_option cmd_create_options[] = {
    ARG_OPTION("build", OPTION_BUILD, "WAY", "make (one short Makefile) or autotools; at first make",
               .choices = "make autotools"),
    ARG_OPTION("directory", OPTION_DIRECTORY, "DIR", "the folder, new or empty; at first KIND_NAME"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

static const char *howto(const struct creation *creation)
{
    for (size_t i = 0; i < TEMPLATE_COUNT; i++)
        if (strcmp(templates[i].group, creation->build) == 0 && strcmp(templates[i].file, "howto.md") == 0)
            return templates[i].text;
    return "";
}

/* The template with what stands for @NAME@ and the like. */
static void fill(struct buffer *out, const char *text, const struct creation *creation)
{
    while (*text) {
        size_t plain = strcspn(text, "@");
        buffer_add(out, text, plain);
        text += plain;
        if (strncmp(text, "@NAME@", 6) == 0) {
            buffer_add_text(out, creation->name);
            text += 6;
        } else if (strncmp(text, "@KIND@", 6) == 0) {
            buffer_add_text(out, creation->kind);
            text += 6;
        } else if (strncmp(text, "@BUILT@", 7) == 0) {
            buffer_add_text(out, strcmp(creation->build, "autotools") == 0 ? "$PWD/.libs" : "$PWD");
            text += 7;
        } else if (strncmp(text, "@HOWTO@\n", 8) == 0) {
            fill(out, howto(creation), creation);
            text += 8;
        } else if (*text) {
            buffer_add_char(out, *text++);
        }
    }
}

/* Where a template's text goes; false: nowhere. */
static bool target_of(const struct template *template, const struct creation *creation, struct buffer *path)
{
    bool wanted = strcmp(template->group, "any") == 0 || strcmp(template->group, creation->kind) == 0 ||
                  strcmp(template->group, creation->build) == 0;
    if (!wanted || strcmp(template->file, "howto.md") == 0)
        return false;
    buffer_clear(path);
    buffer_printf(path, "%s/", creation->folder);
    if (strcmp(template->file, "plugin.c") == 0)
        buffer_printf(path, "%s_%s.c", creation->kind, creation->name);
    else
        buffer_printf(path, "%s%s", strcmp(template->file, "gitignore") == 0 ? "." : "", template->file);
    return true;
}

/* Never over what is there. */
static bool write_new(const char *path, const struct buffer *text)
{
    size_t length = strlen(path);
    bool script = length > 3 && strcmp(path + length - 3, ".sh") == 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, script ? 0777 : 0666);
    if (fd < 0) {
        cmd_complain(NULL, "%s cannot be made: %s", path, strerror(errno));
        return false;
    }
    errno = ENOSPC; /* what a write that was cut short means */
    bool well = write(fd, buffer_text(text), text->size) == (ssize_t)text->size;
    well &= close(fd) == 0;
    if (!well) {
        cmd_complain(NULL, "%s cannot be written: %s", path, strerror(errno));
        unlink(path);
    }
    return well;
}

/* Takes back what was made, the first `count` templates. */
static void take_back(const struct creation *creation, size_t count)
{
    SP_AUTO(buffer_fini) struct buffer path = {0};
    for (size_t i = 0; i < count; i++)
        if (target_of(&templates[i], creation, &path))
            unlink(buffer_text(&path));
    if (creation->made_folder)
        rmdir(creation->folder);
}

static bool write_all(const struct creation *creation)
{
    SP_AUTO(buffer_fini) struct buffer path = {0}, text = {0};
    for (size_t i = 0; i < TEMPLATE_COUNT; i++) {
        if (!target_of(&templates[i], creation, &path))
            continue;
        buffer_clear(&text);
        fill(&text, templates[i].text, creation);
        if (!write_new(buffer_text(&path), &text)) {
            take_back(creation, i);
            return false;
        }
    }
    return true;
}

static bool is_empty(const char *folder)
{
    DIR *entries = opendir(folder);
    bool empty = entries != NULL;
    for (struct dirent *entry; empty && (entry = readdir(entries));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (entries)
        closedir(entries);
    return empty;
}

static bool make_folder(struct creation *creation)
{
    const char *folder = creation->folder;
    creation->made_folder = mkdir(folder, 0777) == 0;
    if (creation->made_folder || (errno == EEXIST && is_empty(folder)))
        return true;
    if (errno == EEXIST || errno == ENOTDIR)
        cmd_complain("name another folder with --directory DIR",
                     "%s is there already, and not an empty folder", folder);
    else
        cmd_complain(NULL, "the folder %s cannot be made: %s", folder, strerror(errno));
    return false;
}

static int wrong_kind(const char *given)
{
    static const char *const ours[] = {"sink", "source"};
    static const struct {
        const char *kind, *copy;
    } others[] = {{"queue", "queue_memory/ has the smallest queue"},
                  {"state", "queue_memory/state.c is the smallest state"},
                  {"letters", "queue_memory/letters.c is the smallest store of dead letters"},
                  {"dead-letters", "queue_memory/letters.c is the smallest store of dead letters"},
                  {"dead_letters", "queue_memory/letters.c is the smallest store of dead letters"}};
    char hint[160];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(given, others[i].kind) == 0) {
            snprintf(hint, sizeof hint, "in scanpipe's sources plugins/%s: copy that", others[i].copy);
            return args_wrong("create", hint, "there is no template for a plugin of kind '%s'", given);
        }
    const char *nearest = near_miss(given, ours, 2);
    snprintf(hint, sizeof hint, "did you mean '%s'?", nearest ? nearest : "");
    return args_wrong("create", nearest ? hint : "KIND is sink or source", "'%s' is no kind of plugin",
                      given);
}

/* A name is part of a file's name, and a word in the pipeline's file. */
static int wrong_name(const struct creation *creation)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz",
                      others[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const char *name = creation->name;
    enum sp_kind kind;
    const struct plugin *known = NULL;
    struct sp_error err = {0};
    if (strspn(name, letters) == 0 || name[strspn(name, others)] || strlen(name) > 40)
        return args_wrong("create", "a to z first, then also 0 to 9 and _, at most 40",
                          "'%s' is no name for a plugin", name);
    if (plugin_kind_of(creation->kind, &kind) && plugin_find(kind, name, &known, &err) == 0)
        return args_wrong("create", known->path, "there is a %s '%s' already", creation->kind, name);
    return 0;
}

/* One word of a shell's command line. */
static void add_word(struct buffer *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
    SP_AUTO(buffer_fini) struct buffer word = {0};
    const char *quote = text[strspn(text, plain)] ? "'" : "";
    buffer_add_text(&word, quote);
    for (; *text; text++)
        if (*text == '\'')
            buffer_add_text(&word, "'\\''");
        else
            buffer_add_char(&word, *text);
    buffer_add_text(&word, quote);
    cmd_add_escaped(out, (struct sp_slice){word.data, word.size});
}

static int create(struct creation *creation)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    if (!make_folder(creation) || !write_all(creation))
        return EXIT_AWAY;
    cmd_add_escaped(&out, sp_slice_of(creation->folder));
    buffer_printf(&out, " has the %s '%s'.  What to do next:\n\n    cd ", creation->kind, creation->name);
    add_word(&out, creation->folder);
    buffer_add_char(&out, '\n');
    fill(&out, howto(creation), creation);
    buffer_add_text(&out,
                    "\nREADME.md there says how to make it your own; scanpipe-plugin(3) has the contract.\n");
    return cmd_print(&out) ? 0 : EXIT_AWAY;
}

int cmd_create(int argc, char **argv)
{
    struct args args = {"create", cmd_create_options, argc, argv};
    struct creation creation = {.build = builds[0]};
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print("create", stdout);
            return 0;
        }
        if (option == OPTION_DIRECTORY)
            creation.folder = optarg;
        int build = option == OPTION_BUILD ? args_choice(&args, "--build", optarg, builds, 2) : 0;
        if (build < 0)
            return EXIT_USAGE;
        if (option == OPTION_BUILD)
            creation.build = builds[build];
    }
    if (!args_count_is(&args, 3, 3, "one of the words 'plugin KIND NAME'"))
        return EXIT_USAGE;
    if (strcmp(argv[optind], "plugin") != 0)
        return args_wrong("create", "scanpipe create plugin sink NAME", "'%s' is nothing to create",
                          argv[optind]);
    creation.kind = argv[optind + 1];
    creation.name = argv[optind + 2];
    if (!args_word_is(TEMPLATE_KINDS, creation.kind))
        return wrong_kind(creation.kind);
    folders_setup();
    int code = wrong_name(&creation);
    char folder[64];
    snprintf(folder, sizeof folder, "%s_%s", creation.kind, creation.name);
    creation.folder = creation.folder ? creation.folder : folder;
    return code ? code : create(&creation);
}
