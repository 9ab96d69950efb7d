-- SPDX-License-Identifier: Apache-2.0
--
-- As state_001 makes it.

ALTER TABLE [ProcessingState] ALTER COLUMN [Pipeline] NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NOT NULL;
ALTER TABLE [ProcessingState] ADD PRIMARY KEY ([Pipeline])
