-- SPDX-License-Identifier: Apache-2.0

-- A character may be two units of UTF-16: NVARCHAR(2n) holds n of any script. Columns of a group may be NULL: a row
-- is there once any event of its key came.
CREATE TABLE [ParcelSummary] ([ParcelId] INT NOT NULL, [LatestEventId] BIGINT NULL, [LatestType] NVARCHAR(100) NULL, [PickedUpAtUtc] DATETIMEOFFSET(7) NULL, [PickedUpEventId] BIGINT NULL, PRIMARY KEY ([ParcelId]));

-- A column that came later; reading the source again fills it.
ALTER TABLE [ParcelSummary] ADD [PickedUpEventId] BIGINT NULL;

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
    IF CAST(SERVERPROPERTY('Babelfish') AS INT) = 1 BEGIN EXEC @lock = sp_getapplock @Resource = N'scanpipe [ParcelSummary]', @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 10000;
        IF @lock < 0 THROW 51222, 'scanpipe waited too long for its lock', 1; END;
UPDATE t SET [LatestEventId] = CASE WHEN s.c1 >= t.[LatestEventId] OR (t.[LatestEventId] IS NULL AND s.c1 IS NOT NULL)
        THEN s.c1 ELSE t.[LatestEventId] END,
    [LatestType] = CASE WHEN s.c1 >= t.[LatestEventId] OR (t.[LatestEventId] IS NULL AND s.c1 IS NOT NULL)
        THEN s.c2 COLLATE Latin1_General_100_BIN2 ELSE t.[LatestType] END,
    [PickedUpAtUtc] = CASE WHEN s.c4 <= t.[PickedUpEventId] OR (t.[PickedUpEventId] IS NULL AND s.c4 IS NOT NULL)
        THEN s.c3 ELSE t.[PickedUpAtUtc] END,
    [PickedUpEventId] = CASE WHEN s.c4 <= t.[PickedUpEventId] OR (t.[PickedUpEventId] IS NULL AND s.c4 IS NOT NULL)
        THEN s.c4 ELSE t.[PickedUpEventId] END
    FROM OPENJSON(@j) WITH (c0 INT, c1 BIGINT, c2 NVARCHAR(MAX), c3 DATETIMEOFFSET(7), c4 BIGINT) AS s
    INNER JOIN [ParcelSummary] AS t WITH (UPDLOCK, SERIALIZABLE) ON t.[ParcelId] = s.c0
    WHERE s.c1 > t.[LatestEventId] OR (t.[LatestEventId] IS NULL AND s.c1 IS NOT NULL) OR (s.c1 = t.[LatestEventId] AND EXISTS (SELECT CAST(s.c2 AS VARBINARY(MAX)) EXCEPT SELECT CAST(t.[LatestType] AS VARBINARY(MAX))))
        OR s.c4 < t.[PickedUpEventId] OR (t.[PickedUpEventId] IS NULL AND s.c4 IS NOT NULL) OR (s.c4 = t.[PickedUpEventId] AND EXISTS (SELECT s.c3 EXCEPT SELECT t.[PickedUpAtUtc]))
    OPTION (LOOP JOIN, FORCE ORDER, MAXDOP 1);
SET @touched = @@ROWCOUNT;
INSERT INTO [ParcelSummary] ([ParcelId], [LatestEventId], [LatestType], [PickedUpAtUtc], [PickedUpEventId])
    SELECT s.c0, s.c1, s.c2, s.c3, s.c4
    FROM OPENJSON(@j) WITH (c0 INT, c1 BIGINT, c2 NVARCHAR(MAX), c3 DATETIMEOFFSET(7), c4 BIGINT) AS s
    WHERE NOT EXISTS (SELECT 1 FROM [ParcelSummary] AS t WITH (UPDLOCK, SERIALIZABLE)
    WHERE t.[ParcelId] = s.c0)
    OPTION (LOOP JOIN, FORCE ORDER, MAXDOP 1);
SET @touched = @touched + @@ROWCOUNT;
COMMIT TRANSACTION;
END TRY BEGIN CATCH IF XACT_STATE() <> 0 ROLLBACK TRANSACTION; THROW; END CATCH;
SELECT @touched;

-- Rows that are not there do not come. Text, so that no driver changes a value.
SET NOCOUNT ON; SET XACT_ABORT ON; DECLARE @j NVARCHAR(MAX) = ?;
    SELECT s.n, CAST(t.[ParcelId] AS NVARCHAR(50)), CAST(t.[LatestEventId] AS NVARCHAR(50)), t.[LatestType], REPLACE(CONVERT(NVARCHAR(27), CAST(SWITCHOFFSET(CAST(t.[PickedUpAtUtc] AS DATETIMEOFFSET(7)), '+00:00') AS DATETIME2(7)), 121), ' ', 'T') + 'Z', CAST(t.[PickedUpEventId] AS NVARCHAR(50))
    FROM OPENJSON(@j) WITH (n BIGINT, c0 INT) AS s
    INNER JOIN [ParcelSummary] AS t ON t.[ParcelId] = s.c0
    OPTION (LOOP JOIN, FORCE ORDER);
