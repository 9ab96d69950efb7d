/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/args.h"

#include "cmd/cmd.h"
#include "config/near.h"

#include <stdarg.h>
#include <stdio.h>

int args_wrong(const char *command, const char *hint, const char *format, ...)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    char formatted[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(formatted, sizeof formatted, format, arguments);
    va_end(arguments);
    cmd_add_escaped(&text, sp_slice_of(formatted));
    cmd_complain(hint, "%s", buffer_text(&text));
    fprintf(stderr, "Try 'scanpipe %s%s--help'.\n", command, *command ? " " : "");
    return EXIT_USAGE;
}

/* What was meant by "--untill-caught-up=x". */
static const char *nearest_option(const struct args *args, const char *given)
{
    char name[64];
    const char *candidates[ARGS_MOST];
    size_t count = 0;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given, "="), given);
    for (const struct arg_option *one = args->options; one->name && count < ARGS_MOST; one++)
        candidates[count++] = one->name;
    return near_miss(name, candidates, count);
}

static void tell_unknown(const struct args *args)
{
    if (optopt > 0 && optopt < 256) {
        args_wrong(args->command, NULL, "unknown option '-%c'", optopt);
        return;
    }
    const char *given = args->argv[optind - 1];
    if (optopt) {
        args_wrong(args->command, NULL, "option '%s' takes no value", given);
        return;
    }
    const char *nearest = nearest_option(args, given + strspn(given, "-"));
    char hint[96];
    snprintf(hint, sizeof hint, "did you mean '--%s'?", nearest ? nearest : "");
    args_wrong(args->command, nearest ? hint : NULL, "unknown option '%s'", given);
}

bool args_word_is(const char *words, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = words; at && *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strcspn(at, " ") == size && strncmp(at, name, size) == 0)
            return true;
    return !words;
}

int args_next(const struct args *args)
{
    struct option options[ARGS_MOST + 1] = {0};
    char letters[2 * ARGS_MOST + 2] = ":";
    size_t count = 0, size = 1;
    for (const struct arg_option *one = args->options; one->name && count < ARGS_MOST; one++) {
        int has_argument = one->argument ? required_argument : no_argument;
        options[count++] = (struct option){one->name, has_argument, NULL, one->value};
        if (one->value < 256)
            letters[size++] = (char)one->value;
        if (one->value < 256 && one->argument)
            letters[size++] = ':';
    }
    opterr = 0;
    int option = getopt_long(args->argc, args->argv, letters, options, NULL);
    if (option == ':') {
        args_wrong(args->command, NULL, "option '%s' needs a value", args->argv[optind - 1]);
        return ARGS_WRONG;
    }
    if (option == '?') {
        tell_unknown(args);
        return ARGS_WRONG;
    }
    return option;
}

static const struct arg_option *option_of(const struct args *args, int value)
{
    const struct arg_option *one = args->options;
    while (one->name && one->value != value)
        one++;
    return one;
}

bool args_fit(const struct args *args, const char *word)
{
    optind = 0;
    for (int value; (value = args_next(args)) != ARGS_END;) {
        const struct arg_option *option = option_of(args, value);
        if (args_word_is(option->words, word))
            continue;
        char hint[96];
        snprintf(hint, sizeof hint, "it goes with: %s", option->words);
        args_wrong(args->command, hint, "option '--%s' is nothing for '%s %s'", option->name, args->command,
                   word);
        return false;
    }
    return true;
}

int args_choice(const struct args *args, const char *option, const char *text, const char *const *names,
                size_t count)
{
    SP_AUTO(buffer_fini) struct buffer hint = {0};
    buffer_add_text(&hint, "it is one of");
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, names[i]) == 0)
            return (int)i;
        buffer_printf(&hint, "%s %s", i ? "," : "", names[i]);
    }
    args_wrong(args->command, buffer_text(&hint), "'%s' is nothing for %s", text, option);
    return -1;
}

bool args_count_is(const struct args *args, int least, int most, const char *what)
{
    int count = args->argc - optind;
    if (count > most)
        args_wrong(args->command, NULL, "unexpected argument '%s'", args->argv[optind + most]);
    else if (count < least)
        args_wrong(args->command, NULL, "%s is missing", what);
    return count >= least && count <= most;
}
