-- SPDX-License-Identifier: Apache-2.0

-- A character may be two units of UTF-16: NVARCHAR(2n) holds n of any script. Columns of a group may be NULL: a row
-- is there once any event of its key came.
CREATE TABLE [Scans] ([ParcelId] INT NOT NULL, [EventId] BIGINT NOT NULL, [Type] NVARCHAR(100) NULL, PRIMARY KEY ([ParcelId], [EventId]));

-- A column that came later; reading the source again fills it.
ALTER TABLE [Scans] ADD [Type] NVARCHAR(100) NULL;

-- Safe with many writers, at any isolation level: UPDLOCK and SERIALIZABLE lock the row, or the gap where it is missing,
-- to the end of the transaction; whoever comes second waits for the first, and does nothing where that one has
-- committed. Babelfish ignores the hints: there the application lock lets one writer in at a time.
SET NOCOUNT ON; SET XACT_ABORT ON; DECLARE @j NVARCHAR(MAX) = ?; DECLARE @touched INT = 0; DECLARE @lock INT;
BEGIN TRY BEGIN TRANSACTION;
    IF CAST(SERVERPROPERTY('Babelfish') AS INT) = 1 BEGIN EXEC @lock = sp_getapplock @Resource = N'scanpipe [Scans]', @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 10000;
        IF @lock < 0 THROW 51222, 'scanpipe waited too long for its lock', 1; END;
INSERT INTO [Scans] ([ParcelId], [EventId], [Type])
    SELECT s.c0, s.c1, s.c2
    FROM OPENJSON(@j) WITH (c0 INT, c1 BIGINT, c2 NVARCHAR(MAX)) AS s
    WHERE NOT EXISTS (SELECT 1 FROM [Scans] AS t WITH (UPDLOCK, SERIALIZABLE)
    WHERE t.[ParcelId] = s.c0 AND t.[EventId] = s.c1)
    OPTION (LOOP JOIN, FORCE ORDER, MAXDOP 1);
SET @touched = @touched + @@ROWCOUNT;
COMMIT TRANSACTION;
END TRY BEGIN CATCH IF XACT_STATE() <> 0 ROLLBACK TRANSACTION; THROW; END CATCH;
SELECT @touched;

-- Rows that are not there do not come. Text, so that no driver changes a value.
SET NOCOUNT ON; SET XACT_ABORT ON; DECLARE @j NVARCHAR(MAX) = ?;
    SELECT s.n, CAST(t.[ParcelId] AS NVARCHAR(50)), CAST(t.[EventId] AS NVARCHAR(50)), t.[Type]
    FROM OPENJSON(@j) WITH (n BIGINT, c0 INT, c1 BIGINT) AS s
    INNER JOIN [Scans] AS t ON t.[ParcelId] = s.c0 AND t.[EventId] = s.c1
    OPTION (LOOP JOIN, FORCE ORDER);
