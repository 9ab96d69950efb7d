-- SPDX-License-Identifier: Apache-2.0
--
-- The row that was there is that of the pipeline that takes it over.  A column cannot become NOT NULL on Babelfish:
-- so it is from the start, by a default that the next step takes away where that can be.

DECLARE @j NVARCHAR(MAX) = ?, @add NVARCHAR(1000);
SELECT @add = N'ALTER TABLE [ProcessingState] ADD [Pipeline] NVARCHAR(200) COLLATE Latin1_General_100_BIN2'
    + N' NOT NULL CONSTRAINT [ProcessingStatePipeline] DEFAULT N''' + REPLACE(p.[pipeline], N'''', N'''''') + N''''
    FROM OPENJSON(@j) WITH ([pipeline] NVARCHAR(200)) AS p;
EXEC sp_executesql @add;
UPDATE [ProcessingState] SET [Id] = 1
