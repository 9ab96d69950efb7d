# SPDX-License-Identifier: Apache-2.0
# What is read beside the manual, and the pipelines to copy.

# All in one folder, where a link to another one leads nowhere; docs/README.md would lie over the project's own.
dist_doc_DATA = README.md SECURITY.md ChangeLog \
	docs/architecture.md \
	docs/decisions.md \
	docs/moving.md \
	docs/operating.md
EXTRA_DIST += docs/README.md tests/lint/docs.py tests/lint/docs_test.sh tests/e2e/backup_test.sh
TESTS += tests/lint/docs_test.sh tests/e2e/backup_test.sh

examplesdir = $(docdir)/examples
dist_examples_DATA = \
	conf/README.md \
	conf/backfill.yaml \
	conf/deliver.yaml \
	conf/file-to-file.yaml \
	conf/history.yaml \
	conf/ingest.yaml \
	conf/mssql.yaml \
	conf/postgres.yaml \
	conf/quickstart.yaml \
	conf/service.yaml \
	conf/sqs-deliver.yaml \
	conf/sqs-ingest.yaml \
	conf/sqs.yaml
