-- SPDX-License-Identifier: Apache-2.0
--
-- The row that was there is that of the pipeline that takes it over.

DECLARE @j NVARCHAR(MAX) = ?;
UPDATE [ProcessingState] SET [Pipeline] = (SELECT p.[pipeline] FROM OPENJSON(@j) WITH ([pipeline] NVARCHAR(200)) AS p)
