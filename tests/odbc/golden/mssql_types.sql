-- SPDX-License-Identifier: Apache-2.0

-- Keys compare code by code. T-SQL takes 'a' and 'a ' for equal all the same: the length beside the key tells them
-- apart. A character may be two units of UTF-16: NVARCHAR(2n) holds n of any script. Columns of a group may be NULL: a
-- row is there once any event of its key came.
CREATE TABLE [tracking].[Everything] ([Code] NVARCHAR(40) COLLATE Latin1_General_100_BIN2 NOT NULL, [Day] DATETIMEOFFSET(7) NOT NULL, [Amount] DECIMAL(12,3) NULL, [Cheapest] DECIMAL(12,3) NULL, [Flag] BIT NULL, [Note] NVARCHAR(MAX) NULL, [Whole] NVARCHAR(MAX) NULL, [Order_4edec46a] BIGINT NULL, [Code_Bytes] AS DATALENGTH([Code]) PERSISTED NOT NULL, PRIMARY KEY ([Code], [Code_Bytes], [Day]));

-- A column that came later; reading the source again fills it.
ALTER TABLE [tracking].[Everything] ADD [Order_4edec46a] BIGINT NULL;

-- Safe with many writers, at any isolation level, READ_COMMITTED_SNAPSHOT included. UPDLOCK and SERIALIZABLE lock each
-- key of the batch while UPDATE looks for it: the row, or, where it is missing, the gap, and keep that to the end of
-- the transaction. A second writer of the key waits at its own look, and then sees what the first one left: so no
-- update is lost, and nobody can insert between UPDATE and INSERT: no key collides. LOOP JOIN and FORCE ORDER look keys
-- up one by one as the batch has them, which is sorted by key: two writers lock in one order; a deadlock that comes
-- about all the same is 1205, undone, and written again. MAXDOP 1 keeps that order. Babelfish ignores the hints: there
-- the application lock, which ends with the transaction, lets one writer in at a time.
-- Each group decides by its own order; WHERE keeps repeats from writing anything, EXCEPT takes NULL for equal to NULL.
-- Text comes as NVARCHAR(MAX): what is too long is an error of the column and is not cut. It says a collation: that of
-- the database and that of a column, where they differ, cannot both be in one CASE (457); assigned it takes the
-- column's. What fails is undone whole, by CATCH, or, where the client goes, by XACT_ABORT.
SET NOCOUNT ON; SET XACT_ABORT ON; DECLARE @j NVARCHAR(MAX) = ?; DECLARE @touched INT = 0; DECLARE @lock INT;
BEGIN TRY BEGIN TRANSACTION;
    IF CAST(SERVERPROPERTY('Babelfish') AS INT) = 1 BEGIN EXEC @lock = sp_getapplock @Resource = N'scanpipe [tracking].[Everything]', @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 10000;
        IF @lock < 0 THROW 51222, 'scanpipe waited too long for its lock', 1; END;
