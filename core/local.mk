# SPDX-License-Identifier: Apache-2.0
# The program has every object of the core, so that plugins find the whole API in it; tests link the
# same objects from a library.

base_sources = \
	core/base/arena.c \
	core/base/arena.h \
	core/base/buffer.c \
	core/base/buffer.h \
	core/base/clock.c \
	core/base/clock.h \
	core/base/digest.c \
	core/base/envelope.c \
	core/base/error.c \
	core/base/file.c \
	core/base/file.h \
	core/base/json.c \
	core/base/json_inside.h \
	core/base/json_paths.c \
	core/base/json_text.c \
	core/base/log.c \
	core/base/log.h \
	core/base/mem.c \
	core/base/mem.h \
	core/base/notify.c \
	core/base/notify.h \
	core/base/time.c \
	core/base/utf8.c \
	core/base/utf8.h

config_sources = \
	core/config/diag.c \
	core/config/diag.h \
	core/config/diag_inside.h \
	core/config/diag_text.c \
	core/config/expand.c \
	core/config/near.c \
	core/config/near.h \
	core/config/option_parse.c \
	core/config/option_store.c \
	core/config/options.h \
	core/config/options_check.c \
	core/config/options_describe.c \
	core/config/options_inside.h \
	core/config/options_read.c \
	core/config/options_same.c \
	core/config/options_unknown.c \
	core/config/secret.c \
	core/config/secret.h \
	core/config/yaml.c \
	core/config/yaml.h \
	core/config/yaml_bytes.c \
	core/config/yaml_inside.h \
	core/config/yaml_node.c \
	core/config/yaml_syntax.c

plugin_sources = \
	core/plugin/abi.c \
	core/plugin/abi.h \
	core/plugin/elf.c \
	core/plugin/elf.h \
	core/plugin/loader.c \
	core/plugin/plugin.h

table_sources = \
	core/table/block.c \
	core/table/block.h \
	core/table/block_column.c \
	core/table/block_scalar.c \
	core/table/compile.c \
	core/table/condition.c \
	core/table/condition.h \
	core/table/decimal.c \
	core/table/fingerprint.c \
	core/table/fold.c \
	core/table/fold.h \
	core/table/group.c \
	core/table/group.h \
	core/table/identity.c \
	core/table/join.c \
	core/table/join.h \
	core/table/plan.h \
	core/table/sort.c \
	core/table/sort.h \
	core/table/table.h \
	core/table/value.c \
	core/table/value.h

engine_sources = \
	core/engine/batch.c \
	core/engine/batch.h \
	core/engine/breaker.c \
	core/engine/breaker.h \
	core/engine/call.c \
	core/engine/call.h \
	core/engine/caretaker.c \
	core/engine/caretaker.h \
	core/engine/clerk.c \
	core/engine/crew.c \
	core/engine/deliver.c \
	core/engine/deliver.h \
	core/engine/doubt.c \
	core/engine/engine.c \
	core/engine/engine.h \
	core/engine/framing.c \
	core/engine/framing.h \
	core/engine/holder.c \
	core/engine/holder.h \
	core/engine/ingest.c \
	core/engine/ingest.h \
	core/engine/judge.c \
	core/engine/keeper.c \
	core/engine/lease.c \
	core/engine/lease.h \
	core/engine/letter.c \
	core/engine/letter.h \
	core/engine/letters.c \
	core/engine/mark_book.c \
	core/engine/mark_book.h \
	core/engine/marks.c \
	core/engine/marks.h \
	core/engine/marks_text.c \
	core/engine/oversize.c \
	core/engine/oversize.h \
	core/engine/pack.c \
	core/engine/pack.h \
	core/engine/pause.c \
	core/engine/pause.h \
	core/engine/pipeline.c \
	core/engine/pipeline.h \
	core/engine/pipeline_options.c \
	core/engine/pipeline_options.h \
	core/engine/pipeline_rules.c \
	core/engine/pipeline_rules.h \
	core/engine/pipeline_sections.c \
	core/engine/pipeline_sections.h \
	core/engine/place.c \
	core/engine/place.h \
	core/engine/poller.c \
	core/engine/prepare.c \
	core/engine/pulse.c \
	core/engine/pulse.h \
	core/engine/rate.c \
	core/engine/rate.h \
	core/engine/reader.c \
	core/engine/record.c \
	core/engine/record.h \
	core/engine/record_json.c \
	core/engine/record_json.h \
	core/engine/retry.c \
	core/engine/retry.h \
	core/engine/sender.c \
	core/engine/settle.c \
	core/engine/storing.c \
	core/engine/storing.h \
	core/engine/trial.c \
	core/engine/trial.h \
	core/engine/trial_pick.c \
	core/engine/upkeep.c \
	core/engine/upkeep.h \
	core/engine/verdicts.c \
	core/engine/verdicts.h \
	core/engine/work.h \
	core/engine/write.c \
	core/engine/write.h

