# SPDX-License-Identifier: Apache-2.0
# The manual.  Pages whose lists of options are made by the program that was just built end in .in here.

dist_man_MANS = man/scanpipe.1 man/scanpipe-kit.1 man/scanapi-sim.1

made_pages = man/scanpipe.yaml.5 man/scanpipe-file.5 man/scanpipe-memory.5 man/scanpipe-null.5
if WITH_SCANAPI
made_pages += man/scanpipe-scanapi.5
endif
if WITH_SQLITE
made_pages += man/scanpipe-sqlite.5
endif
if WITH_SQS
made_pages += man/scanpipe-sqs.5
endif
if WITH_POSTGRES
made_pages += man/scanpipe-postgres.5
endif
if WITH_MSSQL
made_pages += man/scanpipe-mssql.5
endif
nodist_man_MANS = $(made_pages)
CLEANFILES += $(made_pages)

# Another machine's program does not run here: SCANPIPE_FOR_BUILD may name one of the same version that does.
if CROSS_COMPILING
page_program = $(SCANPIPE_FOR_BUILD)
page_inputs =
completion_inputs =
else
page_program = ./scanpipe$(EXEEXT)
page_inputs = scanpipe$(EXEEXT) $(plugin_LTLIBRARIES)
completion_inputs = scanpipe$(EXEEXT)
endif

man/%.5: man/%.5.in build-aux/embed-options.sh $(page_inputs)
	$(AM_V_at)$(MKDIR_P) man
	$(AM_V_GEN)$(SHELL) $(srcdir)/build-aux/embed-options.sh '$(page_program)' $< >$@.new && mv $@.new $@

# Completion in shells, from the tables of commands and options.
if WITH_COMPLETION
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
nodist_bashcompletion_DATA = completion/scanpipe
nodist_zshcompletion_DATA = completion/_scanpipe
nodist_fishcompletion_DATA = completion/scanpipe.fish
CLEANFILES += completion/scanpipe completion/_scanpipe completion/scanpipe.fish

completion_print = $(MKDIR_P) completion && ASAN_OPTIONS=detect_leaks=0 $(page_program) completion
completion/scanpipe: $(completion_inputs)
	$(AM_V_GEN)$(completion_print) bash >$@.new && mv $@.new $@
completion/_scanpipe: $(completion_inputs)
	$(AM_V_GEN)$(completion_print) zsh >$@.new && mv $@.new $@
completion/scanpipe.fish: $(completion_inputs)
	$(AM_V_GEN)$(completion_print) fish >$@.new && mv $@.new $@
endif

TESTS += tests/lint/manual_test.sh tests/e2e/completion_test.sh
EXTRA_DIST += build-aux/embed-options.sh man/README.md tests/lint/manual_test.sh \
	tests/e2e/completion_test.sh tests/e2e/complete.zsh \
	man/scanpipe-file.5.in \
	man/scanpipe-memory.5.in \
	man/scanpipe-mssql.5.in \
	man/scanpipe-null.5.in \
	man/scanpipe-postgres.5.in \
	man/scanpipe-scanapi.5.in \
	man/scanpipe-sqlite.5.in \
	man/scanpipe-sqs.5.in \
	man/scanpipe.yaml.5.in
