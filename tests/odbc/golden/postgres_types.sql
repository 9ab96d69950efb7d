-- SPDX-License-Identifier: Apache-2.0

-- The key makes ON CONFLICT possible. Columns of a group may be NULL: a row is there once any event of its key came.
CREATE TABLE "tracking"."Everything" ("Code" varchar(20) COLLATE "C" NOT NULL, "Day" timestamp with time zone NOT NULL, "Amount" numeric(12,3), "Cheapest" numeric(12,3), "Flag" boolean, "Note" text, "Whole" json, "Order_4edec46a" bigint, PRIMARY KEY ("Code", "Day"));

-- A column that came later; reading the source again fills it.
ALTER TABLE "tracking"."Everything" ADD COLUMN "Order_4edec46a" bigint;

-- Safe with many writers, at READ COMMITTED: ON CONFLICT locks the row that is there, waits for whoever has it, and
-- then compares with what that one left, not with what was there when the statement began: no update is lost, and
-- no key collides. Rows come in the order of the batch, which is sorted by key: two writers lock in one order.
-- Each group decides by its own order; WHERE keeps repeats from writing anything.
INSERT INTO "tracking"."Everything" AS t ("Code", "Day", "Amount", "Cheapest", "Flag", "Note", "Whole", "Order_4edec46a")
    SELECT s.c0, s.c1, s.c2, s.c3, s.c4, s.c5, s.c6::json, s.c7
    FROM ROWS FROM (json_to_recordset(CAST(? AS json)) AS (c0 text, c1 timestamp with time zone, c2 numeric, c3 numeric, c4 boolean, c5 text, c6 text, c7 bigint))
    WITH ORDINALITY AS s (c0, c1, c2, c3, c4, c5, c6, c7, n)
    ORDER BY s.n
    ON CONFLICT ("Code", "Day") DO UPDATE SET "Amount" = CASE
        WHEN excluded."Amount" > t."Amount" OR (t."Amount" IS NULL AND excluded."Amount" IS NOT NULL)
        THEN excluded."Amount" ELSE t."Amount" END,
    "Cheapest" = CASE
        WHEN excluded."Cheapest" < t."Cheapest" OR (t."Cheapest" IS NULL AND excluded."Cheapest" IS NOT NULL)
        THEN excluded."Cheapest" ELSE t."Cheapest" END,
    "Flag" = CASE
        WHEN excluded."Order_4edec46a" >= t."Order_4edec46a" OR (t."Order_4edec46a" IS NULL AND excluded."Order_4edec46a" IS NOT NULL)
        THEN excluded."Flag" ELSE t."Flag" END,
    "Note" = CASE
        WHEN excluded."Order_4edec46a" >= t."Order_4edec46a" OR (t."Order_4edec46a" IS NULL AND excluded."Order_4edec46a" IS NOT NULL)
        THEN excluded."Note" ELSE t."Note" END,
    "Whole" = CASE
        WHEN excluded."Order_4edec46a" >= t."Order_4edec46a" OR (t."Order_4edec46a" IS NULL AND excluded."Order_4edec46a" IS NOT NULL)
        THEN excluded."Whole" ELSE t."Whole" END,
    "Order_4edec46a" = CASE
        WHEN excluded."Order_4edec46a" >= t."Order_4edec46a" OR (t."Order_4edec46a" IS NULL AND excluded."Order_4edec46a" IS NOT NULL)
        THEN excluded."Order_4edec46a" ELSE t."Order_4edec46a" END
    WHERE excluded."Amount" > t."Amount" OR (t."Amount" IS NULL AND excluded."Amount" IS NOT NULL)
        OR excluded."Cheapest" < t."Cheapest" OR (t."Cheapest" IS NULL AND excluded."Cheapest" IS NOT NULL)
        OR excluded."Order_4edec46a" > t."Order_4edec46a" OR (t."Order_4edec46a" IS NULL AND excluded."Order_4edec46a" IS NOT NULL) OR (excluded."Order_4edec46a" = t."Order_4edec46a" AND (excluded."Flag" IS DISTINCT FROM t."Flag"
        OR excluded."Note" IS DISTINCT FROM t."Note"
        OR excluded."Whole"::text IS DISTINCT FROM t."Whole"::text));

-- One snapshot; rows that are not there do not come. Text, so that no driver changes a value.
SELECT s.n, t."Code"::text, to_char(t."Day" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), t."Amount"::text, t."Cheapest"::text, t."Flag"::text, t."Note"::text, t."Whole"::text, t."Order_4edec46a"::text
    FROM json_to_recordset(CAST(? AS json)) AS s (n bigint, c0 text, c1 timestamp with time zone)
    JOIN "tracking"."Everything" AS t ON t."Code" = s.c0 AND t."Day" = s.c1;