UPDATE t SET [Amount] = CASE WHEN s.c2 > t.[Amount] OR (t.[Amount] IS NULL AND s.c2 IS NOT NULL)
        THEN s.c2 ELSE t.[Amount] END,
    [Cheapest] = CASE WHEN s.c3 < t.[Cheapest] OR (t.[Cheapest] IS NULL AND s.c3 IS NOT NULL)
        THEN s.c3 ELSE t.[Cheapest] END,
    [Flag] = CASE WHEN s.c7 >= t.[Order_4edec46a] OR (t.[Order_4edec46a] IS NULL AND s.c7 IS NOT NULL)
        THEN s.c4 ELSE t.[Flag] END,
    [Note] = CASE WHEN s.c7 >= t.[Order_4edec46a] OR (t.[Order_4edec46a] IS NULL AND s.c7 IS NOT NULL)
        THEN s.c5 COLLATE Latin1_General_100_BIN2 ELSE t.[Note] END,
    [Whole] = CASE WHEN s.c7 >= t.[Order_4edec46a] OR (t.[Order_4edec46a] IS NULL AND s.c7 IS NOT NULL)
        THEN s.c6 COLLATE Latin1_General_100_BIN2 ELSE t.[Whole] END,
    [Order_4edec46a] = CASE WHEN s.c7 >= t.[Order_4edec46a] OR (t.[Order_4edec46a] IS NULL AND s.c7 IS NOT NULL)
        THEN s.c7 ELSE t.[Order_4edec46a] END
    FROM OPENJSON(@j) WITH (c0 NVARCHAR(MAX), c1 DATETIMEOFFSET(7), c2 DECIMAL(12,3), c3 DECIMAL(12,3), c4 BIT, c5 NVARCHAR(MAX), c6 NVARCHAR(MAX), c7 BIGINT) AS s
    INNER JOIN [tracking].[Everything] AS t WITH (UPDLOCK, SERIALIZABLE) ON t.[Code] = CAST(s.c0 AS NVARCHAR(4000)) COLLATE Latin1_General_100_BIN2 AND DATALENGTH(t.[Code]) = DATALENGTH(s.c0) AND t.[Day] = s.c1
    WHERE s.c2 > t.[Amount] OR (t.[Amount] IS NULL AND s.c2 IS NOT NULL) OR s.c3 < t.[Cheapest] OR (t.[Cheapest] IS NULL AND s.c3 IS NOT NULL) OR s.c7 > t.[Order_4edec46a] OR (t.[Order_4edec46a] IS NULL AND s.c7 IS NOT NULL) OR (s.c7 = t.[Order_4edec46a] AND EXISTS (SELECT s.c4, CAST(s.c5 AS VARBINARY(MAX)), CAST(s.c6 AS VARBINARY(MAX)) EXCEPT SELECT t.[Flag], CAST(t.[Note] AS VARBINARY(MAX)), CAST(t.[Whole] AS VARBINARY(MAX))))
    OPTION (LOOP JOIN, FORCE ORDER, MAXDOP 1);
SET @touched = @@ROWCOUNT;
INSERT INTO [tracking].[Everything] ([Code], [Day], [Amount], [Cheapest], [Flag], [Note], [Whole], [Order_4edec46a])
    SELECT s.c0, s.c1, s.c2, s.c3, s.c4, s.c5, s.c6, s.c7
    FROM OPENJSON(@j) WITH (c0 NVARCHAR(MAX), c1 DATETIMEOFFSET(7), c2 DECIMAL(12,3), c3 DECIMAL(12,3), c4 BIT, c5 NVARCHAR(MAX), c6 NVARCHAR(MAX), c7 BIGINT) AS s
    WHERE NOT EXISTS (SELECT 1 FROM [tracking].[Everything] AS t WITH (UPDLOCK, SERIALIZABLE)
    WHERE t.[Code] = CAST(s.c0 AS NVARCHAR(4000)) COLLATE Latin1_General_100_BIN2 AND DATALENGTH(t.[Code]) = DATALENGTH(s.c0) AND t.[Day] = s.c1)
    OPTION (LOOP JOIN, FORCE ORDER, MAXDOP 1);
SET @touched = @touched + @@ROWCOUNT;
COMMIT TRANSACTION;
END TRY BEGIN CATCH IF XACT_STATE() <> 0 ROLLBACK TRANSACTION; THROW; END CATCH;
SELECT @touched;

-- Rows that are not there do not come. Text, so that no driver changes a value.
SET NOCOUNT ON; SET XACT_ABORT ON; DECLARE @j NVARCHAR(MAX) = ?;
    SELECT s.n, t.[Code], REPLACE(CONVERT(NVARCHAR(27), CAST(SWITCHOFFSET(CAST(t.[Day] AS DATETIMEOFFSET(7)), '+00:00') AS DATETIME2(7)), 121), ' ', 'T') + 'Z', CAST(t.[Amount] AS NVARCHAR(50)), CAST(t.[Cheapest] AS NVARCHAR(50)), CAST(t.[Flag] AS NVARCHAR(50)), t.[Note], t.[Whole], CAST(t.[Order_4edec46a] AS NVARCHAR(50))
    FROM OPENJSON(@j) WITH (n BIGINT, c0 NVARCHAR(MAX), c1 DATETIMEOFFSET(7)) AS s
    INNER JOIN [tracking].[Everything] AS t ON t.[Code] = CAST(s.c0 AS NVARCHAR(4000)) COLLATE Latin1_General_100_BIN2 AND DATALENGTH(t.[Code]) = DATALENGTH(s.c0) AND t.[Day] = s.c1
    OPTION (LOOP JOIN, FORCE ORDER);
