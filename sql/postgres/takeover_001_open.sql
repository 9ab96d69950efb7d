-- SPDX-License-Identifier: Apache-2.0
--
-- For the state, where ProcessingState is that of the worker that scanpipe replaces: one row, whose Id is 1 by a
-- check.  It becomes a table with a row a pipeline; Id stays for those who ask by it.

DO $$
DECLARE c record;
BEGIN
FOR c IN SELECT conname FROM pg_catalog.pg_constraint WHERE conrelid = '"ProcessingState"'::regclass LOOP
EXECUTE format('ALTER TABLE "ProcessingState" DROP CONSTRAINT %I', c.conname);
END LOOP;
END $$;

ALTER TABLE "ProcessingState"
    ALTER COLUMN "Id" DROP NOT NULL,
    ALTER COLUMN "Id" DROP DEFAULT,
    ADD COLUMN "Pipeline" text COLLATE "C"