ops_sources = \
	core/ops/cells.c \
	core/ops/cells.h \
	core/ops/choose.c \
	core/ops/choose.h \
	core/ops/cursor.c \
	core/ops/cursor.h \
	core/ops/folded.c \
	core/ops/folded.h \
	core/ops/halves.c \
	core/ops/halves.h \
	core/ops/hand.c \
	core/ops/hand.h \
	core/ops/migrate.c \
	core/ops/migrate.h \
	core/ops/purge.c \
	core/ops/purge.h \
	core/ops/records.c \
	core/ops/records.h \
	core/ops/redrive.c \
	core/ops/redrive.h \
	core/ops/remove.c \
	core/ops/remove.h \
	core/ops/replay.c \
	core/ops/replay.h \
	core/ops/salvage.c \
	core/ops/salvage.h \
	core/ops/send.c \
	core/ops/send.h \
	core/ops/spill.c \
	core/ops/spill.h \
	core/ops/spot.c \
	core/ops/spot.h \
	core/ops/verify.c \
	core/ops/verify.h \
	core/ops/verify_compare.c \
	core/ops/verify_compare.h \
	core/ops/verify_feed.c \
	core/ops/verify_inside.h \
	core/ops/verify_letters.c \
	core/ops/verify_rows.c \
	core/ops/verify_spill.c \
	core/ops/walk.c \
	core/ops/walk.h

core_sources = $(base_sources) $(config_sources) $(plugin_sources) $(table_sources) $(engine_sources) \
	$(ops_sources)

noinst_LIBRARIES += core/libcore.a
core_libcore_a_SOURCES = $(core_sources) $(cmd_sources)

bin_PROGRAMS += scanpipe
cmd_sources = \
	core/cmd/about.c \
	core/cmd/about.h \
	core/cmd/args.c \
	core/cmd/args.h \
	core/cmd/aside.c \
	core/cmd/aside.h \
	core/cmd/check.c \
	core/cmd/cmd.h \
	core/cmd/commands.c \
	core/cmd/commands.h \
	core/cmd/common.c \
	core/cmd/create.c \
	core/cmd/completion.c \
	core/cmd/completion.h \
	core/cmd/completion_bash.c \
	core/cmd/completion_fish.c \
	core/cmd/completion_zsh.c \
	core/cmd/cursor.c \
	core/cmd/display.c \
	core/cmd/display.h \
	core/cmd/dlq.c \
	core/cmd/dlq.h \
	core/cmd/dlq_act.c \
	core/cmd/dlq_show.c \
	core/cmd/folders.c \
	core/cmd/help.c \
	core/cmd/interrupt.c \
	core/cmd/interrupt.h \
	core/cmd/meter.c \
	core/cmd/meter.h \
	core/cmd/online.c \
	core/cmd/online.h \
	core/cmd/migrate.c \
	core/cmd/output.c \
	core/cmd/output.h \
	core/cmd/pause.c \
	core/cmd/plugins.c \
	core/cmd/queue.c \
	core/cmd/queue.h \
	core/cmd/queue_check.c \
	core/cmd/queue_create.c \
	core/cmd/queue_export.c \
	core/cmd/reload.c \
	core/cmd/reload.h \
	core/cmd/replay.c \
	core/cmd/rows.c \
	core/cmd/rows.h \
	core/cmd/run.c \
	core/cmd/service.c \
	core/cmd/service.h \
	core/cmd/summary.c \
	core/cmd/summary.h \
	core/cmd/table.c \
	core/cmd/test.c \
	core/cmd/verify.c
scanpipe_SOURCES = $(core_sources) $(cmd_sources) core/cmd/main.c
scanpipe_LDADD = $(CORE_LIBS)
scanpipe_LDFLAGS = $(AM_LDFLAGS) -export-dynamic

scanpipeincludedir = $(includedir)/scanpipe
scanpipeinclude_HEADERS = \
	core/include/scanpipe/arena.h \
	core/include/scanpipe/base.h \
	core/include/scanpipe/envelope.h \
	core/include/scanpipe/error.h \
	core/include/scanpipe/host.h \
	core/include/scanpipe/json.h \
	core/include/scanpipe/letters.h \
	core/include/scanpipe/option.h \
	core/include/scanpipe/plugin.h \
	core/include/scanpipe/queue.h \
	core/include/scanpipe/sink.h \
	core/include/scanpipe/source.h \
	core/include/scanpipe/state.h \
	core/include/scanpipe/table.h \
	core/include/scanpipe/time.h
EXTRA_DIST += core/base/README.md core/cmd/README.md core/config/README.md core/engine/README.md core/ops/README.md core/plugin/README.md core/table/README.md
