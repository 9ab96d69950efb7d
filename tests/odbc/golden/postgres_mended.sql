-- SPDX-License-Identifier: Apache-2.0
-- What makes a table fit that is there.  The first two run in the transaction that adds the column, which nobody
-- else sees before it ends.

-- An order that was just added, where the row has anything of the group.
UPDATE "tracking"."Parcels" SET "PickedUpId" = "Latest" WHERE "PickedUp" IS NOT NULL OR "PickedUpBy" IS NOT NULL;

-- The same where a column of the group was added with it.
UPDATE "tracking"."Parcels" SET "PickedUpId" = "Latest" WHERE "PickedUp" IS NOT NULL;

-- These are for people, who know who uses the table meanwhile.
ALTER TABLE "tracking"."Parcels" ALTER COLUMN "PickedUpBy" TYPE varchar(7);
CREATE UNIQUE INDEX ON "tracking"."Parcels" ("Id", "Depot");
ALTER TABLE "tracking"."Parcels" ALTER COLUMN "a ""b"" [c] %s" DROP NOT NULL;

-- Putting it aside; in one transaction with making it afresh, so that it is never away.
ALTER TABLE "tracking"."Parcels" RENAME TO "Parcels_before_20260102T030405Z";
