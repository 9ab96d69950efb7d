-- SPDX-License-Identifier: Apache-2.0
--
-- The row that was there is that of the pipeline that takes it over.

UPDATE "ProcessingState" SET "Pipeline" = p.pipeline
    FROM json_to_record(CAST(? AS json)) AS p (pipeline text)
