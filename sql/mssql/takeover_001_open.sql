-- SPDX-License-Identifier: Apache-2.0
--
-- For the state, where ProcessingState is that of the worker that scanpipe replaces: one row, whose Id is 1 by a
-- check.  It becomes a table with a row a pipeline; Id stays for those who ask by it.  Constraints and defaults
-- have names that the server gave them.  A column is not known in the batch that adds it: hence three steps.

DECLARE @drop NVARCHAR(MAX) = N'';
SELECT @drop = @drop + N'ALTER TABLE [ProcessingState] DROP CONSTRAINT ' + QUOTENAME(o.[name]) + N'; '
    FROM sys.objects AS o
    WHERE o.[parent_object_id] = OBJECT_ID(N'ProcessingState') AND o.[type] IN ('C', 'D', 'PK', 'UQ');
EXEC sp_executesql @drop;
ALTER TABLE [ProcessingState] ALTER COLUMN [Id] INT NULL;
ALTER TABLE [ProcessingState] ADD [Pipeline] NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NULL
