-- What a request did beyond its operation: the items that a pre-check accepts.
ALTER TABLE trail ADD COLUMN detail TEXT;
