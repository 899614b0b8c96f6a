-- A suspension that was ordered from above is lifted from above alone.
ALTER TABLE databases
    ADD COLUMN suspended_from_above boolean NOT NULL DEFAULT false,
    -- What a suspension or resumption that is at work goes back to when it is taken
    -- back, and what a suspension that was taken back wished: trying it again does.
    ADD COLUMN suspension_before jsonb,
    ADD COLUMN suspension_tried  jsonb,
    -- The state to which a deletion that is taken back returns: what was really done.
    ADD COLUMN reopens_as text CHECK (reopens_as IN ('ACTIVE', 'DEGRADED', 'SUSPENDED')),
    -- The networks that a change wishes, until it has succeeded.
    ADD COLUMN access_tried text[];
-- Who ordered those is not known any more: nobody may lift what the provider ordered.
UPDATE databases SET suspended_from_above = true WHERE suspended;
ALTER TABLE databases ADD CONSTRAINT databases_held CHECK (suspended OR NOT suspended_from_above);
-- What a change of a user that failed wished.
ALTER TABLE database_users ADD COLUMN tried jsonb;
