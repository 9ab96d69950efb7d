/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/completion.h"

static const char head[] =
    "# fish completion for scanpipe: what `scanpipe completion fish` prints.\n"
    "\n"
    "# Whether the command line is about this command, and this one of its words; '' before there is one.\n"
    "function __scanpipe_at -a command words word\n"
    "    set -l tokens (commandline -opc)\n"
    "    set -l here run\n"
    "    set -l found ''\n"
    "    if set -q tokens[2]; and not string match -q -- '-*' $tokens[2]\n"
    "        set here $tokens[2]\n"
    "    end\n"
    "    test \"$here\" = \"$command\"; or return 1\n"
    "    set -e tokens[1]\n"
    "    for token in $tokens[2..-1]\n"
    "        if contains -- $token (string split ' ' -- $words)\n"
    "            set found $token\n"
    "            break\n"
    "        end\n"
    "    end\n"
    "    test \"$found\" = \"$word\"\n"
    "end\n"
    "\n"
    "function __scanpipe_first\n"
    "    test (count (commandline -opc)) -eq 1\n"
    "end\n"
    "\n"
    "function __scanpipe_plugins -a wanted\n"
    "    set -l tokens (commandline -opc)\n"
    "    test \"$tokens[-1]\" = \"$wanted\"; or return\n"
    "    $tokens[1] plugins 2>/dev/null | while read -l kind name rest\n"
    "        test \"$kind\" = \"$wanted\"; and echo $name\n"
    "    end\n"
    "end\n"
    "\n"
    "function __scanpipe_behind -a word\n"
    "    set -l tokens (commandline -opc)\n"
    "    test \"$tokens[-1]\" = \"$word\"; and printf '%s\\n' $argv[2..-1]\n"
    "end\n"
    "\n"
    "complete -c scanpipe -f\n";

static const char quote[] = "\\'";

static void add_line(struct buffer *out, const char *condition)
{
    buffer_add_text(out, "complete -c scanpipe -n ");
    completion_add_quoted(out, condition, quote);
}

static void add_at(struct buffer *out, const struct command *command, const char *word)
{
    SP_AUTO(buffer_fini) struct buffer condition = {0};
    buffer_printf(&condition, "__scanpipe_at %s '", command->name);
    completion_add_words(&condition, command);
    buffer_printf(&condition, "' '%s'", word);
    add_line(out, buffer_text(&condition));
}

static void add_command(struct buffer *out, const struct command *command)
{
    add_line(out, "__scanpipe_first");
    buffer_printf(out, " -a %s -d ", command->name);
    completion_add_quoted(out, command->summary, quote);
    buffer_add_char(out, '\n');
    if (command->words || command->rest == REST_COMMAND) {
        add_at(out, command, "");
        buffer_add_text(out, " -a '");
        completion_add_words(out, command);
        buffer_add_text(out, "'\n");
    }
    if (command->rest == REST_FILES) {
        add_at(out, command, "");
        buffer_add_text(out, " -F\n");
    }
}

static void add_option(struct buffer *out, const struct arg_option *option)
{
    if (option->value < 256)
        buffer_printf(out, " -s %c", option->value);
    buffer_printf(out, " -l %s", option->name);
    if (option->choices)
        buffer_printf(out, " -x -a '%s'", option->choices);
    else if (option->argument)
        buffer_add_text(out, completion_is_path(option) ? " -r -F" : " -x");
    buffer_add_text(out, " -d ");
    completion_add_quoted(out, option->doc, quote);
    buffer_add_char(out, '\n');
}

static void add_options(struct buffer *out, const struct command *command, const char *word)
{
    for (const struct arg_option *option = command->options; option->name; option++) {
        if (*word && !args_word_is(option->words, word))
            continue;
        add_at(out, command, word);
        add_option(out, option);
    }
    if (command->rest == REST_PLUGIN && *word) {
        add_at(out, command, word);
        buffer_printf(out, " -a '(__scanpipe_plugins %s)'\n", word);
    }
    if (command->rest == REST_KIND && *word) {
        add_at(out, command, word);
        buffer_printf(out, " -a '(__scanpipe_behind %s %s)'\n", word, TEMPLATE_KINDS);
    }
}

const struct completion_shell completion_fish = {head, add_command, NULL, add_options, NULL};
