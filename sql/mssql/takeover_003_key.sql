-- SPDX-License-Identifier: Apache-2.0
--
-- As state_001 makes it.

IF SERVERPROPERTY('Babelfish') IS NULL
ALTER TABLE [ProcessingState] DROP CONSTRAINT [ProcessingStatePipeline];
ALTER TABLE [ProcessingState] ADD PRIMARY KEY ([Pipeline])
