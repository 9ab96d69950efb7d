#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# queue_sqs keeps the contract, over the stand-in for SQS.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"
# shellcheck source=tests/sqs/servers.sh
. "$root/tests/sqs/servers.sh"
trap 'stop_all_sqs; clean_up' EXIT

object=$(plugin queue_sqs) || skip_all "queue_sqs was not built"
begin_with_stub

# One queue for all checks: one at a time.
queue=$(sqs_make_queue kit)
jobs=1 conforms "queue sqs" queue "$object" "url=$queue" --apart "url=$(sqs_make_queue kit-apart)"
is "the stand-in did not crash" "$(stub_stat crashes)" 0
finish
