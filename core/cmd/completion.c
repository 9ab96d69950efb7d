/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/completion.h"

#include "cmd/cmd.h"

const struct arg_option cmd_completion_options[] = {ARG_HELP_OPTION, ARG_END_OPTION};

void completion_add_words(struct buffer *out, const struct command *command)
{
    if (command->words)
        buffer_add_text(out, command->words);
    for (const struct command *one = commands; command->rest == REST_COMMAND && one->name; one++)
        buffer_printf(out, "%s%s", one == commands ? "" : " ", one->name);
}

bool completion_is_path(const struct arg_option *option)
{
    return option->argument && args_word_is("FILE DIR", option->argument);
}

void completion_add_quoted(struct buffer *out, const char *text, const char *quote)
{
    buffer_add_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buffer_add_text(out, quote);
        else
            buffer_add_char(out, *text);
    }
    buffer_add_char(out, '\'');
}

static void add_script(struct buffer *out, const struct completion_shell *shell)
{
    buffer_add_text(out, shell->head);
    for (const struct command *command = commands; command->name; command++)
        shell->command(out, command);
    buffer_add_text(out, shell->middle ? shell->middle : "");
    for (const struct command *command = commands; command->name; command++) {
        shell->options(out, command, "");
        for (const char *at = command->words; at && *at; at += strspn(at, " ")) {
            char word[32];
            snprintf(word, sizeof word, "%.*s", (int)strcspn(at, " "), at);
            shell->options(out, command, word);
            at += strcspn(at, " ");
        }
    }
    buffer_add_text(out, shell->tail ? shell->tail : "");
}

int cmd_completion(int argc, char **argv)
{
    static const char *const names[] = {"bash", "zsh", "fish"};
    const struct completion_shell *const shells[] = {&completion_bash, &completion_zsh, &completion_fish};
    struct args args = {"completion", cmd_completion_options, argc, argv};
    SP_AUTO(buffer_fini) struct buffer out = {0};
    int option = args_next(&args);
    if (option == 'h') {
        help_print("completion", stdout);
        return 0;
    }
    if (option == ARGS_WRONG || !args_count_is(&args, 1, 1, "the shell (bash, zsh or fish)"))
        return EXIT_USAGE;
    int shell = args_choice(&args, "'completion'", argv[optind], names, 3);
    if (shell < 0)
        return EXIT_USAGE;
    add_script(&out, shells[shell]);
    return cmd_print(&out) ? 0 : EXIT_AWAY;
}
