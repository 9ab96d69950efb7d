# SPDX-License-Identifier: Apache-2.0
# What is read beside the manual, and the pipelines to copy.

dist_doc_DATA = README.md SECURITY.md ChangeLog
EXTRA_DIST += docs/README.md

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
	conf/sqs-deliver.yaml \
	conf/sqs-ingest.yaml \
	conf/sqs.yaml
