-- SPDX-License-Identifier: Apache-2.0
--
-- For the state, where ProcessingState is that of the worker that scanpipe replaces: one row, whose Id is 1 by a
-- check.  It becomes a table with a row a pipeline; Id stays for those who ask by it, and may be NULL.  Constraints
-- and defaults have names that the server gave them.  A column is not known in the batch that adds it: hence three
-- steps.  Babelfish shows defaults that it cannot drop, and cannot let a column be NULL: so Id is made anew.

DECLARE @name NVARCHAR(258), @drop NVARCHAR(1000);
WHILE 1 = 1 BEGIN
    SET @name = NULL;
    SELECT TOP (1) @name = QUOTENAME(o.[name]) FROM sys.objects AS o
        WHERE o.[parent_object_id] = OBJECT_ID(N'ProcessingState') AND (o.[type] IN ('C', 'PK', 'UQ')
        OR (o.[type] = 'D' AND SERVERPROPERTY('Babelfish') IS NULL));
    IF @name IS NULL BREAK;
    SET @drop = N'ALTER TABLE [ProcessingState] DROP CONSTRAINT ' + @name;
    EXEC sp_executesql @drop;
END;
ALTER TABLE [ProcessingState] DROP COLUMN [Id];
ALTER TABLE [ProcessingState] ADD [Id] INT NULL
