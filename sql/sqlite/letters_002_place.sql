-- SPDX-License-Identifier: Apache-2.0
--
-- For the dead letters: the file that has the event's bytes, where Event is only their head.

ALTER TABLE FailedEvents ADD COLUMN Place TEXT;
