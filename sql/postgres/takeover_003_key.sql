-- SPDX-License-Identifier: Apache-2.0
--
-- As state_001 makes it.

ALTER TABLE "ProcessingState"
    ALTER COLUMN "Pipeline" SET NOT NULL,
    ADD PRIMARY KEY ("Pipeline")
