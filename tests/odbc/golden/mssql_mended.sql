-- SPDX-License-Identifier: Apache-2.0
-- What makes a table fit that is there.  The first two run in the transaction that adds the column, which nobody
-- else sees before it ends; each as a batch of its own, since the batch that adds a column does not know it yet.

-- An order that was just added, where the row has anything of the group.
EXEC (N'UPDATE [tracking].[Parcels] SET [PickedUpId] = [Latest] WHERE [PickedUp] IS NOT NULL OR [PickedUpBy] IS NOT NULL');

-- The same where a column of the group was added with it.
EXEC (N'UPDATE [tracking].[Parcels] SET [PickedUpId] = [Latest] WHERE [PickedUp] IS NOT NULL');

-- These are for people, who know who uses the table meanwhile.
ALTER TABLE [tracking].[Parcels] ALTER COLUMN [PickedUpBy] NVARCHAR(14) NULL;
CREATE UNIQUE INDEX [ScanpipeKey] ON [tracking].[Parcels] ([Id], [Depot]);
ALTER TABLE [tracking].[Parcels] ALTER COLUMN [a "b" [c]] %s] integer NULL;

-- Putting it aside; in one transaction with making it afresh, so that it is never away.  Keys and defaults have names
-- that the server gave them, so that those of the new table do not meet them.
EXEC sp_rename N'[tracking].[Parcels]', N'Parcels_before_20260102T030405Z', N'OBJECT';
